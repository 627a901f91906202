package wire

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"asterism/tests/audio"
)

// RTP is one media socket: it records what comes and sends tones, digits or dirt.
type RTP struct {
	conn *net.UDPConn
	done chan struct{} // the reader has ended

	mu      sync.Mutex
	heard   []int16                // guarded by mu, as all below; 8 kHz, decoded by payload type
	packets int                    // RTP packets that came
	rtcp    int                    // RTCP packets on the same socket (mux) or sent to it by mistake
	tos     int                    // of the last packet, -1 unknown
	sources map[netip.AddrPort]int // who sent how many
	ssrc    map[uint32]int         // packets of each SSRC
	breaks  int                    // sequence numbers that did not follow, within one SSRC
	last    map[uint32]uint16
	digits  []byte
	event   uint32      // timestamp of the last telephone-event counted
	steps   []int16     // from each sequence number to the next, as they came, within one SSRC
	spans   []span      // where the pieces of heard belong
	arrived []int16     // as steps, of what went out, as it reached the PBX
	prev    int         // sequence number of that, -1 none
	voices  []time.Time // when each packet of voice came

	voice sync.Mutex // a digit takes the place of the voice: held for a packet of Tone, for a whole digit
	seq   uint16     // guarded by voice, as all below
	ts    uint32
	own   uint32
	phase int
	road  func(b []byte, to netip.AddrPort) // nil: straight to the PBX
}

// span is a packet's voice: timestamp, and its place in heard.
type span struct {
	ssrc, ts uint32
	at, n    int
}

const (
	frame      = 20 * time.Millisecond
	frameLen   = 160
	eventPT    = 101
	ulaw, alaw = 0, 8
	linear     = 118 // L16/8000, in our descriptions
)

// OpenRTP binds host:port and records until Close. What it sends goes over the road; nil is a perfect one.
func OpenRTP(addr string, road *Road) (*RTP, error) {
	a, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, err
	}
	conn, err := net.ListenUDP("udp", a)
	if err != nil {
		return nil, err
	}
	raw, err := conn.SyscallConn()
	if err == nil {
		raw.Control(func(fd uintptr) { //nolint:errcheck // without it tos stays -1 and the scene says so
			unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_RECVTOS, 1)        //nolint:errcheck // see above
			unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVTCLASS, 1) //nolint:errcheck // see above
		})
	}
	r := &RTP{conn: conn, done: make(chan struct{}), tos: -1, sources: map[netip.AddrPort]int{}, ssrc: map[uint32]int{},
		last: map[uint32]uint16{}, seq: uint16(rand.Uint32()), ts: rand.Uint32(), own: rand.Uint32(), prev: -1}
	if road != nil {
		r.road = road.open(r.write, r.done)
	}
	go r.read()
	return r, nil
}

// Close ends the socket and its reader.
func (r *RTP) Close() {
	r.conn.Close()
	<-r.done
}

func (r *RTP) read() {
	defer close(r.done)
	b, oob := make([]byte, 2048), make([]byte, 128)
	for {
		n, oobn, _, from, err := r.conn.ReadMsgUDPAddrPort(b, oob)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.take(b[:n], oob[:oobn], netip.AddrPortFrom(from.Addr().Unmap(), from.Port()))
		r.mu.Unlock()
	}
}

// take runs under mu.
func (r *RTP) take(b, oob []byte, from netip.AddrPort) {
	if len(b) < 12 || b[0]>>6 != 2 {
		return
	}
	if b[1] >= 192 && b[1] <= 223 {
		r.rtcp++
		return
	}
	r.packets++
	r.sources[from]++
	if msgs, err := unix.ParseSocketControlMessage(oob); err == nil {
		for _, m := range msgs {
			if len(m.Data) > 0 {
				r.tos = int(m.Data[0])
			}
		}
	}
	seq, ts, ssrc := binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	if last, ok := r.last[ssrc]; ok {
		r.steps = append(r.steps, int16(seq-last))
		if seq != last+1 {
			r.breaks++
		}
	}
	r.last[ssrc] = seq
	r.ssrc[ssrc]++
	payload, before := b[12+4*int(b[0]&15):], len(r.heard)
	defer func() {
		if n := len(r.heard) - before; n > 0 {
			r.voices = append(r.voices, time.Now())
			r.spans = append(r.spans, span{ssrc, ts, before, n})
		}
	}()
	switch b[1] & 0x7f {
	case linear:
		for ; len(payload) >= 2; payload = payload[2:] {
			r.heard = append(r.heard, int16(binary.BigEndian.Uint16(payload)))
		}
	case ulaw:
		for _, v := range payload {
			r.heard = append(r.heard, audio.DecodeULaw(v))
		}
	case alaw:
		for _, v := range payload {
			r.heard = append(r.heard, audio.DecodeALaw(v))
		}
	case eventPT:
		if len(payload) >= 4 && payload[1]&0x80 != 0 && ts != r.event && int(payload[0]) < len(digitNames) {
			r.event = ts
			r.digits = append(r.digits, digitNames[payload[0]])
		}
	}
}

