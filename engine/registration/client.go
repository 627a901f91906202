package registration

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/sip"
)

const (
	politeness    = time.Second     // for the farewell to a registrar that does not answer
	watchStream   = 5 * time.Second // how often a connection is looked at by which calls would come
	maxTries      = 4               // challenges in a row, and a 423
	maxRetryAfter = time.Hour       // longer waits are not taken on a registrar's word
	maxMinExpires = 24 * time.Hour  // a 423 that wants more is a refusal

	never time.Duration = -1 // until then no REGISTER is sent
)

// client is one registration. Its goroutine is run's; what listings show is guarded by Registrations.mu.
type client struct {
	registrations *Registrations
	conf          *config.Registration
	auths         []config.Auth
	line          string
	orders        chan bool       // 1: register or unregister now
	after         <-chan struct{} // the client before this one has said farewell; nil: there was none
	stop          context.CancelFunc
	ended         chan struct{}

	callID  string
	seq     uint32
	hop     sip.Hop // of the last REGISTER
	retries int

	status  Status
	expires time.Time
	next    time.Time
	last    string
}

// run registers until ctx ends, and unregisters then.
func (c *client) run(ctx context.Context) {
	defer close(c.ended)
	first := time.Duration(0)
	if c.after != nil {
		<-c.after
	} else if most := c.conf.MaxRandomInitialDelay; most > 0 {
		first = rand.N(most) // hundreds of registrations shall not begin at once
	}
	c.plan(first)
	timer, watch := time.NewTimer(first), time.NewTicker(watchStream)
	defer timer.Stop()
	defer watch.Stop()
	for {
		register := true
		select {
		case <-ctx.Done():
			c.farewell(context.WithoutCancel(ctx))
			return
		case register = <-c.orders:
			c.retries = 0
		case <-timer.C:
		case <-watch.C:
			if c.status != Registered || c.reachable() {
				continue
			}
			c.registrations.cfg.Log.Info().Str("registration", c.conf.Name).Msg("the registrar's connection is gone: registering anew")
		}
		wait := never
		if register {
			wait = c.register(ctx)
		} else {
			c.unregister(ctx)
		}
		timer.Stop()
		c.plan(wait)
		if wait != never {
			timer.Reset(wait)
		}
	}
}

// plan notes for listings when the next REGISTER goes out.
func (c *client) plan(wait time.Duration) {
	c.registrations.mu.Lock()
	defer c.registrations.mu.Unlock()
	c.next = time.Time{}
	if wait != never {
		c.next = time.Now().Add(wait)
	}
}

// reachable: the connection by which the registrar would bring us calls is open.
func (c *client) reachable() bool {
	return c.hop.Transport == nil || c.hop.Transport.Protocol() == "udp" || c.hop.Transport.Connected(c.hop.Addr)
}

// register registers, and says when to do so again.
func (c *client) register(ctx context.Context) time.Duration {
	res, contact, err := c.send(ctx, c.conf.Expiration)
	if ctx.Err() != nil {
		return never
	}
	status := sip.StatusRequestTimeout
	if err == nil {
		status = res.StatusCode
	}
	if err == nil && status < 300 {
		if granted := c.granted(res, contact); granted > 0 {
			c.retries = 0
			c.become(Registered, time.Now().Add(granted), res, err)
			return refresh(granted)
		}
		status = sip.StatusServerError // it says yes and means no
	}
	wait := c.again(status, res)
	c.become(Rejected, time.Time{}, res, err)
	if wait == never {
		c.registrations.cfg.Log.Error().Str("registration", c.conf.Name).Str("server", c.conf.ServerURI).Str("last", c.last).
			Msg("registration given up; 'pjsip send register' begins anew")
	}
	return wait
}

// refresh is when a registration that was granted is renewed: a tenth before its end, but five seconds at least of one that lasts longer.
func refresh(granted time.Duration) time.Duration {
	return max(time.Second, granted-min(max(granted/10, 5*time.Second), granted/2))
}

