package bridge

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtp"
	"go.uber.org/goleak"

	"asterism/codecs"
	"asterism/engine/media"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var loopback = netip.MustParseAddr("127.0.0.1")

// phone is a peer of one codec: it sends a tone and keeps what it hears.
type phone struct {
	t     *testing.T
	conn  *net.UDPConn
	codec codecs.Codec
	port  *media.Port
	sum   rtp.Header // of what it sends
	enc   codecs.Encoder
	dec   codecs.Decoder
	tone  media.Source
	heard []int16
	last  rtp.Packet
	count int
	step  uint32 // timestamps of a packet sent to it
}

func newPhone(t *testing.T, e *media.Engine, codec string, freq float64) *phone {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c, ok := codecs.ByName(codec)
	if !ok || c.NewEncoder == nil {
		t.Fatal("no coder for", codec)
	}
	p := &phone{t: t, conn: conn, codec: c, tone: media.Tone(c.SampleRate, []float64{freq}, nil, 0)}
	if p.enc, err = c.NewEncoder(codecs.EncoderOptions{}); err != nil {
		t.Fatal(err)
	}
	if p.dec, err = c.NewDecoder(); err != nil {
		t.Fatal(err)
	}
	if p.port, err = e.NewPort(media.PortConfig{LocalIP: loopback}); err != nil {
		t.Fatal(err)
	}
	p.port.SetStream(media.Stream{Remote: conn.LocalAddr().(*net.UDPAddr).AddrPort(), Send: true, Receive: true,
		Codecs: []media.PayloadType{{Send: 96, Recv: 96, Format: c.Format}}})
	p.step = uint32(c.Ptime(20*time.Millisecond, "") * time.Duration(c.Format.Rate) / time.Second)
	p.sum = rtp.Header{Version: 2, PayloadType: 96, SSRC: 1}
	return p
}

// say sends 20 ms.
func (p *phone) say() {
	p.t.Helper()
	for range uint32(p.codec.Format.Rate) / 50 / p.step {
		p.send()
	}
}

// send sends a packet as long as those it gets.
func (p *phone) send() {
	p.t.Helper()
	pcm, payload := make([]int16, int(p.step)*p.codec.SampleRate/p.codec.Format.Rate), make([]byte, 2048)
	_, _ = p.tone.Read(pcm)
	n, err := p.enc.Encode(payload, pcm)
	if err != nil {
		p.t.Fatal(err)
	}
	b, err := (&rtp.Packet{Header: p.sum, Payload: payload[:n]}).Marshal()
	if err != nil {
		p.t.Fatal(err)
	}
	p.sum.SequenceNumber++
	p.sum.Timestamp += p.step
	if _, err := p.conn.WriteToUDPAddrPort(b, p.port.LocalAddr()); err != nil {
		p.t.Fatal(err)
	}
}

// hear waits for the next 20 ms.
func (p *phone) hear() {
	p.t.Helper()
	for range uint32(p.codec.Format.Rate) / 50 / p.step {
		p.packet()
	}
}

// packet waits for the next packet, which has to follow the last one.
func (p *phone) packet() {
	p.t.Helper()
	b := make([]byte, 2048)
	_ = p.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	n, err := p.conn.Read(b)
	if err != nil {
		p.t.Fatal(err)
	}
	var packet rtp.Packet
	if err := packet.Unmarshal(b[:n]); err != nil {
		p.t.Fatal(err)
	}
	if p.count++; p.count > 1 && (packet.SequenceNumber != p.last.SequenceNumber+1 || packet.SSRC != p.last.SSRC ||
		packet.Timestamp-p.last.Timestamp != p.step) {
		p.t.Errorf("packet %d: seq +%d, ts +%d", p.count, packet.SequenceNumber-p.last.SequenceNumber, packet.Timestamp-p.last.Timestamp)
	}
	p.last = packet
	pcm := make([]int16, p.codec.SampleRate*120/1000)
	got, err := p.dec.Decode(pcm, packet.Payload)
	if err != nil {
		p.t.Fatal(err)
	}
	p.heard = append(p.heard, pcm[:got]...)
}

// power of a frequency in what was heard after the first 200 ms, as a share.
func (p *phone) share(freq float64) float64 {
	pcm := p.heard[p.codec.SampleRate/5:]
	w := 2 * 3.141592653589793 * freq / float64(p.codec.SampleRate)
	return goertzel(pcm, w)
}

