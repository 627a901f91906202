package pjsip

import (
	"errors"
	"strconv"
	"strings"

	"asterism/codecs"
	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/dialplan"
	"asterism/engine/media"
	"asterism/engine/sdp"
	"asterism/engine/sip"
	"asterism/engine/sip/dialog"
)

// invited makes a channel of an INVITE from an endpoint that may call, and hands it to the engine.
func (t *Tech) invited(tx *sip.ServerTx, e *config.Endpoint, gen *Generation) {
	if t.stopping.Load() || t.Full() {
		refuse(tx, sip.StatusServiceUnavailable, sip.NewHeader("Retry-After", retryAfter))
		return
	}
	req := tx.Request
	if req.Contact() == nil { // the stack checks what every request must have; a Contact only INVITE must (RFC 3261 §8.1.1.8)
		_ = tx.Respond(sip.NewResponse(req, sip.StatusBadRequest, "Missing Contact header", nil))
		return
	}
	exten := dialled(req)
	call := t.Core.NewCallID()
	log := t.Log.With().Str("call", call).Logger()
	status, headers := checkInvite(req, e, gen, exten)
	if status != 0 {
		log.Info().Str("endpoint", e.Name).Str("peer", tx.Source.String()).Str("exten", exten).Int("status", status).Msg("call refused")
		refuse(tx, status, headers...)
		return
	}
	tx.Trying()
	l := &leg{tech: t, endpoint: e, invite: req, remote: tx.Source, log: log, secure: secure(tx.Transport),
		localAddr: tx.Transport.Advertised(tx.Source.Addr()).String()}
	if status := t.openIncoming(l, tx, gen); status != 0 {
		refuse(tx, status, sip.NewHeader("Retry-After", retryAfter))
		return
	}
	id := callerID(req, e)
	l.ch = t.Core.New(channel.Config{
		Tech: t.Name(), Endpoint: e.Name, Leg: l, State: channel.Ring, CallerID: id, DNID: exten, AccountCode: e.AccountCode, Language: e.Language,
		ToneZone: e.ToneZone, Place: dialplan.Place{Context: e.Context, Exten: exten, Priority: 1}, Variables: variables(e), Attachment: gen.Attached, CallID: call,
	})
	l.log = *l.ch.Log()
	l.log.Info().Str("endpoint", e.Name).Str("peer", tx.Source.String()).Str("caller", id.Number).Str("exten", exten).Str("context", e.Context).
		Str("sip_call_id", req.CallID().Value()).Msg("call")
	l.dialog.Store(t.Dialogs.Accept(tx, l, dialog.Options{
		Contact: t.contact(exten, tx.Transport, tx.Source), Rewrite: e.RewriteContact, Reliable: reliable(req, e),
		Credentials: credentials(gen.PJSIP, e), Log: l.log,
	}))
	t.Core.Start(l.ch)
}

// checkInvite refuses what can be refused without a channel; 0 lets it pass.
func checkInvite(req *sip.Request, e *config.Endpoint, gen *Generation, exten string) (int, []sip.Header) {
	if tags := unsupported(req, e); len(tags) > 0 {
		return sip.StatusBadExtension, []sip.Header{sip.NewHeader("Unsupported", strings.Join(tags, ", "))}
	}
	if e.Rel100 == "required" && !reliable(req, e) {
		return sip.StatusExtensionRequired, []sip.Header{sip.NewHeader("Require", "100rel")}
	}
	if min := sessionTooShort(req, e); min > 0 {
		return sip.StatusSessionIntervalTooSmall, []sip.Header{sip.NewHeader("Min-SE", strconv.Itoa(min))}
	}
	if mf := req.MaxForwards(); mf != nil && mf.Val() == 0 {
		return sip.StatusTooManyHops, nil
	}
	if status := findStatus(gen, e, exten, callerID(req, e).Number); status != 0 {
		return status, nil
	}
	if len(req.Body()) > 0 && contentType(req) != "application/sdp" {
		return sip.StatusUnsupportedMediaType, []sip.Header{sip.NewHeader("Accept", "application/sdp")}
	}
	return 0, nil
}