// again is when to try once more after a refusal, by the rules of Asterisk's options.
func (c *client) again(status int, res *sip.Response) time.Duration {
	wait := c.conf.FatalRetryInterval
	switch {
	case passes(status, c.conf.AuthRejectionPermanent):
		if after := retryAfter(res); after > 0 {
			return after
		}
		wait = cmp.Or(c.conf.RetryInterval, wait)
	case status == sip.StatusForbidden:
		wait = cmp.Or(c.conf.ForbiddenRetryInterval, wait)
	}
	if wait == 0 || c.conf.MaxRetries > 0 && c.retries >= c.conf.MaxRetries {
		return never
	}
	c.retries++
	return wait
}

// passes: what was wrong may be right after a while.
func passes(status int, authPermanent bool) bool {
	switch status {
	case sip.StatusRequestTimeout, sip.StatusServerError, 502, sip.StatusServiceUnavailable, 504:
		return true
	case sip.StatusUnauthorized, sip.StatusProxyAuthRequired:
		return !authPermanent
	}
	return status >= 600
}

func retryAfter(res *sip.Response) time.Duration {
	if res == nil {
		return 0
	}
	value := strings.TrimSpace(sip.HeaderValue(res, "Retry-After"))
	digits := strings.IndexFunc(value+" ", func(r rune) bool { return r < '0' || r > '9' })
	n, err := strconv.ParseUint(value[:digits], 10, 32)
	if err != nil {
		return 0
	}
	return min(time.Duration(n)*time.Second, maxRetryAfter)
}

// unregister takes our Contact away, on somebody's order.
func (c *client) unregister(ctx context.Context) {
	res, _, err := c.send(ctx, 0)
	c.become(Unregistered, time.Time{}, res, err)
}

// farewell takes our Contact away because we end.
func (c *client) farewell(ctx context.Context) {
	if c.expires.Before(time.Now()) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, politeness)
	defer cancel()
	res, _, err := c.send(ctx, 0)
	c.become(Stopped, time.Time{}, res, err)
}

// become notes how the registration stands, and tells of a change.
func (c *client) become(status Status, expires time.Time, res *sip.Response, err error) {
	last, cause := "no answer", 0
	if res != nil {
		cause = res.StatusCode
		last = clean(fmt.Sprintf("%d %s", res.StatusCode, res.Reason))
	} else if err != nil {
		last = err.Error()
	}
	r := c.registrations
	r.mu.Lock()
	was := c.status
	c.status, c.expires, c.last = status, expires, last
	r.mu.Unlock()
	if was == status {
		return
	}
	r.cfg.Log.Info().Str("registration", c.conf.Name).Str("server", c.conf.ServerURI).Str("client", c.conf.ClientURI).Str("last", last).
		Msg("registration is now " + string(status))
	r.cfg.Events.Publish(event.RegistrationChanged{At: time.Now(), Name: c.conf.Name, Server: c.conf.ServerURI, Client: c.conf.ClientURI,
		Status: string(status), Cause: cause})
}

// clean takes control bytes out of a foreign text.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, s)
}

// send sends a REGISTER, answers its challenges, and takes the shortest time a 423 allows. It gives the last response and our Contact.
func (c *client) send(ctx context.Context, expires time.Duration) (*sip.Response, *sip.URI, error) {
	hop, routes, err := c.route(ctx)
	if err != nil {
		return nil, nil, err
	}
	c.hop = hop
	req, contact, err := c.request(hop, routes)
	if err != nil {
		return nil, nil, err
	}
	credentials := c.credentials()
	for try := 1; ; try++ {
		c.seq++
		sip.SetHeader(req, "CSeq", strconv.FormatUint(uint64(c.seq), 10)+" REGISTER")
		sip.SetHeader(req, "Expires", strconv.Itoa(int(expires/time.Second)))
		res, err := c.registrations.ask(ctx, hop, req.Clone())
		if err != nil || try == maxTries {
			return res, contact, err
		}
		switch res.StatusCode {
		case sip.StatusUnauthorized, sip.StatusProxyAuthRequired:
			if sip.Authorize(req, res, credentials) != nil {
				return res, contact, nil // the challenge is the answer
			}
		case sip.StatusIntervalTooBrief:
			n, err := strconv.ParseUint(strings.TrimSpace(sip.HeaderValue(res, "Min-Expires")), 10, 32)
			least := time.Duration(n) * time.Second
			if err != nil || expires == 0 || least <= expires || least > maxMinExpires {
				return res, contact, nil
			}
			expires = least
		default:
			return res, contact, nil
		}
	}
}

