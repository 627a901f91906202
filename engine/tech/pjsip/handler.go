package pjsip

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/sdp"
	"asterism/engine/sip"
	"asterism/engine/sip/dialog"
)

// The methods below are dialog.Handler: they run on the dialog's goroutine.

// Provisional: the phone we called rings or plays early media.
func (l *leg) Provisional(res *sip.Response) {
	l.trustsAnswer(res)
	early := len(res.Body()) > 0 && l.takeAnswer(res.Body()) == nil
	if res.StatusCode == sip.StatusCallIsBeingForwarded {
		l.report.Tell(channel.LegEvent{Kind: channel.LegForwarded})
	}
	if res.StatusCode == sip.StatusRinging || res.StatusCode == 182 {
		l.report.Tell(channel.LegEvent{Kind: channel.LegRinging})
	}
	if early {
		l.report.Tell(channel.LegEvent{Kind: channel.LegProgress})
	}
}

// Accepted: the phone we called answered. Our INVITE held the offer, so the ACK carries nothing.
func (l *leg) Accepted(res *sip.Response) []byte {
	if l.reinviting() {
		return nil // who made the offer reads the answer
	}
	err := errNoSession
	if len(res.Body()) > 0 {
		err = l.takeAnswer(res.Body())
	}
	l.trustsAnswer(res)
	l.mu.Lock()
	agreed := l.agreed
	l.updates = sip.HasToken(res, "Allow", "UPDATE")
	l.mu.Unlock()
	if !agreed {
		l.log.Warn().Err(err).Msg("answered without a usable session, hanging up")
		l.report.Tell(channel.LegEvent{Kind: channel.LegEnded, Cause: channel.BearerNotAvailable})
		l.ch.Hangup(channel.BearerNotAvailable)
		return nil
	}
	l.report.Tell(channel.LegEvent{Kind: channel.LegAnswered, Detail: detail(res)})
	return nil
}

// takeAnswer puts the peer's answer to our offer in force. The same SDP again (a 200 after a 183) changes nothing.
func (l *leg) takeAnswer(body []byte) error {
	answer, err := sdp.Parse(body)
	if err != nil {
		return err
	}
	defer l.tellHold()
	l.mu.Lock()
	if l.sent == nil {
		l.mu.Unlock()
		return errNoSession
	}
	result, err := sdp.Accept(l.sent, answer)
	if err != nil {
		l.mu.Unlock()
		return err
	}
	l.apply(result)
	l.mu.Unlock()
	if l.caller != nil {
		l.caller.answeredBehind(result)
	}
	return nil
}

// Failed: the phone we called refused, or was not reached.
func (l *leg) Failed(res *sip.Response, err error) {
	ev := channel.LegEvent{Kind: channel.LegEnded, Cause: channel.Congestion}
	switch {
	case res != nil:
		ev.Cause, ev.Detail = causeOf(res), detail(res)
		if res.StatusCode >= 300 && res.StatusCode < 400 {
			ev.Forward = l.forward(res)
		}
	case errors.Is(err, sip.ErrTimeout):
		ev.Cause = channel.NoUserResponse
	}
	e := l.log.Info().Int("cause", int(ev.Cause))
	if res != nil {
		e = e.Int("status", res.StatusCode)
	}
	e.AnErr("reason", err).Msg("not answered")
	l.close()
	l.ch.FarEndGone(ev.Cause)
	l.report.Tell(ev)
}

// detail is a final response as HANGUPCAUSE() tells it.
func detail(res *sip.Response) string {
	return "SIP " + itoa(res.StatusCode) + " " + printable(res.Reason)
}

// forward is where a 3xx points: the user part of its first Contact (redirect_method=user), or the whole URI.
func (l *leg) forward(res *sip.Response) string {
	c := res.Contact()
	if c == nil {
		return ""
	}
	if l.endpoint.RedirectMethod == "user" || l.endpoint.RedirectMethod == "" {
		if user := sip.UserPart(&c.Address); dialable(user) {
			return user
		}
		return ""
	}
	return c.Address.String()
}

// Offer answers a re-INVITE or UPDATE (RFC 3264 §8): hold, resume, another address or codec. An empty one asks for our offer.
func (l *leg) Offer(body []byte) (answered []byte, status int) {
	var offer *sdp.Description
	if len(body) > 0 {
		var err error
		if offer, err = sdp.Parse(body); err != nil {
			l.log.Info().Err(err).Msg("re-INVITE with bad SDP")
			return nil, sip.StatusBadRequest
		}
		if parameters, ok := sdp.FaxOffered(offer); ok {
			return l.faxOffered(offer, parameters)
		}
		if l.lateVideo(offer) {
			return nil, 0
		}
	}
	defer func() {
		if status == sip.StatusOK {
			l.backToVoice()
		}
	}()
	defer l.tellHold()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.offer != nil { // the INVITE's own offer is not answered yet (RFC 3311 §5.2)
		return nil, sip.StatusServerError
	}
	if offer == nil {
		l.sent = sdp.Reoffer(l.described, l.local)
		l.described = l.sent
		l.body = l.sent.Marshal()
		return l.body, sip.StatusOK
	}
	return l.answerOffer(offer)
}

// answerOffer answers an offer within the call and puts it in force. It runs under l.mu.
func (l *leg) answerOffer(offer *sdp.Description) ([]byte, int) {
	answer, result, err := sdp.Answer(offer, l.local)
	if err != nil {
		return nil, sip.StatusNotAcceptableHere
	}
	l.answered(answer)
	l.apply(result)
	return l.body, sip.StatusOK
}