// sessionTooShort is the shortest session interval we take, in seconds, if the request asks for a shorter one; else 0 (RFC 4028 §9).
func sessionTooShort(req *sip.Request, e *config.Endpoint) int {
	h := req.GetHeader("Session-Expires")
	if h == nil {
		h = req.GetHeader("x") // its compact form
	}
	if h == nil || e.Timers == "no" {
		return 0
	}
	interval, _, _ := strings.Cut(h.Value(), ";")
	least := int(e.TimersMinSE.Seconds())
	if n, err := strconv.Atoi(strings.TrimSpace(interval)); err != nil || n >= least {
		return 0
	}
	return least
}

// openIncoming reads the offer and opens the port; 0, or the status that refuses the call.
func (t *Tech) openIncoming(l *leg, tx *sip.ServerTx, gen *Generation) int {
	if body := tx.Request.Body(); len(body) > 0 {
		offer, err := sdp.Parse(body)
		if err != nil {
			l.log.Info().Err(err).Str("endpoint", l.endpoint.Name).Msg("bad SDP")
			return sip.StatusBadRequest
		}
		if _, _, err := sdp.Answer(offer, sdp.Local{Addr: tx.Source, Codecs: codecsOf(l.endpoint)}); err != nil {
			l.log.Info().Err(err).Str("endpoint", l.endpoint.Name).Strs("allow", l.endpoint.Codecs).Msg("no common codec")
			return sip.StatusNotAcceptableHere
		}
		l.offer, l.offered, l.said = offer, audioFormats(offer), parametersOf(offer)
		l.shown = videoOffered(offer, l.endpoint)
	}
	err := t.newPort(l, gen, tx.Transport, tx.Source.Addr())
	switch {
	case errors.Is(err, media.ErrNoPorts):
		l.log.Error().Err(err).Msg("all RTP ports are in use: widen rtpstart..rtpend in rtp.conf")
		return sip.StatusServiceUnavailable
	case err != nil:
		l.log.Error().Err(err).Msg("no RTP port")
		return sip.StatusServerError
	}
	return 0
}

// dialled is the number an INVITE is for: the user part of the Request-URI, "s" when there is none.
func dialled(req *sip.Request) string {
	exten := numberOf(&req.Recipient)
	if exten == "" {
		return "s"
	}
	return exten
}

// numberOf is the user part of a SIP URI, or the number of a tel URI without its visual separators (RFC 3966).
func numberOf(uri *sip.URI) string {
	if uri.Scheme != "tel" {
		return sip.UserPart(uri)
	}
	number, _, _ := strings.Cut(strings.TrimPrefix(uri.String(), "tel:"), ";")
	return strings.NewReplacer("-", "", ".", "", "(", "", ")", "").Replace(number)
}

// callerNumber is the user part of From.
func callerNumber(req *sip.Request) string { return sip.UserPart(&req.From().Address) }

// callerID is who calls: the account's own callerid= when it has one, and nothing else that it says; the asserted identity of a trusted trunk;
// else From. With it goes who sent the call on to us.
func callerID(req *sip.Request, e *config.Endpoint) channel.CallerID {
	if e.CallerID.Number != "" || e.CallerID.Name != "" {
		id := channel.CallerID{Name: e.CallerID.Name, Number: e.CallerID.Number}
		if strings.HasPrefix(e.CallerIDPrivacy, "prohib") {
			id.Presentation = "prohib"
		}
		return id
	}
	id := channel.CallerID{Name: sip.DisplayName(req.From()), Number: callerNumber(req)}
	if e.TrustIDInbound {
		if said, ok := asserted(req); ok {
			id = said
		}
	}
	id.Number = printable(id.Number)
	if id.RDNIS, id.Reason = diverted(req); id.RDNIS == "" {
		id.Reason = ""
	}
	if sip.HasToken(req, "Privacy", "id") || id.Number == "anonymous" {
		id.Presentation = "prohib"
	}
	return id
}

// printable takes control bytes out of what a phone wrote (display text is cleaned once, on entry).
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
}

func variables(e *config.Endpoint) map[string]string {
	out := make(map[string]string, len(e.SetVar))
	for _, v := range e.SetVar {
		out[v.Name] = v.Value
	}
	return out
}

// audioFormats are the voice formats of the first audio stream.
func audioFormats(d *sdp.Description) []codecs.Format {
	var out []codecs.Format
	for _, m := range d.Media {
		if m.Type == "audio" {
			for _, f := range m.Formats {
				out = append(out, f.Codec)
			}
			break
		}
	}
	return out
}
