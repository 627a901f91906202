package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// stream is one RTP socket of the load, which counts what it gets.
type stream struct {
	conn    *net.UDPConn
	to      atomic.Pointer[net.UDPAddr]
	payload int
	frames  [][]byte // sent in turn
	seq     uint16
	step    uint32
	ts      uint32
	stamped bool                 // packets carry their send time, and come back with it
	gaps    bool                 // it is noted how far from 20 ms apart they come
	hear    func(payload []byte) // runs in the reader, for each packet; nil: nobody listens

	sent, got atomic.Int64

	seen  []bool        // by RTP sequence number, of packets that counted; the reader's until ended
	ended chan struct{} // closed when the reader has
}

func newStream(codec string) (*stream, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	f := formats[codec]
	s := &stream{conn: conn, payload: f.number, frames: f.frames, step: f.step, seen: make([]bool, 1<<16), ended: make(chan struct{})}
	go s.read() // ends with the socket
	return s, nil
}

func (s *stream) close() { _ = s.conn.Close() }

// silence is what a stream sends that says nothing, µ-law.
var silence = [][]byte{bytes.Repeat([]byte{0xFF}, 160)}

// window is when packets count.
var window struct {
	open atomic.Bool
	mu   sync.Mutex // guards late
	late []time.Duration
}

var epoch = time.Now()

func (s *stream) read() {
	defer close(s.ended)
	buf := make([]byte, 2048)
	var last time.Duration
	for {
		n, err := s.conn.Read(buf)
		if err != nil {
			return
		}
		if s.hear != nil && n > 12 && buf[1]&0x7F == byte(s.payload) {
			s.hear(buf[12:n])
		}
		if n < 20 || !window.open.Load() || buf[1] >= 192 && buf[1] <= 223 { // RTCP for the stream that has the port below
			continue
		}
		s.got.Add(1)
		s.seen[binary.BigEndian.Uint16(buf[2:])] = true
		if s.gaps {
			now := time.Since(epoch)
			if last != 0 {
				window.mu.Lock()
				window.late = append(window.late, (now - last - 20*time.Millisecond).Abs())
				window.mu.Unlock()
			}
			last = now
		}
		if s.stamped {
			late := time.Since(epoch) - time.Duration(binary.BigEndian.Uint64(buf[12:]))
			window.mu.Lock()
			window.late = append(window.late, late)
			window.mu.Unlock()
		}
	}
}

func (s *stream) header(b []byte, payload byte, marker bool) {
	b[0], b[1] = 0x80, payload
	if marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], s.seq)
	binary.BigEndian.PutUint32(b[4:], s.ts)
	binary.BigEndian.PutUint32(b[8:], uint32(s.conn.LocalAddr().(*net.UDPAddr).Port))
	s.seq++
}

// send is called by the one goroutine that keeps the beat.
func (s *stream) send(b []byte) {
	to := s.to.Load()
	if to == nil {
		return
	}
	frame := s.frames[int(s.seq)%len(s.frames)]
	s.header(b, byte(s.payload), false)
	n := 12 + copy(b[12:], frame)
	if s.stamped {
		binary.BigEndian.PutUint64(b[12:], uint64(time.Since(epoch)))
	}
	s.ts += s.step
	if _, err := s.conn.WriteToUDP(b[:n], to); err == nil && window.open.Load() {
		s.sent.Add(1)
	}
}

// digits sends RFC 4733 events of 100 ms, 100 ms apart, on payload type 101.
func (s *stream) digits(keys string) {
	b := make([]byte, 16)
	for _, key := range keys {
		for i := range 7 {
			s.header(b, 101, i == 0)
			b[12], b[13] = byte(key-'0'), 10
			if i >= 4 {
				b[13] |= 0x80
			}
			binary.BigEndian.PutUint16(b[14:], uint16(160*min(i+1, 5)))
			if to := s.to.Load(); to != nil {
				_, _ = s.conn.WriteToUDP(b, to)
			}
			time.Sleep(20 * time.Millisecond)
		}
		s.ts += 1600
		time.Sleep(60 * time.Millisecond)
	}
}

// beat sends a packet of every stream each 20 ms, spread over slots of a millisecond, until stop is closed.
func beat(streams []*stream, stop <-chan struct{}) {
	b := make([]byte, 2048)
	next := time.Now()
	for slot := 0; ; slot = (slot + 1) % 20 {
		for i := slot; i < len(streams); i += 20 {
			streams[i].send(b)
		}
		next = next.Add(time.Millisecond)
		select {
		case <-stop:
			return
		case <-time.After(time.Until(next)):
		}
	}
}

// worst is the 99th percentile of the delays in the window.
func worst() time.Duration {
	window.mu.Lock()
	defer window.mu.Unlock()
	if len(window.late) == 0 {
		return 0
	}
	slices.Sort(window.late)
	return window.late[len(window.late)*99/100]
}

func (s *stream) sdp(codec string) string {
	f := formats[codec]
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP %d 101\r\na=rtpmap:%d %s\r\na=rtpmap:101 telephone-event/8000\r\n",
		s.conn.LocalAddr().(*net.UDPAddr).Port, f.number, f.number, f.name)
}

var audioPort = regexp.MustCompile(`m=audio (\d+)`)

// aim sends to the port an SDP names.
func (s *stream) aim(sdp string) {
	if m := audioPort.FindStringSubmatch(sdp); m != nil {
		port, _ := strconv.Atoi(m[1])
		s.to.Store(&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	}
}