const digitNames = "0123456789*#ABCD"

// Stats is what a socket has received.
type Stats struct {
	Packets, RTCP, Breaks, SSRCs, TOS int
	Digits                            string
	Sources                           map[netip.AddrPort]int
}

// Stats are a copy.
func (r *RTP) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := Stats{Packets: r.packets, RTCP: r.rtcp, Breaks: r.breaks, SSRCs: len(r.ssrc), TOS: r.tos, Digits: string(r.digits), Sources: map[netip.AddrPort]int{}}
	for a, n := range r.sources {
		s.Sources[a] = n
	}
	return s
}

func (s Stats) String() string {
	return fmt.Sprintf("%d packets, %d RTCP, %d breaks of sequence, %d SSRCs, tos %#x, digits %q, from %v", s.Packets, s.RTCP, s.Breaks, s.SSRCs, s.TOS, s.Digits, s.Sources)
}

// Samples counts what has been heard; Heard gives it from number from on, at 8 kHz.
func (r *RTP) Samples() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.heard)
}

// Heard is the audio from sample number from on.
func (r *RTP) Heard(from int) []int16 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]int16(nil), r.heard[min(from, len(r.heard)):]...)
}

// Placed is the voice of the last SSRC with every packet where its timestamp puts it: what did not come is silence.
func (r *RTP) Placed() []int16 {
	r.mu.Lock()
	defer r.mu.Unlock()
	var pcm []int16
	var first *span
	for i := range r.spans {
		s := &r.spans[i]
		if first == nil || s.ssrc != first.ssrc {
			first, pcm = s, nil
		}
		at := int(int32(s.ts - first.ts))
		if at < 0 || at > 3600*8000 {
			continue
		}
		if more := at + s.n - len(pcm); more > 0 {
			pcm = append(pcm, make([]int16, more)...)
		}
		copy(pcm[at:], r.heard[s.at:s.at+s.n])
	}
	return pcm
}

// Follows reports whether all r received came in the order and with the losses and duplicates in which from's packets arrived
// at the PBX, and how many packets that were.
func (r *RTP) Follows(from *RTP) (ok bool, packets int) {
	r.mu.Lock()
	got := slices.Clone(r.steps)
	r.mu.Unlock()
	from.mu.Lock()
	sent := slices.Clone(from.arrived)
	from.mu.Unlock()
	for at := 0; at+len(got) <= len(sent); at++ {
		if slices.Equal(got, sent[at:at+len(got)]) {
			return true, len(got) + 1
		}
	}
	return false, len(got) + 1
}

// Renew begins another stream, as a phone does that was restarted: SSRC, sequence and timestamp are new.
func (r *RTP) Renew() {
	r.voice.Lock()
	defer r.voice.Unlock()
	r.own, r.seq, r.ts = rand.Uint32(), uint16(rand.Uint32()), rand.Uint32()
}

// Tone sends freq Hz (0: silence) in the codec (0 µ-law, 8 A-law) for d, a packet each 20 ms.
func (r *RTP) Tone(to netip.AddrPort, pt byte, freq float64, d time.Duration) error {
	start := time.Now()
	for sent := time.Duration(0); sent < d; sent += frame {
		if err := r.say(to, pt, freq, sent == 0); err != nil {
			return err
		}
		time.Sleep(time.Until(start.Add(sent + frame)))
	}
	return nil
}

// say sends one frame of the tone.
func (r *RTP) say(to netip.AddrPort, pt byte, freq float64, first bool) error {
	r.voice.Lock()
	defer r.voice.Unlock()
	payload := make([]byte, frameLen)
	for i, v := range audio.Sine(8000, freq, r.phase, frame) {
		if pt == alaw {
			payload[i] = audio.EncodeALaw(v)
		} else {
			payload[i] = audio.EncodeULaw(v)
		}
	}
	r.phase += frameLen
	err := r.send(to, pt, first, r.ts, payload)
	r.ts += frameLen
	return err
}

