package media

import (
	"net/netip"
	"strings"
	"time"

	"asterism/codecs"
)

// PayloadType is one agreed format: the number we put on packets and the number the peer does.
type PayloadType struct {
	Send, Recv uint8
	Format     codecs.Format
	Fmtp       string
}

// Stream is what offer and answer agreed for a port.
type Stream struct {
	Remote     netip.AddrPort // the peer's RTP; unspecified address or port 0: nowhere to send
	RemoteRTCP netip.AddrPort // invalid: RTP port + 1
	RTCPMux    bool

	// Signalling is the address the peer's SIP came from, if known. Of several sources that are not the SDP's, one at this
	// address is believed first: it is where a phone behind NAT sends from.
	Signalling netip.Addr

	Send, Receive bool          // direction seen from us
	Codecs        []PayloadType // agreed voice formats, preferred first
	DTMF          []PayloadType // telephone-event, one for each clock rate
	Ptime         time.Duration // of what we make ourselves, as far as the codec can (codecs.Codec.Ptime); 0 = 20 ms
	Digits        DigitMode     // how we send keys
	HearDigits    bool          // the peer's keys are tones in its voice
	Held          bool          // the peer holds us, or we the peer: HoldTimeout counts
	Feedback      Feedback      // on video
	Idle          bool          // something else has its place for now: its silence means nothing
}

const telephoneEvent = "telephone-event"

// incoming is what a received payload type stands for.
type incoming struct {
	pt     uint8
	format codecs.Format
	event  bool
	known  bool
	// samples of RTP clock in a packet of n bytes: n / bytes * samples; zero: not known
	samples, bytes int
}

// SetStream puts an agreed stream in force. A changed Remote opens source learning again. The slices of s are copied.
func (p *Port) SetStream(s Stream) {
	s.Codecs = canonical(s.Codecs)
	s.DTMF = canonical(s.DTMF)
	s.Remote, s.RemoteRTCP = unmap(s.Remote), unmap(s.RemoteRTCP)
	s.Signalling = s.Signalling.Unmap()
	if s.Ptime <= 0 {
		s.Ptime = 20 * time.Millisecond
	}
	p.playRate.Store(playRate(s.Codecs))
	p.post(func(sh *shard) {
		if !p.closed {
			p.setStream(sh, s)
		}
	})
}

// canonical copies list with formats as codecs.All writes them, so that they compare with ==.
func canonical(list []PayloadType) []PayloadType {
	out := make([]PayloadType, 0, len(list))
	for _, t := range list {
		if t.Send > 127 || t.Recv > 127 {
			continue // not an RTP payload type
		}
		if c, ok := codecs.ByFormat(t.Format); ok {
			t.Format = c.Format
		} else {
			t.Format.Name = strings.ToLower(t.Format.Name)
			t.Format.Channels = max(t.Format.Channels, 1)
		}
		out = append(out, t)
	}
	return out
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// sendable: an address media may be sent to. Multicast and broadcast would make an amplifier of us.
func sendable(a netip.AddrPort) bool {
	ip := a.Addr()
	return ip.IsValid() && a.Port() != 0 && !ip.IsUnspecified() && !ip.IsMulticast() && ip != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

func (p *Port) setStream(s *shard, st Stream) {
	moved := !p.agreed || st.Remote != p.stream.Remote
	resumed := p.agreed && st.Receive && !p.stream.Receive
	p.stream, p.agreed = st, true
	p.formats = p.formats[:0]
	for _, t := range st.Codecs {
		if in := p.incoming(t.Recv); !in.known { // the preferred one wins a number used twice
			p.formats = append(p.formats, incomingVoice(t.Recv, t.Format))
		}
	}
	for _, t := range st.DTMF { // and events win it from voice
		in := incoming{pt: t.Recv, format: t.Format, event: true, known: true}
		if old := p.incoming(t.Recv); old.known {
			*old = in
		} else {
			p.formats = append(p.formats, in)
		}
	}
	if moved {
		p.learn.restart(st.Remote, st.Signalling)
	} else {
		p.learn.signalling = st.Signalling
	}
	p.control.restart(st, moved)
	p.outgoing.restream(&p.stream)
	p.listenForKeys(st.HearDigits && st.Receive)
	p.lastHeard, p.timedOut = s.now, false
	if p.config.Kind != KindDatagrams {
		p.reports.start(s)
	}
	if p.config.Kind == KindVideo && resumed {
		p.askPicture(loss)
	}
	p.keepUp(s)
}

// incomingVoice knows how long the packets of codecs with a constant rate are.
func incomingVoice(pt uint8, f codecs.Format) incoming {
	in := incoming{pt: pt, format: f, known: true}
	switch f.Name {
	case "PCMU", "PCMA", "G722":
		in.samples, in.bytes = 1, 1
	case "L16":
		in.samples, in.bytes = 1, 2*f.Channels
	case "GSM":
		in.samples, in.bytes = 160, 33
	case "G729":
		in.samples, in.bytes = 80, 10
	}
	return in
}

// dest is where RTP goes: the SDP's word, until a symmetric port has learned better. The zero AddrPort: nowhere.
func (p *Port) dest() netip.AddrPort {
	switch {
	case !sendable(p.stream.Remote):
		return netip.AddrPort{}
	case p.config.Symmetric && p.learn.source.IsValid():
		return p.learn.source
	}
	return p.stream.Remote
}
