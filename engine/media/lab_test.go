package media

import (
	"encoding/binary"
	"math"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/rs/zerolog"

	"asterism/codecs"
	"asterism/engine/media/packetio"
)

// Lab is a shard whose time stands still until told, and whose sockets are a list: everything between the two is real.
type Lab struct {
	T     testing.TB
	e     *Engine
	s     *shard
	ports []*Port
	sent  []datagram
	quiet bool // count only
	count int
}

type datagram struct {
	sock *packetio.Socket
	data []byte
	to   netip.AddrPort
	at   int64
}

// NewLab makes one with strict RTP, probation 4 and a report every 5 s.
func NewLab(t testing.TB) *Lab {
	l := &Lab{T: t, e: &Engine{
		log: zerolog.Nop(), began: time.Now(), ports: map[*Port]struct{}{},
	}}
	l.e.config.Store(&Config{StrictRTP: true, Probation: 4, RTCPInterval: 5 * time.Second})
	l.s = &shard{engine: l.e, loop: l, done: make(chan struct{}), now: int64(time.Second)}
	l.e.shards = []*shard{l.s}
	l.e.pairs = &pairs{used: map[uint16]bool{}}
	return l
}

// The lab is its shard's packetio.Loop.

func (l *Lab) Add(*packetio.Socket, packetio.Handler) error { return nil }
func (l *Lab) Remove(*packetio.Socket)                      {}
func (l *Lab) Poll(time.Duration, func()) (int, error)      { return 0, nil }
func (l *Lab) Flush()                                       {}
func (l *Lab) Gather(time.Duration)                         {}
func (l *Lab) OwnProcessor()                                {}
func (l *Lab) Wake()                                        {}
func (l *Lab) SendErrors() uint64                           { return 0 }
func (l *Lab) Close() error                                 { return nil }

func (l *Lab) Send(s *packetio.Socket, p []byte, to netip.AddrPort) error {
	l.count++
	if !l.quiet {
		l.sent = append(l.sent, datagram{s, append([]byte(nil), p...), to, l.s.now})
	}
	return nil
}

// Quiet stops the recording of what is sent.
func (l *Lab) Quiet() { l.quiet, l.sent = true, nil }

// Count is how many datagrams were sent.
func (l *Lab) Count() int { return l.count }

// Port makes a port with sockets of no number.
func (l *Lab) Port(c PortConfig) *Port {
	p := newPort(l.e, c)
	p.rtp, p.rtcp = new(packetio.Socket), new(packetio.Socket)
	l.e.begin(l.s, p)
	l.ports = append(l.ports, p)
	l.Obey()
	return p
}

// Pair makes a pair.
func (l *Lab) Pair(a, b PortConfig) (*Port, *Port) {
	pa, pb := l.e.NewPair(a, b)
	l.Obey()
	return pa, pb
}

// Obey lets the shard read its mail.
func (l *Lab) Obey() { l.s.readMail() }

// Together runs f, which waits for the shard, and the shard.
func (l *Lab) Together(f func()) {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	for {
		select {
		case <-done:
			l.Obey()
			return
		default:
			l.Obey()
		}
	}
}

// Advance moves time on, doing what is due on the way.
func (l *Lab) Advance(d time.Duration) {
	end := l.s.now + int64(d)
	for len(l.s.timers) > 0 && l.s.timers[0].at <= end {
		l.s.now = max(l.s.now, l.s.timers[0].at)
		l.s.timers.due(l.s.now).fire(l.s)
		l.Obey()
	}
	l.s.now = end
}

// Receive hands a datagram to a port's RTP socket.
func (l *Lab) Receive(p *Port, data []byte, from netip.AddrPort) {
	(*rtpEnd)(p).HandlePacket(data, from)
	p.at.runLate()
}

// RTP returns what p has sent by RTP since the last call, parsed.
func (l *Lab) RTP(p *Port) []rtp.Packet {
	l.T.Helper()
	var got []rtp.Packet
	var rest []datagram
	for _, d := range l.sent {
		if d.sock != p.rtp || d.data[1] >= firstRTCP && d.data[1] <= lastRTCP {
			rest = append(rest, d)
			continue
		}
		var packet rtp.Packet
		if err := packet.Unmarshal(d.data); err != nil {
			l.T.Fatal(err)
		}
		got = append(got, packet)
	}
	l.sent = rest
	return got
}