// Digits sends RFC 4733 events, 100 ms each and 60 ms apart; the end packet thrice as §2.5.1.4 has it.
func (r *RTP) Digits(to netip.AddrPort, digits string) error {
	for _, d := range []byte(digits) {
		if err := r.digit(to, byte(strings.IndexByte(digitNames, d))); err != nil {
			return err
		}
		time.Sleep(3 * frame)
	}
	return nil
}

func (r *RTP) digit(to netip.AddrPort, code byte) error {
	r.voice.Lock()
	defer r.voice.Unlock()
	for step := 1; step <= 8; step++ { // 5 on the way, 3 end it
		dur, end := uint16(min(step, 5)*frameLen), byte(10)
		if step > 5 {
			end |= 0x80
		}
		payload := binary.BigEndian.AppendUint16([]byte{code, end}, dur)
		if err := r.send(to, eventPT, step == 1, r.ts, payload); err != nil {
			return err
		}
		time.Sleep(frame)
	}
	r.ts += 8 * frameLen
	return nil
}

// Reaction is how the voice that came went on after a key.
type Reaction struct {
	Before      int           // packets in the 100 ms before the key's first packet
	First, Last time.Duration // from the key's first packet to the next packet of voice, and to the last one; 0: none came
}

// React presses a key as an event, or as a tone, waits until half a second after its first packet, and tells what was heard from then on.
func (r *RTP) React(to netip.AddrPort, key string, tone bool) (Reaction, error) {
	pressed := time.Now()
	press := r.Digits
	if tone {
		press = r.Keys
	}
	if err := press(to, key); err != nil {
		return Reaction{}, err
	}
	time.Sleep(time.Until(pressed.Add(500 * time.Millisecond)))
	r.mu.Lock()
	defer r.mu.Unlock()
	var got Reaction
	for _, at := range r.voices {
		switch since := at.Sub(pressed); {
		case since < -100*time.Millisecond:
		case since < 0:
			got.Before++
		default:
			if got.First == 0 {
				got.First = since
			}
			got.Last = since
		}
	}
	return got, nil
}

// Keys sends keys as tones in µ-law, 100 ms each and 80 ms apart.
func (r *RTP) Keys(to netip.AddrPort, keys string) error {
	r.voice.Lock()
	defer r.voice.Unlock()
	start, sent := time.Now(), 0
	for _, key := range []byte(keys) {
		pcm := append(audio.KeyTone(key, 8000, 5*frameLen), make([]int16, 4*frameLen)...)
		for ; len(pcm) > 0; pcm = pcm[frameLen:] {
			payload := make([]byte, frameLen)
			for i, v := range pcm[:frameLen] {
				payload[i] = audio.EncodeULaw(v)
			}
			if err := r.send(to, ulaw, sent == 0, r.ts, payload); err != nil {
				return err
			}
			r.ts += frameLen
			sent++
			time.Sleep(time.Until(start.Add(time.Duration(sent) * frame)))
		}
	}
	return nil
}

// send runs under voice.
func (r *RTP) send(to netip.AddrPort, pt byte, marker bool, ts uint32, payload []byte) error {
	if marker {
		pt |= 0x80
	}
	b := binary.BigEndian.AppendUint16([]byte{0x80, pt}, r.seq)
	b = binary.BigEndian.AppendUint32(b, ts)
	b = binary.BigEndian.AppendUint32(b, r.own)
	r.seq++
	b = append(b, payload...)
	if r.road != nil {
		r.road(b, to)
		return nil
	}
	return r.write(b, to)
}

// write is the end of the road.
func (r *RTP) write(b []byte, to netip.AddrPort) error {
	seq := int(binary.BigEndian.Uint16(b[2:]))
	r.mu.Lock()
	if r.prev >= 0 {
		r.arrived = append(r.arrived, int16(seq-r.prev))
	}
	r.prev = seq
	r.mu.Unlock()
	_, err := r.conn.WriteToUDPAddrPort(b, to)
	return err
}

// Garbage sends n packets of random bytes, of every length up to 1400, some with a plausible RTP or RTCP head, a
// millisecond apart.
func (r *RTP) Garbage(to netip.AddrPort, n int) error {
	rnd := rand.New(rand.NewPCG(4, 2))
	for i := range n {
		b := make([]byte, rnd.IntN(1400))
		for j := range b {
			b[j] = byte(rnd.Uint32())
		}
		if len(b) > 2 && i%2 == 0 {
			b[0] = 0x80 | b[0]&0x3f // version 2, with padding, extension and CSRC count as they fall
			b[1] = []byte{0, 8, 101, 200, 201, 203}[i/2%6]
		}
		if _, err := r.conn.WriteToUDPAddrPort(b, to); err != nil {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	return nil
}
