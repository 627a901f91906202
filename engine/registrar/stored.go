package registrar

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"asterism/engine/config"
	"asterism/engine/sip"
	"asterism/engine/store"
)

// family is Asterisk's; a key in it is AOR;@MD5(URI), so that its tools find what they know.
const family = "registrar/contact"

const storeTimeout = 2 * time.Second

// record is a contact in the store: the JSON object that Asterisk's astdb keeps, all strings. Names with @ are ours;
// Asterisk takes such for extensions and leaves them alone.
type record struct {
	URI           string `json:"uri"`
	Path          string `json:"path"`
	Expires       string `json:"expiration_time"` // Unix seconds
	Frequency     string `json:"qualify_frequency"`
	Timeout       string `json:"qualify_timeout"` // seconds
	Only2xx       string `json:"qualify_2xx_only"`
	Authenticate  string `json:"authenticate_qualify"`
	OutboundProxy string `json:"outbound_proxy"`
	UserAgent     string `json:"user_agent"`
	Endpoint      string `json:"endpoint"`
	Server        string `json:"reg_server"`
	ViaHost       string `json:"via_addr"`
	ViaPort       string `json:"via_port"`
	CallID        string `json:"call_id"`
	PruneOnBoot   string `json:"prune_on_boot"`

	Original   string `json:"@original,omitempty"`
	Received   string `json:"@received,omitempty"` // address:port
	Transport  string `json:"@transport,omitempty"`
	Listener   string `json:"@listener,omitempty"`
	CSeq       string `json:"@cseq,omitempty"`
	Registered string `json:"@registered,omitempty"` // Unix seconds
}

func keyOf(c *Contact) string {
	sum := md5.Sum([]byte(c.URI)) // Asterisk's choice; it protects nothing
	return store.Key(family, c.AOR+";@"+hex.EncodeToString(sum[:]))
}

