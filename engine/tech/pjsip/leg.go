package pjsip

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"asterism/codecs"
	"asterism/engine/bridge"
	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/media"
	"asterism/engine/sdp"
	"asterism/engine/sip"
	"asterism/engine/sip/dialog"

	"github.com/rs/zerolog"
)

// leg is a channel's SIP side: one dialog, one port.
type leg struct {
	tech     *Tech
	endpoint *config.Endpoint
	outgoing bool
	dialog   atomic.Pointer[dialog.Dialog] // nil before a dialled leg was called
	port     *media.Port
	ch       *channel.Channel
	log      zerolog.Logger
	invite   *sip.Request // the peer's, which nobody changes any more
	remote   netip.AddrPort
	call     func() error // outgoing: sends the INVITE
	report   channel.Reporter
	caller   *leg // whose call this one was made for; nil: nobody's, or another technology's

	mu        sync.Mutex // guards below; a leaf
	local     sdp.Local
	offer     *sdp.Description  // the peer's, not answered yet
	sent      *sdp.Description  // ours, not answered yet
	body      []byte            // our last SDP
	described *sdp.Description  // the same, taken apart
	offered   []codecs.Format   // what the peer's INVITE offered, in his order
	said      map[string]string // what he said there of codecs that we pass on, by Asterisk's names
	shown     []sdp.VideoFormat // the video he offered
	seen      *sdp.VideoFormat  // the video agreed on
	video     *media.Port       // nil: none
	offering  bool              // a re-INVITE of ours is open
	other     *leg              // whom a bridge has joined it with
	sight     *media.Link       // of their video
	fax       *fax              // nil: it is a voice that is heard
	agreed    bool              // a stream is in force
	inJoin    bool
	held      bool // by the peer, as the SDP in force says
	over      bool
	headers   []sip.Header                // a script's, for the INVITE that is not sent yet
	referred  bool                        // a REFER of ours was sent
	refers    []func(channel.Transferred) // who waits for the end of one, oldest first
	format    codecs.Format               // of the stream in force
	media     netip.AddrPort

	connected, told channel.CallerID // whom the party talks to, and what it was told of that
	updates         bool             // the phone we called takes UPDATE

	from, to, target, localAddr string // of the INVITE, for CHANNEL(pjsip,…)
	secure                      bool
}

// newPort opens the leg's sound and says what we offer on it.
func (t *Tech) newPort(l *leg, gen *Generation, hop *sip.Transport, remote netip.Addr) error {
	e := l.endpoint
	bind, advertised := gen.mediaAddress(e, hop, remote)
	port, err := t.Media.NewPort(media.PortConfig{
		LocalIP: bind, TOS: e.TOSAudio, COS: e.COSAudio, Symmetric: e.RTPSymmetric,
		Timeout: e.RTPTimeout, HoldTimeout: e.RTPTimeoutHold, Keepalive: e.RTPKeepalive,
		OnPress:   l.press,
		OnDigit:   l.digit,
		SendInfo:  func(d media.Digit) { l.sendInfo(d.Rune, d.Duration) },
		OnTimeout: func() { t.wg.Go(l.silent) },
	})
	if err != nil {
		return err
	}
	l.port = port
	if err := l.openVideo(bind); err != nil {
		return err
	}
	l.local = sdp.Local{RTCPMux: e.RTCPMux,
		Addr: netip.AddrPortFrom(advertised, port.LocalAddr().Port()), Codecs: codecsOf(e), DTMF: e.DTMFMode != "none" && e.DTMFMode != "info" && e.DTMFMode != "inband",
		SessionName: e.SDPSession, Username: e.SDPOwner, Session: uint64(time.Now().Unix()), Version: uint64(time.Now().Unix()), Direction: sdp.SendRecv,
		Framing: e.Framing, OpusFmtp: gen.OpusFmtp, Fmtp: maps.Clone(l.said),
	}
	if l.video != nil {
		l.local.Video = l.ownVideo()
		if l.outgoing {
			l.local.Video.Formats = l.shown
		}
	}
	return nil
}

func codecsOf(e *config.Endpoint) []codecs.Codec {
	out := make([]codecs.Codec, 0, len(e.Codecs))
	for _, name := range e.Codecs {
		if c, ok := codecs.ByName(name); ok {
			out = append(out, c)
		}
	}
	return out
}

// silent: no RTP for rtp_timeout.
func (l *leg) silent() {
	l.log.Warn().Msg("no RTP within rtp_timeout, hanging up")
	l.ch.Hangup(causeNoMedia)
}

// causeNoMedia is what Asterisk gives for a lack of RTP: requested circuit or channel not available.
const causeNoMedia channel.Cause = 44

// ---- channel.Leg ----

// Answer sends the 200 with our SDP.
func (l *leg) Answer(context.Context) error {
	if l.outgoing {
		return nil
	}
	body, offered, err := l.sessionBody()
	if err != nil {
		return err
	}
	if d := l.dialog.Load(); d != nil {
		d.Answer(body, offered, l.showing()...)
	}
	return nil
}

