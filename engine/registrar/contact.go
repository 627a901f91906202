package registrar

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/sip"
)

// Limits of what one REGISTER may bring. PJSIP, which phones know, takes URIs of up to 255 bytes.
const (
	maxOffers    = 32
	maxURI       = 512
	maxPath      = 10
	maxPathBytes = 2048
	maxUserAgent = 255
	maxCallID    = 255
)

// contactsLocked are copies, sorted.
func (a *aor) contactsLocked(now time.Time) []Contact {
	list := make([]Contact, 0, len(a.bindings))
	for _, b := range a.bindings {
		if b.Static || b.Expires.After(now) {
			c := b.Contact
			c.Path = slices.Clone(c.Path)
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(x, y Contact) int {
		return cmp.Or(x.Status.rank()-y.Status.rank(), order(x.Static)-order(y.Static), y.Registered.Compare(x.Registered))
	})
	return list
}

func (s Status) rank() int {
	switch s {
	case Reachable:
		return 0
	case Unreachable:
		return 2
	}
	return 1
}

func order(last bool) int {
	if last {
		return 1
	}
	return 0
}

func (b *binding) event() event.Contact {
	return event.Contact{AOR: b.AOR, Endpoint: b.Endpoint, URI: b.URI, Received: b.Received, Transport: b.Transport,
		UserAgent: b.UserAgent, CallID: b.CallID, Expires: b.Expires, Static: b.Static, Status: b.Status.String(), RTT: b.RTT}
}

// offer is one Contact of a REGISTER, ready to be bound.
type offer struct {
	uri      *sip.URI // rewritten if the endpoint wants that
	original string
	text     string        // uri's
	expires  time.Duration // 0: to be removed
	prune    bool          // reachable only by the connection it came by
}

// source is where a REGISTER came from.
type source struct {
	addr     netip.AddrPort
	protocol string // "udp", "tcp"
	listener string
}

var errContact = errors.New("bad Contact")

// offers reads the Contact header fields (RFC 3261 §10.3 steps 6 and 7). star means "Contact: *" with an expiry of 0.
// Contacts that are not SIP are skipped, as Asterisk does.
func offers(req *sip.Request, conf *config.AOR, rewrite bool, from source) (list []offer, star bool, err error) {
	contacts, err := sip.ParseAddressList(req, "Contact")
	if err != nil {
		return nil, false, err
	}
	if len(contacts) > maxOffers {
		return nil, false, fmt.Errorf("%w: %d of them; at most %d", errContact, len(contacts), maxOffers)
	}
	header := sip.HeaderValue(req, "Expires")
	for _, c := range contacts {
		param, _ := sip.Param(c.Params, "expires")
		expires := expiry(param, header, conf)
		if c.URI.Wildcard {
			if len(contacts) > 1 || expires != 0 {
				return nil, false, fmt.Errorf("%w: * must be alone and expire at 0", errContact)
			}
			return nil, true, nil
		}
		if !sip.IsSIP(&c.URI) {
			continue
		}
		uri := c.URI.Clone()
		uri.Headers = nil // not allowed in a Contact that is called (RFC 3261 §19.1.1)
		o := offer{uri: uri, original: uri.String(), expires: expires}
		if rewrite {
			rewriteURI(uri, from)
		}
		o.text = uri.String()
		if max(len(o.text), len(o.original)) > maxURI {
			return nil, false, fmt.Errorf("%w: URI of %d bytes; at most %d", errContact, len(o.original), maxURI)
		}
		if !utf8.ValidString(o.text) { // RFC 3261 §25.1 has ASCII only; what is not text at all cannot be stored as text
			return nil, false, fmt.Errorf("%w: URI is not UTF-8", errContact)
		}
		o.prune = from.protocol != "udp" && comesFrom(uri, from.addr)
		list = append(list, o)
	}
	return list, false, nil
}

// rewriteURI puts the place the REGISTER came from in the URI (rewrite_contact).
func rewriteURI(uri *sip.URI, from source) {
	host := from.addr.Addr().Unmap().WithZone("")
	uri.Host = host.String()
	if host.Is6() {
		uri.Host = "[" + uri.Host + "]"
	}
	uri.Port = int(from.addr.Port())
	var params sip.Params
	for _, p := range uri.UriParams {
		if !strings.EqualFold(p.K, "transport") {
			params = append(params, p)
		}
	}
	if from.protocol != "udp" {
		params.Add("transport", from.protocol)
	}
	uri.UriParams = params
}

func comesFrom(uri *sip.URI, addr netip.AddrPort) bool {
	host, ok := sip.HostAddr(uri)
	return ok && host == addr.Addr().Unmap().WithZone("") && uri.Port == int(addr.Port())
}

// expiry is that of the contact's parameter, of the Expires header, or the AOR's default; a value that is no number
// counts as none (RFC 3261 §10.2.1.1 and §20.19). It is kept within the AOR's limits, with no 423, as Asterisk does; 0
// stays 0.
func expiry(param, header string, conf *config.AOR) time.Duration {
	d := conf.DefaultExpiration
	for _, v := range []string{param, header} {
		if n, ok := deltaSeconds(v); ok {
			d = n
			break
		}
	}
	if d == 0 {
		return 0
	}
	return max(min(d, conf.MaximumExpiration), conf.MinimumExpiration, time.Second)
}

func deltaSeconds(v string) (time.Duration, bool) {
	v = strings.TrimSpace(v)
	if v == "" || strings.Trim(v, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseUint(v, 10, 32)
	if err != nil { // more than 2^32-1: as long as can be
		n = 1<<32 - 1
	}
	return time.Duration(n) * time.Second, true
}

// clean is foreign text made fit to be shown and stored.
func clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	for len(s) > limit {
		s = s[:strings.LastIndexFunc(s[:limit+1], func(rune) bool { return true })]
	}
	return s
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