// aorOf is the AOR in a key of the family.
func aorOf(key string) (string, bool) {
	rest, ok := strings.CutPrefix(key, store.Key(family, ""))
	i := strings.LastIndex(rest, ";@")
	if !ok || i <= 0 {
		return "", false
	}
	return rest[:i], true
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func encode(c *Contact, conf *config.AOR) ([]byte, error) {
	rec := record{
		URI: c.URI, Path: strings.Join(c.Path, ","), Expires: fmt.Sprint(c.Expires.Unix()),
		Frequency: fmt.Sprint(int(conf.QualifyFrequency / time.Second)),
		Timeout:   strconv.FormatFloat(conf.QualifyTimeout.Seconds(), 'f', 6, 64),
		Only2xx:   yesNo(conf.Qualify2xxOnly), Authenticate: yesNo(conf.AuthenticateQualify), OutboundProxy: conf.OutboundProxy,
		UserAgent: c.UserAgent, Endpoint: c.Endpoint, ViaHost: c.ViaHost, ViaPort: fmt.Sprint(c.ViaPort), CallID: c.CallID,
		PruneOnBoot: yesNo(c.Pruned), Original: c.Original, Transport: c.Transport, Listener: c.Listener,
		CSeq: fmt.Sprint(c.CSeq), Registered: fmt.Sprint(c.Registered.Unix()),
	}
	if c.Received.IsValid() {
		rec.Received = c.Received.String()
	}
	return json.Marshal(rec)
}

// decode reads a stored contact, ours or Asterisk's. What is not as it should be is an error, never a half-read contact.
func decode(aor string, value []byte) (*binding, error) {
	var rec record
	if err := json.Unmarshal(value, &rec); err != nil {
		return nil, err
	}
	uri, err := sip.ParseURI(rec.URI)
	if err != nil {
		return nil, err
	}
	if !sip.IsSIP(uri) || uri.Wildcard || len(rec.URI) > maxURI {
		return nil, fmt.Errorf("uri %.60q: no SIP URI", rec.URI)
	}
	expires, err := strconv.ParseInt(rec.Expires, 10, 64)
	if err != nil || expires <= 0 || expires > 1<<40 {
		return nil, fmt.Errorf("expiration_time %.30q", rec.Expires)
	}
	b := &binding{uri: uri, index: -1}
	b.Contact = Contact{AOR: aor, Endpoint: rec.Endpoint, URI: rec.URI, Original: rec.URI, Transport: rec.Transport, Listener: rec.Listener,
		ViaHost: rec.ViaHost, UserAgent: clean(rec.UserAgent, maxUserAgent), CallID: rec.CallID, Expires: time.Unix(expires, 0),
		Pruned: rec.PruneOnBoot == "yes"}
	if rec.Original != "" {
		if _, err := sip.ParseURI(rec.Original); err != nil || len(rec.Original) > maxURI {
			return nil, fmt.Errorf("@original %.60q", rec.Original)
		}
		b.Original = rec.Original
	}
	for _, p := range sip.SplitList(rec.Path) {
		if p == "" {
			continue
		}
		a, err := sip.ParseAddress(p)
		if err != nil || len(b.Path) == maxPath || len(rec.Path) > 2*maxPathBytes {
			return nil, fmt.Errorf("path %.60q", p)
		}
		b.Path = append(b.Path, a.String())
	}
	// Of the rest nothing decides where a call goes; what cannot be read is left out.
	b.Received, _ = netip.ParseAddrPort(rec.Received)
	b.ViaPort, _ = strconv.Atoi(rec.ViaPort)
	cseq, _ := strconv.ParseUint(rec.CSeq, 10, 32)
	b.CSeq = uint32(cseq)
	if at, err := strconv.ParseInt(rec.Registered, 10, 64); err == nil && at > 0 && at <= expires {
		b.Registered = time.Unix(at, 0)
	}
	return b, nil
}

// stored logs when the store begins to fail and when it works again, not once a REGISTER.
func (r *Registrar) stored(err error) {
	if err != nil {
		if !r.storeBad.Swap(true) {
			r.cfg.Log.Error().Err(err).Msg("registrar: contacts cannot be stored; those that register now would not survive a restart")
		}
	} else if r.storeBad.Load() && r.storeBad.Swap(false) {
		r.cfg.Log.Info().Msg("registrar: contacts can be stored again")
	}
}

// remember writes a binding to the store. The AOR's turn is held, so that nobody else does.
func (r *Registrar) remember(ctx context.Context, b *binding) {
	r.mu.Lock()
	c, conf := b.Contact, b.aor.conf
	r.mu.Unlock()
	ttl := c.Expires.Sub(r.cfg.Clock.Now())
	if ttl <= 0 {
		return
	}
	value, err := encode(&c, conf)
	if err == nil {
		_, err = r.cfg.Store.Put(ctx, keyOf(&c), value, store.Any, ttl)
	}
	r.stored(err)
}

func (r *Registrar) forget(ctx context.Context, b *binding) {
	err := r.cfg.Store.Delete(ctx, keyOf(&b.Contact), store.Any)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	r.stored(err)
}

// load reads the stored contacts of the AORs that wanted says yes to.
func (r *Registrar) load(wanted func(aor string) bool) []*binding {
	ctx, cancel := context.WithTimeout(context.Background(), 10*storeTimeout)
	defer cancel()
	entries, err := r.cfg.Store.List(ctx, store.Key(family, ""))
	if err != nil {
		r.cfg.Log.Error().Err(err).Msg("registrar: stored contacts cannot be read; phones are unknown until they register")
		return nil
	}
	now := r.cfg.Clock.Now()
	var list []*binding
	for _, entry := range entries {
		name, ok := aorOf(entry.Key)
		if !ok || !wanted(name) {
			continue
		}
		b, err := decode(name, entry.Value)
		switch {
		case err != nil:
			r.cfg.Log.Warn().Err(err).Str("key", entry.Key).Msg("registrar: a stored contact is not readable; it is left out")
		case b.Expires.After(now):
			list = append(list, b)
		}
	}
	return list
}
