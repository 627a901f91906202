// Package pjsip is the technology "PJSIP": it makes channels of INVITEs that come in and of contacts that are dialled.
//
//	sip.Stack ─request─► OnRequest: dialog? ► identify ► ACL ► authenticate ► REGISTER / SUBSCRIBE / OPTIONS / INVITE
//	                                                                              INVITE ► leg{Dialog, Port} ► channel ► engine runs it
//	Dial ► Request: endpoint ► AORs ► contacts ► one leg a contact ► Call: offer, Dialog
//
// A leg is a channel's SIP side whoever sent the INVITE; direction is a field. Its dialog's goroutine does offer and answer.
package pjsip

import (
	"net/netip"
	"sync"
	"sync/atomic"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/dialplan"
	"asterism/engine/endpoint"
	"asterism/engine/media"
	"asterism/engine/registrar"
	"asterism/engine/sip"
	"asterism/engine/sip/dialog"
	"asterism/engine/subscription"

	"github.com/rs/zerolog"
)

// Generation is the configuration that new calls take.
type Generation struct {
	PJSIP     *config.PJSIP
	Directory *endpoint.Directory
	Index     *dialplan.Index
	Find      func(context, exten, cid string) (dialplan.Entry, bool) // for numbers from the wire
	OpusFmtp  string                                                  // what our SDP says of Opus
	Attached  any                                                     // goes with each channel: the engine's own generation
}

// Config is what the technology is built upon; all are required.
type Config struct {
	Core          *channel.Core
	Stack         *sip.Stack
	Dialogs       *dialog.Layer
	Media         *media.Engine
	Registrar     *registrar.Registrar
	Gate          *endpoint.Gate
	Subscriptions *subscription.Notifier
	Line          func(uri *sip.URI) (endpoint string, ok bool) // whose Contact a Request-URI is, of registrations of ours
	Current       func() *Generation
	Full          func() bool // no more calls are wanted now (asterisk.conf maxcalls)
	Log           zerolog.Logger
}

// Tech is the technology.
type Tech struct {
	Config
	stopping atomic.Bool
	wg       sync.WaitGroup // goroutines of legs that must not block a shard
}

// New makes it; the engine hands the stack's callbacks to OnRequest, OnACK and OnResponse.
func New(cfg Config) *Tech { return &Tech{Config: cfg} }

// Name is "PJSIP".
func (t *Tech) Name() string { return "PJSIP" }

// Stop lets no new call in: INVITEs get 503 with Retry-After.
func (t *Tech) Stop() { t.stopping.Store(true) }

// Wait returns when no goroutine of the technology runs any more.
func (t *Tech) Wait() { t.wg.Wait() }

// OnACK takes the ACK of a 2xx.
func (t *Tech) OnACK(_ *sip.Transport, req *sip.Request) { t.Dialogs.DeliverACK(req) }

// OnResponse takes a 2xx that no transaction waits for.
func (t *Tech) OnResponse(_ *sip.Transport, res *sip.Response) { t.Dialogs.DeliverResponse(res) }

// OnRequest takes every new request, in the order of RFC 3261 §8.2: authentication before the method, the method before the headers.
func (t *Tech) OnRequest(tx *sip.ServerTx) {
	req := tx.Request
	if tag, _ := req.To().Params.Get("tag"); tag != "" {
		if !t.Dialogs.Deliver(tx) && !t.Subscriptions.Deliver(tx, func(e *config.Endpoint) bool { return t.Gate.Authenticate(tx, e) }) {
			refuse(tx, sip.StatusCallDoesNotExist)
		}
		return
	}
	if t.Dialogs.Merged(req) { // the same INVITE by another way (RFC 3261 §8.2.2.2)
		refuse(tx, sip.StatusLoopDetected)
		return
	}
	gen := t.Current()
	if !gen.Directory.Allowed(nil, tx.Source.Addr()) { // type=acl; an endpoint's own lists belong to its identification
		refuse(tx, sip.StatusForbidden)
		return
	}
	e := t.identify(tx, gen)
	if !t.Gate.Authenticate(tx, e) {
		return
	}
	if e == nil {
		refuse(tx, sip.StatusForbidden)
		return
	}
	if scheme := req.Recipient.Scheme; scheme != "" && scheme != "sip" && scheme != "sips" && scheme != "tel" {
		refuse(tx, sip.StatusUnsupportedURIScheme)
		return
	}
	t.serve(tx, e, gen)
}

