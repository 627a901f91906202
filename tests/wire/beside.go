package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Beside is what goes beside a voice: a video's RTP socket and the RTCP one above it, or a fax machine's UDPTL. Both keep what came.
type Beside struct {
	media, control *net.UDPConn
	readers        sync.WaitGroup

	mu    sync.Mutex // guards all below
	seq   uint16     // next to be sent
	ts    uint32
	ssrc  uint32
	sent  [][]byte // payloads, or whole datagrams, in order
	first uint16   // number of sent[0]
	got   [][]byte // as sent
	seqs  []uint16 // of got, if it is RTP
	marks []int    // places in got with the marker
	whose uint32   // SSRC of got
	asked []string // feedback that came: pli, fir, "nack 3": our packet number 3
	rtcp  int      // compounds that came
}

// OpenBeside binds host:port and the port above it.
func OpenBeside(host string, port int) (*Beside, error) {
	b := &Beside{ssrc: rand.Uint32(), ts: rand.Uint32(), seq: uint16(rand.Uint32())}
	b.first = b.seq
	for i, c := range []**net.UDPConn{&b.media, &b.control} {
		var err error
		if *c, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(host), Port: port + i}); err != nil {
			return nil, err
		}
	}
	b.readers.Go(func() { b.read(b.media, b.take) })
	b.readers.Go(func() { b.read(b.control, b.takeControl) })
	return b, nil
}

// Close ends the sockets and their readers.
func (b *Beside) Close() {
	b.media.Close()
	b.control.Close()
	b.readers.Wait()
}

func (b *Beside) read(c *net.UDPConn, take func([]byte)) {
	buf := make([]byte, 2048)
	for {
		n, _, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		b.mu.Lock()
		take(bytes.Clone(buf[:n]))
		b.mu.Unlock()
	}
}

func (b *Beside) take(p []byte) {
	if len(p) < 12 || p[0] != 0x80 {
		b.got = append(b.got, p)
		return
	}
	if p[1]&0x80 != 0 {
		b.marks = append(b.marks, len(b.got))
	}
	b.whose = binary.BigEndian.Uint32(p[8:])
	b.seqs = append(b.seqs, binary.BigEndian.Uint16(p[2:]))
	b.got = append(b.got, p[12:])
}

// takeControl reads the feedback of a compound (RFC 4585 §6.1).
func (b *Beside) takeControl(p []byte) {
	b.rtcp++
	for len(p) >= 4 {
		n := 4 * (int(binary.BigEndian.Uint16(p[2:])) + 1)
		if n > len(p) {
			return
		}
		kind, body := p[1], p[:n]
		p = p[n:]
		if n < 12 || kind != 205 && kind != 206 {
			continue
		}
		switch of := binary.BigEndian.Uint32(body[8:]); {
		case of != b.ssrc:
			b.asked = append(b.asked, "of a stranger")
		case kind == 205 && body[0]&31 == 1 && n >= 16:
			b.asked = append(b.asked, fmt.Sprintf("nack %d", binary.BigEndian.Uint16(body[12:])-b.first))
		case kind == 206 && body[0]&31 == 1:
			b.asked = append(b.asked, "pli")
		case kind == 206 && body[0]&31 == 4 && n >= 20 && binary.BigEndian.Uint32(body[12:]) == b.ssrc:
			b.asked = append(b.asked, "fir")
		}
	}
}

// Film sends pictures of three packets each, 33 ms apart, under payload type pt.
func (b *Beside) Film(to netip.AddrPort, pt byte, pictures int) error {
	for i := range pictures {
		for part := range 3 {
			b.mu.Lock()
			payload := fmt.Appendf(nil, "picture %d part %d of %08x", i, part, b.ssrc)
			b.sent = append(b.sent, payload)
			p := b.packet(pt, part == 2, b.seq, payload)
			b.seq++
			b.mu.Unlock()
			if _, err := b.media.WriteToUDPAddrPort(p, to); err != nil {
				return err
			}
		}
		b.mu.Lock()
		b.ts += 3000
		b.mu.Unlock()
		time.Sleep(33 * time.Millisecond)
	}
	return nil
}

func (b *Beside) packet(pt byte, marker bool, seq uint16, payload []byte) []byte {
	if marker {
		pt |= 0x80
	}
	p := binary.BigEndian.AppendUint16([]byte{0x80, pt}, seq)
	p = binary.BigEndian.AppendUint32(p, b.ts)
	p = binary.BigEndian.AppendUint32(p, b.ssrc)
	return append(p, payload...)
}

// Fax sends n UDPTL datagrams, 30 ms apart (T.38 §9.1: number, primary field, no redundancy).
func (b *Beside) Fax(to netip.AddrPort, n int) error {
	for range n {
		b.mu.Lock()
		p := binary.BigEndian.AppendUint16(nil, b.seq)
		p = append(append(p, 5), fmt.Sprintf("%05d", len(b.sent))...)
		p = append(p, 0, 0)
		b.seq++
		b.sent = append(b.sent, p)
		b.mu.Unlock()
		if _, err := b.media.WriteToUDPAddrPort(p, to); err != nil {
			return err
		}
		time.Sleep(30 * time.Millisecond)
	}
	return nil
}

// Ask sends feedback on what came: pli, fir, or nack, the packet that came back-th from the end.
func (b *Beside) Ask(to netip.AddrPort, what string, back int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.seqs) <= back {
		return fmt.Errorf("%d packets have come", len(b.seqs))
	}
	p := binary.BigEndian.AppendUint32([]byte{0x80, 201, 0, 1}, b.ssrc)
	head := func(kind, form byte, words uint16) []byte {
		h := binary.BigEndian.AppendUint16([]byte{0x80 | form, kind}, words)
		return binary.BigEndian.AppendUint32(h, b.ssrc)
	}
	switch what {
	case "pli":
		p = binary.BigEndian.AppendUint32(append(p, head(206, 1, 2)...), b.whose)
	case "fir":
		p = binary.BigEndian.AppendUint32(append(p, head(206, 4, 4)...), 0)
		p = append(binary.BigEndian.AppendUint32(p, b.whose), 1, 0, 0, 0)
	default:
		p = binary.BigEndian.AppendUint32(append(p, head(205, 1, 3)...), b.whose)
		p = append(binary.BigEndian.AppendUint16(p, b.seqs[len(b.seqs)-1-back]), 0, 0)
	}
	_, err := b.control.WriteToUDPAddrPort(p, netip.AddrPortFrom(to.Addr(), to.Port()+1))
	return err
}

// Got compares what came with what other has sent: all of it, in order, with the ends of pictures where they were.
func (b *Beside) Got(other *Beside) (same bool, text string) {
	other.mu.Lock()
	sent := append([][]byte(nil), other.sent...)
	other.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	same = len(b.got) == len(sent)
	for i := range min(len(b.got), len(sent)) {
		same = same && bytes.Equal(b.got[i], sent[i])
	}
	for i := 1; i < len(b.seqs); i++ {
		same = same && b.seqs[i] == b.seqs[i-1]+1
	}
	for i, m := range b.marks {
		same = same && m == 3*i+2
	}
	return same, fmt.Sprintf("%d of %d datagrams, %d ends of pictures", len(b.got), len(sent), len(b.marks))
}

// Stats tell what came.
func (b *Beside) Stats() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return fmt.Sprintf("%d datagrams, %d ends of pictures, %d RTCP, asked %q", len(b.got), len(b.marks), b.rtcp, b.asked)
}