// Control returns what p has sent by RTCP since the last call.
func (l *Lab) Control(p *Port) []datagram {
	var got, rest []datagram
	for _, d := range l.sent {
		if d.sock == p.rtcp || d.sock == p.rtp && d.data[1] >= firstRTCP && d.data[1] <= lastRTCP {
			got = append(got, d)
		} else {
			rest = append(rest, d)
		}
	}
	l.sent = rest
	return got
}

var (
	FormatULaw  = codecs.Format{Name: "PCMU", Rate: 8000, Channels: 1}
	FormatALaw  = codecs.Format{Name: "PCMA", Rate: 8000, Channels: 1}
	FormatOpus  = codecs.Format{Name: "opus", Rate: 48000, Channels: 2}
	FormatG729  = codecs.Format{Name: "G729", Rate: 8000, Channels: 1}
	FormatEvent = codecs.Format{Name: telephoneEvent, Rate: 8000, Channels: 1}
)

// AgreedStream is two-way with the peer, of the first format, with telephone-event 101.
func AgreedStream(peer netip.AddrPort, formats ...codecs.Format) Stream {
	s := Stream{Remote: peer, Send: true, Receive: true, DTMF: []PayloadType{{Send: 101, Recv: 101, Format: FormatEvent}}}
	for i, f := range formats {
		pt := uint8(96 + i)
		if c, ok := codecs.ByFormat(f); ok && c.StaticPT >= 0 {
			pt = uint8(c.StaticPT)
		}
		s.Codecs = append(s.Codecs, PayloadType{Send: pt, Recv: pt, Format: f})
	}
	return s
}

// Speaker makes the packets of a peer.
type Speaker struct {
	Addr netip.AddrPort
	SSRC uint32
	PT   uint8
	Seq  uint16
	TS   uint32
	buf  [packetio.MaxDatagram]byte
}

func NewSpeaker(addr string, ssrc uint32) *Speaker {
	return &Speaker{Addr: netip.MustParseAddrPort(addr), SSRC: ssrc, Seq: uint16(ssrc), TS: ssrc * 7}
}

// Packet is the next one, of 20 ms at 8 kHz with these bytes, valid until the next call.
func (s *Speaker) Packet(payload []byte) []byte {
	b := s.Raw(s.PT, false, s.Seq, s.TS, payload)
	s.Seq++
	s.TS += 160
	return b
}

func (s *Speaker) Raw(pt uint8, marker bool, seq uint16, ts uint32, payload []byte) []byte {
	b := s.buf[:]
	b[0], b[1] = 0x80, pt
	if marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[4:], ts)
	binary.BigEndian.PutUint32(b[8:], s.SSRC)
	return b[:12+copy(b[12:], payload)]
}

// Event is a telephone-event packet with the next sequence number at timestamp ts.
func (s *Speaker) Event(ts uint32, code uint8, duration uint16, end, marker bool) []byte {
	var payload [eventSize]byte
	event{code: code, end: end, volume: 10, duration: duration}.put(payload[:])
	b := s.Raw(101, marker, s.Seq, ts, payload[:])
	s.Seq++
	return b
}

// Voice is 20 ms of G.711 that says n.
func Voice(n byte) []byte {
	b := make([]byte, 160)
	for i := range b {
		b[i] = n
	}
	return b
}

// ToneShare is the part of a sound's power that is of this frequency.
func ToneShare(pcm []int16, rate int, freq float64) float64 {
	var s, c, power float64
	for i, x := range pcm {
		w := 2 * math.Pi * freq * float64(i) / float64(rate)
		s += float64(x) * math.Sin(w)
		c += float64(x) * math.Cos(w)
		power += float64(x) * float64(x)
	}
	if power == 0 {
		return 0
	}
	return 2 * (s*s + c*c) / power / float64(len(pcm))
}