// answered keeps our answer, under a version of its own if it says something new (RFC 3264 §8). It runs under l.mu.
func (l *leg) answered(answer *sdp.Description) {
	if l.described != nil && !sdp.SameBody(l.described, answer) {
		l.local.Version++
		answer.Origin.Version = strconv.FormatUint(l.local.Version, 10)
	}
	l.described, l.body = answer, answer.Marshal()
}

// AckBody takes the SDP of the ACK: the answer to the offer in our 2xx. Without one there is nothing to hear: the call ends.
func (l *leg) AckBody(body []byte) {
	if err := l.takeAnswer(body); err != nil {
		l.log.Warn().Err(err).Msg("ACK without a usable answer to our offer, hanging up")
		l.ch.Hangup(channel.BearerNotAvailable)
	}
}

// Request answers what else comes within the dialog.
func (l *leg) Request(tx *sip.ServerTx) {
	switch method := tx.Request.Method; {
	case method == sip.INFO:
		l.info(tx)
	case method == sip.NOTIFY:
		l.notified(tx)
	case method == sip.OPTIONS:
		refuse(tx, sip.StatusOK, sip.NewHeader("Allow", sip.Allow), sip.NewHeader("Accept", "application/sdp"))
	case method == sip.REFER && !l.endpoint.AllowTransfer:
		refuse(tx, sip.StatusDecline)
	case sip.KnownMethod(method):
		refuse(tx, sip.StatusMethodNotAllowed, sip.NewHeader("Allow", sip.Allow))
	default:
		refuse(tx, sip.StatusNotImplemented, sip.NewHeader("Allow", sip.Allow))
	}
}

// info takes DTMF as application/dtmf-relay or application/dtmf; an empty INFO asks whether we live.
func (l *leg) info(tx *sip.ServerTx) {
	req := tx.Request
	if len(req.Body()) == 0 {
		refuse(tx, sip.StatusOK)
		return
	}
	kind := contentType(req)
	if kind != "application/dtmf-relay" && kind != "application/dtmf" {
		refuse(tx, sip.StatusUnsupportedMediaType, sip.NewHeader("Accept", "application/dtmf-relay, application/dtmf"))
		return
	}
	d, dur, ok := infoDigit(kind, string(req.Body()))
	if !ok {
		refuse(tx, sip.StatusBadRequest)
		return
	}
	refuse(tx, sip.StatusOK)
	if d != 'F' { // hook flash: nobody wants it yet
		l.infoDigit(d, dur)
	}
}

// infoDigit reads "Signal=5 CRLF Duration=160" or a bare digit. Signals 10 to 16 are * # A B C D and flash (as Cisco began it).
func infoDigit(kind, body string) (rune, time.Duration, bool) {
	signal, dur := strings.TrimSpace(body), 160*time.Millisecond
	if kind == "application/dtmf-relay" {
		signal = ""
		for line := range strings.SplitSeq(body, "\n") {
			name, value, _ := strings.Cut(line, "=")
			value = strings.TrimSpace(value)
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "signal":
				signal = value
			case "duration":
				if ms, err := strconv.Atoi(value); err == nil && ms >= 40 && ms <= 10000 {
					dur = time.Duration(ms) * time.Millisecond
				}
			}
		}
	}
	if len(signal) == 1 && strings.Contains("0123456789*#ABCD", strings.ToUpper(signal)) {
		return rune(strings.ToUpper(signal)[0]), dur, true
	}
	if n, err := strconv.Atoi(signal); err == nil && n >= 10 && n <= 16 {
		return rune("*#ABCDF"[n-10]), dur, true
	}
	return 0, 0, false
}

// sendInfo sends a digit by INFO (dtmf_mode=info).
func (l *leg) sendInfo(d rune, dur time.Duration) {
	body := "Signal=" + string(d) + "\r\nDuration=" + itoa(int(dur.Milliseconds())) + "\r\n"
	if g := l.dialog.Load(); g != nil {
		g.Request(sip.INFO, "application/dtmf-relay", []byte(body), nil)
	}
}

// Ended: the dialog is over.
func (l *leg) Ended(end dialog.End) {
	l.close()
	var cause channel.Cause // 0: it was our doing, and the channel knows why
	switch {
	case end.Request != nil:
		cause = channel.NormalClearing
		if c, ok := reasonCause(end.Request); ok {
			cause = c
		}
	case errors.Is(end.Err, dialog.ErrNoACK):
		cause = channel.Timeout
	}
	l.ch.FarEndGone(cause)
	l.report.Tell(channel.LegEvent{Kind: channel.LegEnded, Cause: cause})
}

// contentType is the media type without its parameters, in lower case.
func contentType(m sip.Message) string {
	kind, _, _ := strings.Cut(sip.HeaderValue(m, "Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// unsupported are the option tags of Require that we do not know, or not for this endpoint (RFC 3261 §8.2.2.3).
func unsupported(req *sip.Request, e *config.Endpoint) []string {
	return slices.DeleteFunc(sip.Tokens(req, "Require"), func(tag string) bool {
		return strings.EqualFold(tag, "norefersub") || strings.EqualFold(tag, "100rel") && e.Rel100 != "no"
	})
}

// reliable says whether the provisional responses to an INVITE go out reliably (RFC 3262): with 100rel=yes if the caller insists, with
// peer_supported and required if he can.
func reliable(req *sip.Request, e *config.Endpoint) bool {
	insists, can := sip.HasToken(req, "Require", "100rel"), sip.HasToken(req, "Supported", "100rel")
	switch e.Rel100 {
	case "no":
		return false
	case "yes":
		return insists
	}
	return insists || can
}

// reliability is what our own INVITE says of it.
func reliability(e *config.Endpoint) []sip.Header {
	switch e.Rel100 {
	case "no":
		return nil
	case "required":
		return []sip.Header{sip.NewHeader("Require", "100rel")}
	}
	return []sip.Header{sip.NewHeader("Supported", "100rel")}
}
