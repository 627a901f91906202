package sdp

import (
	"errors"
	"net/netip"
	"strconv"

	"asterism/codecs"
)

// ErrNoCommonCodec: there is no audio both sides could do (answered with 488). The text says what stood in the way.
var ErrNoCommonCodec = errors.New("sdp: no common codec")

// Local is what we can do on one leg.
type Local struct {
	Addr      netip.AddrPort // of our RTP
	Codecs    []codecs.Codec // allow=, preferred first
	DTMF      bool           // telephone-event
	Framing   map[string]int // ms we like to receive of a codec, by its name; 20 if it says nothing
	OpusFmtp  string         // what we say of Opus (RFC 7587 §6.1)
	RTCPMux   bool           // offer it, or accept it when offered
	Direction Direction      // ours
	Video     *Video         // nil: none
	// Fmtp is what the other leg's party said of codecs that are only passed on, by their names: it goes into offers.
	Fmtp                  map[string]string
	SessionName, Username string // "" means "-"
	Session, Version      uint64 // of o=; Version is to grow whenever the body changes (see SameBody)
}

// Result is what was agreed, as our port has to do it.
type Result struct {
	Remote     netip.AddrPort // where we send; invalid if the peer said 0.0.0.0 or ::
	RemoteRTCP netip.AddrPort // invalid: Remote's port + 1
	RTCPMux    bool
	Direction  Direction     // ours
	Codecs     []PayloadType // agreed, the one to send first
	DTMF       []PayloadType // telephone-event
	Ptime      int           // ms the peer likes to receive; 0: it did not say
	Hold       bool          // the peer put us on hold: sendonly, inactive, or the address 0.0.0.0

	Video  *Result     // of the video beside the voice; nil: none
	Picked VideoFormat // of video: the one agreed on, for the other leg
}

// PayloadType is a format and its numbers. It has the shape of media.PayloadType.
type PayloadType struct {
	Send, Recv uint8
	Format     codecs.Format
	Fmtp       string // the peer's
}

// SameBody reports whether a and b differ in nothing but the version of o=, which then must stay (RFC 3264 §8).
func SameBody(a, b *Description) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, y := *a, *b
	x.Origin.Version, y.Origin.Version = "", ""
	return string(x.Marshal()) == string(y.Marshal())
}

// describe returns our description without media.
func (l *Local) describe() *Description {
	d := &Description{
		Origin: Origin{
			Username: orDash(l.Username), Session: strconv.FormatUint(l.Session, 10),
			Version: strconv.FormatUint(l.Version, 10), Address: l.Addr.Addr().Unmap().String(),
		},
		Name:       orDash(l.SessionName),
		Connection: l.Addr.Addr().Unmap(),
	}
	return d
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