func newEngine(t *testing.T) *media.Engine {
	t.Helper()
	e, err := media.New(media.Config{StrictRTP: true, Shards: 2, PortMin: 27000, PortMax: 27999})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// TestCodecPairs: whatever two codecs meet, each side hears the other's tone, in packets without a gap.
func TestCodecPairs(t *testing.T) {
	e := newEngine(t)
	names := []string{"ulaw", "alaw", "opus", "slin16", "slin44"}
	for i, a := range names {
		for _, b := range names[i:] {
			t.Run(a+" and "+b, func(t *testing.T) {
				alice, bob := newPhone(t, e, a, 440), newPhone(t, e, b, 1000)
				br, err := Join(alice.port, bob.port)
				if err != nil {
					t.Fatal(err)
				}
				const frames = 40
				for n := range frames {
					alice.say()
					bob.say()
					if n > 0 { // a resampler keeps the end of the first frame: its packet leaves with the second
						alice.hear()
						bob.hear()
					}
				}
				if x := alice.share(1000); x < 0.9 {
					t.Errorf("%s hears a share of %.2f", a, x)
				}
				if x := bob.share(440); x < 0.9 {
					t.Errorf("%s hears a share of %.2f", b, x)
				}
				br.Leave()
				alice.port.Close()
				bob.port.Close()
			})
		}
	}
}

// TestWideStaysWide: between two wideband codecs there is no 8 kHz on the way: 6 kHz come through.
func TestWideStaysWide(t *testing.T) {
	e := newEngine(t)
	wide := []string{"g722", "opus", "slin16", "slin48"}
	for _, a := range wide {
		for _, b := range wide {
			if a == b {
				continue
			}
			t.Run(a+" to "+b, func(t *testing.T) {
				alice, bob := newPhone(t, e, a, 6000), newPhone(t, e, b, 440)
				if _, err := Join(alice.port, bob.port); err != nil {
					t.Fatal(err)
				}
				for range 5 {
					alice.say()
				}
				bob.packet() // what the resampler keeps makes the count uneven
				for range 20 {
					alice.say()
					bob.hear()
				}
				if x := bob.share(6000); x < 0.8 {
					t.Errorf("a share of %.2f is left", x)
				}
				alice.port.Close()
				bob.port.Close()
			})
		}
	}
}

// TestManyBridges: ports are joined and left many times; each time the voice goes where the last Join said.
func TestManyBridges(t *testing.T) {
	e := newEngine(t)
	hub := newPhone(t, e, "ulaw", 440)
	others := []*phone{newPhone(t, e, "ulaw", 500), newPhone(t, e, "alaw", 600), newPhone(t, e, "ulaw", 700)}
	var old []*Bridge
	for i := range 60 {
		other := others[i%len(others)]
		br, err := Join(hub.port, other.port)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range old { // of bridges that are no more
			b.Leave()
		}
		old = append(old[max(0, len(old)-3):], br)
		hub.say()
		other.count = 0 // its stream went on in time meanwhile
		other.hear()
		if i%2 == 0 {
			br.Leave()
			br.Leave()
		}
	}
	hub.port.Close()
	if _, err := Join(others[0].port, hub.port); !errors.Is(err, media.ErrClosed) {
		t.Error("joined a closed port:", err)
	}
	if _, err := Join(hub.port, others[0].port); !errors.Is(err, media.ErrClosed) {
		t.Error("joined a closed port:", err)
	}
	if _, err := Join(others[0].port, others[0].port); !errors.Is(err, media.ErrSame) {
		t.Error("joined a port with itself:", err)
	}
}

func TestTimeline(t *testing.T) {
	l := timeline{rate: 8000, to: 48000}
	l.begin(&media.Frame{Timestamp: 0xFFFFFF00, Source: 1})
	start := l.at(0xFFFFFF00)
	for i := range uint32(100000) {
		ts := 0xFFFFFF00 + i*160*400 // wraps several times
		l.advance(ts)
		if got := l.at(ts) - start; got != i*160*400*6 {
			t.Fatalf("step %d: %d", i, got)
		}
		if got := l.at(ts-160) - start; got != i*160*400*6-960 {
			t.Fatalf("step %d, a frame back: %d", i, got)
		}
	}
}

// FuzzTimeline: time goes on as the timestamps do, to one unit of the new clock, wherever they wrap.
func FuzzTimeline(f *testing.F) {
	f.Add(uint32(0xFFFFFFF0), uint32(160), 8000, 48000)
	f.Fuzz(func(t *testing.T, ts, step uint32, from, to int) {
		if from < 8000 || from > 192000 || to < 8000 || to > 192000 {
			return
		}
		step %= 1 << 20
		l := timeline{rate: int64(from), to: int64(to)}
		l.begin(&media.Frame{Timestamp: ts})
		for range 50 {
			before := l.at(ts)
			ts += step
			l.advance(ts)
			got, want := int64(l.at(ts)-before), int64(step)*int64(to)/int64(from)
			if got < want || got > want+1 {
				t.Fatalf("moved %d, want %d", got, want)
			}
		}
	})
}
