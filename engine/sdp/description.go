// Package sdp reads and writes session descriptions (RFC 8866) and does offer/answer (RFC 3264) for one leg's audio.
//
//	bytes ─Parse─► *Description (theirs) ─Answer(Local)─► *Description (ours) ─Marshal─► bytes
//	                                            └──────► *Result: what the leg's port has to do
//	Local ─Offer─► *Description (ours) … answer arrives … ─Accept─► *Result
//
// It has no clock, no socket, no state. Cost is linear in the input, which is bounded.
package sdp

import (
	"net/netip"

	"asterism/codecs"
)

// Bounds of what Parse takes. Real phones stay far below; nothing is allocated beyond a small multiple of them.
const (
	MaxBytes   = 64 << 10
	MaxLines   = 1000
	MaxMedia   = 32
	MaxFormats = 64 // payload types of one m-line
)

// Description is one session description. Lines nobody here needs (b=, i=, k=, t=, …) are checked and dropped.
type Description struct {
	Origin     Origin
	Name       string     // s=, "-" if there is none
	Connection netip.Addr // the session's c=; invalid if there is none
	Media      []Media
	Attributes []Attribute // the session's, except the direction, which each Media has inherited
}

// Origin is the o= line. The numbers are kept as text: they are compared, not computed with, and phones write long ones.
type Origin struct {
	Username, Session, Version string
	Address                    string // an address or a host name; informational
}

// Media is one m-line with its attributes.
type Media struct {
	Type       string     // "audio", "video", "image", …
	Port       int        // 0: refused or switched off
	Proto      string     // "RTP/AVP"
	Connection netip.Addr // its own c= or the session's; invalid if there is neither
	Formats    []Format   // of RTP profiles, each payload type once, in the order of preference
	Other      []string   // the formats of any other Proto, as written
	Direction  Direction  // as its sender sees it
	// Ptime and MaxPtime are packet lengths in milliseconds; 0: not said.
	Ptime, MaxPtime int
	RTCP            netip.AddrPort // a=rtcp (RFC 3605); port 0: not said. Its address is Connection if only a port was said
	RTCPMux         bool
	Attributes      []Attribute // the others, in order
}

// Format is one payload type of an m-line.
type Format struct {
	PT    uint8
	Codec codecs.Format // by rtpmap or RFC 3551's table; zero if neither names it
	Fmtp  string
}

// Attribute is a=Name or a=Name:Value.
type Attribute struct{ Name, Value string }

// Direction says who sends media, seen from whoever wrote it down.
type Direction uint8

// The zero Direction is the default of RFC 3264.
const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

func (d Direction) String() string {
	return [...]string{"sendrecv", "sendonly", "recvonly", "inactive"}[d&3]
}

// Sends reports whether its writer sends.
func (d Direction) Sends() bool { return d == SendRecv || d == SendOnly }

// Receives reports whether its writer wants to receive.
func (d Direction) Receives() bool { return d == SendRecv || d == RecvOnly }

// reverse is d seen from the other side.
func (d Direction) reverse() Direction { return direction(d.Receives(), d.Sends()) }

// and leaves what both d and e allow.
func (d Direction) and(e Direction) Direction {
	return direction(d.Sends() && e.Sends(), d.Receives() && e.Receives())
}

func direction(sends, receives bool) Direction {
	switch {
	case sends && receives:
		return SendRecv
	case sends:
		return SendOnly
	case receives:
		return RecvOnly
	}
	return Inactive
}

// static is RFC 3551 §6: what a payload type is when no rtpmap says it.
var static = map[uint8]codecs.Format{
	0: {Name: "PCMU", Rate: 8000, Channels: 1}, 3: {Name: "GSM", Rate: 8000, Channels: 1},
	4: {Name: "G723", Rate: 8000, Channels: 1}, 5: {Name: "DVI4", Rate: 8000, Channels: 1},
	6: {Name: "DVI4", Rate: 16000, Channels: 1}, 7: {Name: "LPC", Rate: 8000, Channels: 1},
	8: {Name: "PCMA", Rate: 8000, Channels: 1}, 9: {Name: "G722", Rate: 8000, Channels: 1},
	10: {Name: "L16", Rate: 44100, Channels: 2}, 11: {Name: "L16", Rate: 44100, Channels: 1},
	12: {Name: "QCELP", Rate: 8000, Channels: 1}, 13: {Name: "CN", Rate: 8000, Channels: 1},
	14: {Name: "MPA", Rate: 90000, Channels: 1}, 15: {Name: "G728", Rate: 8000, Channels: 1},
	16: {Name: "DVI4", Rate: 11025, Channels: 1}, 17: {Name: "DVI4", Rate: 22050, Channels: 1},
	18: {Name: "G729", Rate: 8000, Channels: 1}, 25: {Name: "CelB", Rate: 90000, Channels: 1},
	26: {Name: "JPEG", Rate: 90000, Channels: 1}, 28: {Name: "nv", Rate: 90000, Channels: 1},
	31: {Name: "H261", Rate: 90000, Channels: 1}, 32: {Name: "MPV", Rate: 90000, Channels: 1},
	33: {Name: "MP2T", Rate: 90000, Channels: 1}, 34: {Name: "H263", Rate: 90000, Channels: 1},
}