// identify finds who a request is from, nil for nobody: who calls the Contact of a registration of ours with line=yes is its endpoint.
func (t *Tech) identify(tx *sip.ServerTx, gen *Generation) *config.Endpoint {
	if name, ok := t.Line(&tx.Request.Recipient); ok {
		if e := gen.PJSIP.Endpoints[name]; e != nil && gen.Directory.Allowed(e, tx.Source.Addr()) {
			return e
		}
	}
	e, ok := gen.Directory.Identify(tx.Source, tx.Request)
	if !ok {
		return nil
	}
	return e
}

func (t *Tech) serve(tx *sip.ServerTx, e *config.Endpoint, gen *Generation) {
	switch method := tx.Request.Method; {
	case method == sip.INVITE:
		t.invited(tx, e, gen)
	case method == sip.REGISTER:
		t.Registrar.Register(tx, e)
	case method == sip.SUBSCRIBE:
		t.Subscriptions.Subscribe(tx, e)
	case method == sip.OPTIONS:
		t.options(tx, e, gen)
	case method == sip.CANCEL, method == sip.BYE, method == sip.UPDATE, method == sip.INFO, method == sip.PRACK, method == sip.NOTIFY:
		refuse(tx, sip.StatusCallDoesNotExist) // they live in dialogs and this one has none
	case sip.KnownMethod(method):
		refuse(tx, sip.StatusMethodNotAllowed, sip.NewHeader("Allow", sip.Allow))
	default:
		refuse(tx, sip.StatusNotImplemented, sip.NewHeader("Allow", sip.Allow))
	}
}

// options answers OPTIONS as an INVITE would be answered (RFC 3261 §11.2).
func (t *Tech) options(tx *sip.ServerTx, e *config.Endpoint, gen *Generation) {
	if t.stopping.Load() {
		refuse(tx, sip.StatusServiceUnavailable, sip.NewHeader("Retry-After", retryAfter))
		return
	}
	status := sip.StatusOK
	if user := sip.UserPart(&tx.Request.Recipient); user != "" {
		if status = findStatus(gen, e, user, callerNumber(tx.Request)); status == 0 {
			status = sip.StatusOK
		}
	}
	refuse(tx, status, sip.NewHeader("Allow", sip.Allow), sip.NewHeader("Accept", "application/sdp"), sip.NewHeader("Accept-Language", "en"),
		sip.NewHeader("Supported", "100rel"))
}

// findStatus is 0 when the dialplan has exten, else the final response: 404, or 484 when more digits could make one.
func findStatus(gen *Generation, e *config.Endpoint, exten, cid string) int {
	if !dialable(exten) {
		return sip.StatusNotFound
	}
	if _, ok := gen.Find(e.Context, exten, cid); ok {
		return 0
	}
	if _, ok := gen.Index.Find(e.Context, exten, cid, 1, dialplan.MatchMore); ok && e.AllowOverlap {
		return sip.StatusAddressIncomplete
	}
	return sip.StatusNotFound
}

// dialable refuses what no dialplan can mean: control bytes, blanks, what a Dial string is made of, and endless numbers.
func dialable(exten string) bool {
	for _, r := range exten {
		if r <= ' ' || r == 0x7f || r == '&' || r == ',' || r == '^' || r == '|' {
			return false
		}
	}
	return len(exten) <= 80 // Asterisk's AST_MAX_EXTENSION
}

const retryAfter = "10"

// refuse sends a final response without a body; it serves for plain 200s too.
func refuse(tx *sip.ServerTx, status int, headers ...sip.Header) {
	res := sip.NewResponse(tx.Request, status, "", nil)
	for _, h := range headers {
		res.AppendHeader(h)
	}
	_ = tx.Respond(res) // an error is the transport's; the peer repeats its request
}

// transportOf is the configuration of the listener tx came in on, or of the one a hop uses; nil after it was removed.
func (g *Generation) transportOf(t *sip.Transport) *config.Transport {
	for _, c := range g.PJSIP.Transports {
		if c.Name == t.Name() {
			return c
		}
	}
	return nil
}

// mediaAddress is where a leg's sound is bound and what SDP says, towards remote: media_address, external_media_address for peers outside
// local_net, else our address on the way to remote.
func (g *Generation) mediaAddress(e *config.Endpoint, t *sip.Transport, remote netip.Addr) (bind, advertised netip.Addr) {
	bind = localFor(t, remote)
	advertised = bind
	if c := g.transportOf(t); c != nil && c.ExternalMediaAddress.IsValid() && len(c.LocalNet) > 0 && !local(c.LocalNet, remote) {
		advertised = c.ExternalMediaAddress
	}
	if e.MediaAddress.IsValid() {
		advertised = e.MediaAddress
		if e.BindRTPToMediaAddress {
			bind = e.MediaAddress
		}
	}
	return bind, advertised
}

func local(nets []netip.Prefix, a netip.Addr) bool {
	for _, p := range nets {
		if p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

var _ channel.Tech = (*Tech)(nil)