// sessionBody is the SDP of our 183 or 200: the answer to the peer's offer, made once, or our offer when he sent none.
func (l *leg) sessionBody() (body []byte, offered bool, err error) {
	defer l.tellHold()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.body != nil {
		return l.body, l.sent != nil, nil
	}
	if l.offer == nil {
		l.sent = sdp.Offer(l.local)
		l.described = l.sent
		l.body = l.sent.Marshal()
		return l.body, true, nil
	}
	answer, result, err := sdp.Answer(l.offer, l.local)
	if err != nil {
		return nil, false, err
	}
	l.remember(result)
	l.offer, l.described = nil, answer
	l.body = answer.Marshal()
	l.apply(result)
	return l.body, false, nil
}

// apply puts an agreement in force.
func (l *leg) apply(r *sdp.Result) {
	s := media.Stream{
		Remote: r.Remote, RemoteRTCP: r.RemoteRTCP, RTCPMux: r.RTCPMux, Ptime: l.ptime(r), Held: r.Hold,
		Send:    r.Direction == sdp.SendRecv || r.Direction == sdp.SendOnly,
		Receive: r.Direction == sdp.SendRecv || r.Direction == sdp.RecvOnly,
		Codecs:  payloadTypes(r.Codecs), DTMF: payloadTypes(r.DTMF),
		Signalling: l.remote.Addr(),
	}
	s.Digits, s.HearDigits = digitMode(l.endpoint.DTMFMode, len(s.DTMF) > 0)
	l.port.SetStream(s)
	l.agreed, l.media = true, r.Remote
	if len(s.Codecs) > 0 {
		l.format = s.Codecs[0].Format
	}
	l.held = r.Hold
	l.applyVideo(r.Video)
}

// digitMode is how keys are sent to an endpoint with this dtmf_mode, and whether its own are tones in its voice; events says whether
// telephone-events were agreed.
func digitMode(mode string, events bool) (send media.DigitMode, hear bool) {
	switch {
	case mode == "inband", mode == "auto" && !events:
		return media.DigitsInband, true
	case mode == "info", mode == "auto_info" && !events:
		return media.DigitsInfo, false
	}
	return media.DigitsEvents, false
}

// tellHold tells the channel whether the peer holds us: who waits at the other end of a bridge hears music then. Call it without l.mu.
func (l *leg) tellHold() {
	l.mu.Lock()
	held := l.held
	l.mu.Unlock()
	if l.ch.Held() != held {
		l.log.Info().Bool("held", held).Msg("hold changed by the far end")
		l.ch.FarEndHeld(held, l.endpoint.MOHSuggest)
	}
}

// ptime is the length of the packets we make: the peer's wish, unless allow=codec:ms says otherwise and use_ptime does not.
//
// Deviates: Asterisk heeds the peer's wish with use_ptime=yes only; a phone that asks for 40 ms has its reasons.
func (l *leg) ptime(r *sdp.Result) time.Duration {
	ms := r.Ptime
	if len(r.Codecs) > 0 && !l.endpoint.UsePtime {
		if c, ok := codecs.ByFormat(r.Codecs[0].Format); ok {
			ms = cmp.Or(l.endpoint.Framing[c.Name], ms)
		}
	}
	return time.Duration(ms) * time.Millisecond
}

func payloadTypes(in []sdp.PayloadType) []media.PayloadType {
	out := make([]media.PayloadType, len(in))
	for i, p := range in {
		out[i] = media.PayloadType(p)
	}
	return out
}

// Indicate sends 180, 183 with early media, 486 or 503.
func (l *leg) Indicate(ind channel.Indication) error {
	d := l.dialog.Load()
	if l.outgoing || d == nil {
		return nil
	}
	switch ind {
	case channel.IndicateRinging:
		d.Progress(sip.StatusRinging, nil, l.showing()...)
	case channel.IndicateForwarded:
		d.Progress(sip.StatusCallIsBeingForwarded, nil)
	case channel.IndicateProgress:
		body, _, err := l.sessionBody()
		if err != nil {
			return err
		}
		d.Progress(sip.StatusSessionProgress, body, l.showing()...)
	case channel.IndicateBusy:
		l.ch.SetHangupCause(channel.UserBusy)
		d.Hangup(sip.StatusBusyHere, l.q850(channel.UserBusy))
	case channel.IndicateCongestion:
		l.ch.SetHangupCause(channel.Congestion)
		d.Hangup(sip.StatusServiceUnavailable, l.q850(channel.Congestion))
	}
	return nil
}

// Hangup ends the leg: final response, CANCEL or BYE.
func (l *leg) Hangup(cause channel.Cause) {
	l.close()
	d := l.dialog.Load()
	if d == nil { // dialled, never called
		l.report.Tell(channel.LegEvent{Kind: channel.LegEnded, Cause: cause})
		return
	}
	reason := l.q850(cause)
	if cause == channel.AnsweredElsewhere {
		reason = `SIP;cause=200;text="Call completed elsewhere"`
	}
	d.Hangup(statusOf(cause), reason)
}