// credentials answer whoever is at the server_uri that the administrator wrote down: a realm that is left open means any.
func (c *client) credentials() []sip.Credentials {
	var list []sip.Credentials
	for _, a := range c.auths {
		list = append(list, sip.Credentials{Username: a.Username, Realm: cmp.Or(a.Realm, "*"), Password: a.Password,
			HA1MD5: a.PasswordDigest["MD5"], HA1SHA256: a.PasswordDigest["SHA-256"]})
	}
	return list
}

// route says where the REGISTER goes: to outbound_proxy, or to server_uri.
func (c *client) route(ctx context.Context) (hop sip.Hop, routes []string, err error) {
	target, err := sip.ParseURI(c.conf.ServerURI)
	if err != nil {
		return sip.Hop{}, nil, err
	}
	if c.conf.OutboundProxy != "" {
		routes = []string{"<" + strings.Trim(c.conf.OutboundProxy, "<>") + ">"}
		proxy, err := sip.ParseAddressURI(routes[0])
		if err != nil {
			return sip.Hop{}, nil, err
		}
		target = &proxy
	}
	var by *sip.Transport
	for _, t := range c.registrations.cfg.Stack.Transports() {
		if t.Name() == c.conf.Transport {
			by = t
		}
	}
	hop, err = c.registrations.cfg.Stack.Resolve(ctx, target, by)
	if err == nil && hop.Transport == nil {
		err = sip.ErrTransport
	}
	return hop, routes, err
}

// request is a REGISTER without CSeq and Expires (RFC 3261 §10.2).
func (c *client) request(hop sip.Hop, routes []string) (*sip.Request, *sip.URI, error) {
	server, err := sip.ParseURI(c.conf.ServerURI)
	if err != nil {
		return nil, nil, err
	}
	self, err := sip.ParseURI(c.conf.ClientURI)
	if err != nil {
		return nil, nil, err
	}
	contact := hop.Transport.Contact(c.conf.ContactUser, hop.Addr.Addr())
	if c.line != "" {
		sip.SetURIParam(contact, "line", c.line)
	}
	req := sip.NewRequest(sip.REGISTER, *server)
	for _, v := range routes {
		req.AppendHeader(sip.NewHeader("Route", v))
	}
	req.AppendHeader(sip.NewHeader("From", "<"+self.String()+">;tag="+sip.NewTag()))
	req.AppendHeader(sip.NewHeader("To", "<"+self.String()+">"))
	req.AppendHeader(sip.NewHeader("Call-ID", c.callID))
	req.AppendHeader(sip.NewHeader("Contact", "<"+contact.String()+">"))
	req.AppendHeader(sip.NewHeader("Allow", sip.Allow))
	if c.conf.SupportPath {
		req.AppendHeader(sip.NewHeader("Supported", "path"))
	}
	return req, contact, nil
}

// granted is how long the registrar lets us be: by the Contact that is ours, else the Expires header field, else as we asked.
func (c *client) granted(res *sip.Response, ours *sip.URI) time.Duration {
	text := sip.HeaderValue(res, "Expires")
	if contacts, err := sip.ParseAddressList(res, "Contact"); err == nil {
		for _, a := range contacts {
			if v, ok := sip.Param(a.Params, "expires"); ok && (len(contacts) == 1 || sip.EqualURI(&a.URI, ours)) {
				text = v
			}
		}
	}
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31)
	if err != nil {
		return c.conf.Expiration
	}
	return time.Duration(n) * time.Second
}