// q850 is the value of the Reason header (RFC 3326), unless the endpoint does not want it.
func (l *leg) q850(cause channel.Cause) string {
	if l.endpoint.SuppressQ850Reason {
		return ""
	}
	return "Q.850;cause=" + itoa(int(cause))
}

// close frees the port, once.
func (l *leg) close() {
	l.mu.Lock()
	first := !l.over
	l.over = true
	port, video := l.port, l.video
	l.mu.Unlock()
	if port == nil {
		return
	}
	l.endFax()
	if video != nil {
		video.Close()
	}
	if s := port.Stats(); first && s.PacketsIn+s.PacketsOut > 0 {
		l.log.Info().Uint64("rx", s.PacketsIn).Int64("rx_lost", s.Lost).Dur("rx_jitter", s.Jitter).Float64("rx_mos", math.Round(100*s.MOS())/100).
			Uint64("tx", s.PacketsOut).Int64("tx_lost", s.RemoteLost).Dur("tx_jitter", s.RemoteJitter).
			Float64("tx_mos", math.Round(100*s.RemoteMOS())/100).Dur("rtt", s.RTT).Msg("sound of the leg")
	}
	port.Close()
}

// Media is the leg's sound; nil before a dialled leg was called.
func (l *leg) Media() channel.Media {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.port == nil {
		return nil
	}
	return l
}

// ---- channel.Media ----

// Play plays towards the phone; it opens early media for a call that is not answered.
func (l *leg) Play(src media.Source, done func()) (stop func()) { return l.port.Play(src, done) }

// PlayMusic plays what others hear too.
func (l *leg) PlayMusic(m *media.Music, done func()) (stop func()) { return l.port.PlayMusic(m, done) }

// PlayRate is the agreed codec's.
func (l *leg) PlayRate() int { return l.port.PlayRate() }

// Echo sends back what the phone sends, its video too.
func (l *leg) Echo(on bool) {
	l.port.Echo(on)
	l.mu.Lock()
	video := l.video
	l.mu.Unlock()
	if video != nil {
		video.Echo(on)
	}
}

// Tap lets t hear the phone and what it is sent.
func (l *leg) Tap(t media.Tap) (remove func()) { return l.port.Tap(t) }

// SetJitterBuffer evens out what the phone sends, on its way to a bridge.
func (l *leg) SetJitterBuffer(b *media.JitterBuffer) { l.port.SetJitterBuffer(b) }

// Overlay lets f be heard over what the phone is sent, or over what it says.
func (l *leg) Overlay(f *media.Feed, heard bool) func() { return l.port.Overlay(f, heard) }

// SetVolume makes its sound louder or softer.
func (l *leg) SetVolume(v media.Volume) { l.port.SetVolume(v) }

// Volume is what SetVolume and the party's keys have made of it.
func (l *leg) Volume() media.Volume { return l.port.Volume() }

// SendDigit sends DTMF as the endpoint's dtmf_mode wants it.
func (l *leg) SendDigit(d rune, dur time.Duration) { l.port.SendDigit(d, dur) }

// Join relays sound and digits to another leg until leave is called.
func (l *leg) Join(other channel.Media, keep channel.KeptDigits) (leave func(), err error) {
	return bridge.JoinLegs(l, other, bridge.Digits{KeepA: keep.Mine, KeepB: keep.Theirs})
}

// Port is the leg's media port.
func (l *leg) Port() *media.Port { return l.port }

// SetJoined tells the leg whether a bridge carries its digits on.
func (l *leg) SetJoined(on bool) {
	l.mu.Lock()
	l.inJoin = on
	l.mu.Unlock()
}

// press takes a key from the shard as soon as it is down: for the script unless a bridge relays it.
func (l *leg) press(d rune) {
	l.mu.Lock()
	joined := l.inJoin
	l.mu.Unlock()
	if !joined {
		l.ch.Digit(d)
	}
}

// digit takes the end of a key from the shard.
func (l *leg) digit(d media.Digit) { l.ch.DigitEnded(d.Rune, d.Duration) }

// infoDigit takes a digit that came by INFO: to the other leg of a bridge that carries digits, in that one's way, else to the script.
func (l *leg) infoDigit(d rune, dur time.Duration) {
	l.mu.Lock()
	joined := l.inJoin
	l.mu.Unlock()
	if joined {
		l.port.TakeDigit(media.Digit{Rune: d, Duration: dur})
		return
	}
	l.port.TurnVolume(d)
	l.ch.Digit(d)
	l.ch.DigitEnded(d, dur)
}

// errNoSession is for legs whose far end never agreed on sound.
var errNoSession = errors.New("pjsip: no session agreed")
