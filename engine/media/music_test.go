package media

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"asterism/codecs"
	"asterism/codecs/g711"
)

// counter is a source that counts samples, in steps G.711 keeps apart.
type counter struct{ n int }

func (*counter) Rate() int { return 8000 }
func (c *counter) Read(pcm []int16) (int, error) {
	for i := range pcm {
		pcm[i] = int16(c.n / 8 % 100 * 256)
		c.n++
	}
	return len(pcm), nil
}

// studio is music whose goroutine the test is.
func studio(l *Lab, src Source) *Music {
	m := NewMusic("test", src)
	m.engine, m.open = l.e, true
	return m
}

// hold lets time pass for shard and studio.
func hold(l *Lab, m *Music, d time.Duration) {
	for end := l.s.now + int64(d); l.s.now < end; {
		if !m.advance(l.s.now) {
			m.open = true // nobody listens yet: no goroutine all the same
		}
		l.Advance(5 * time.Millisecond)
	}
}

func musicPort(l *Lab, m *Music, f codecs.Format, ptime time.Duration) *Port {
	p := l.Port(PortConfig{})
	st := AgreedStream(netip.MustParseAddrPort("192.0.2.1:4000"), f)
	st.Ptime = ptime
	p.SetStream(st)
	p.PlayMusic(m, nil)
	l.Obey()
	return p
}

// TestMusicIsEncodedOnce: many listeners of two codecs cost the coders of two; all of a codec hear the same, without a gap.
func TestMusicIsEncodedOnce(t *testing.T) {
	l := NewLab(t)
	m := studio(l, &counter{})
	var ports []*Port
	for range 20 {
		ports = append(ports, musicPort(l, m, FormatULaw, 0), musicPort(l, m, FormatOpus, 0))
	}
	hold(l, m, 2*time.Second)
	if n := m.encodes.Load(); n < 200 || n > 2*(100+musicRing) {
		t.Errorf("%d packets encoded for 40 listeners of 2 codecs in 2 s", n)
	}
	if m.Listeners() != 40 {
		t.Errorf("%d listeners", m.Listeners())
	}
	var first [][]byte
	for i, p := range ports {
		var payloads [][]byte
		packets := l.RTP(p)
		for k, packet := range packets {
			payloads = append(payloads, packet.Payload)
			if k > 0 && packet.SequenceNumber != packets[k-1].SequenceNumber+1 {
				t.Fatalf("listener %d: packet %d has number %d after %d", i, k, packet.SequenceNumber, packets[k-1].SequenceNumber)
			}
		}
		if len(payloads) < 99 {
			t.Fatalf("listener %d hears %d packets", i, len(payloads))
		}
		if i < 2 {
			first = append(first, slices.Concat(payloads...))
		} else if !slices.Equal(slices.Concat(payloads...), first[i%2]) {
			t.Errorf("listener %d does not hear what the first one does", i)
		}
	}
	for _, p := range ports {
		p.Close()
	}
	l.Obey()
	if m.Listeners() != 0 || m.advance(l.s.now) {
		t.Errorf("%d listeners in the end", m.Listeners())
	}
}

// TestMusicGoesOn: every sample of the source is heard, in packets of any length, and whoever comes later hears the moment.
func TestMusicGoesOn(t *testing.T) {
	for _, ptime := range []time.Duration{10, 20, 30, 40, 60} {
		l := NewLab(t)
		m := studio(l, &counter{})
		early := musicPort(l, m, FormatULaw, ptime*time.Millisecond)
		hold(l, m, 500*time.Millisecond)
		late := musicPort(l, m, FormatULaw, ptime*time.Millisecond)
		hold(l, m, 3*time.Second)
		var pcm, tail []int16
		for _, packet := range l.RTP(early) {
			pcm = append(pcm, decodeULaw(t, packet.Payload)...)
		}
		for _, packet := range l.RTP(late) {
			tail = append(tail, decodeULaw(t, packet.Payload)...)
		}
		want, coded := make([]int16, len(pcm)+800), make([]byte, len(pcm)+800)
		_, _ = (&counter{}).Read(want)
		_, _ = (g711.ULaw{}).Encode(coded, want)
		want = decodeULaw(t, coded)
		if !slices.ContainsFunc([]int{0, 80, 160, 240, 320, 400, 480}, func(from int) bool { return slices.Equal(pcm, want[from:][:len(pcm)]) }) {
			t.Errorf("%d ms: %d samples are not the source's", ptime, len(pcm))
		}
		if len(tail) < 23000 || !slices.Equal(tail, pcm[len(pcm)-len(tail):]) {
			t.Errorf("%d ms: who comes later hears something else, %d samples", ptime, len(tail))
		}
	}
}

func decodeULaw(t *testing.T, payload []byte) []int16 {
	pcm := make([]int16, len(payload))
	if _, err := (g711.ULaw{}).Decode(pcm, payload); err != nil {
		t.Fatal(err)
	}
	return pcm
}

// TestMusicAway: a studio that was asleep goes on where the music stood; listeners hear silence meanwhile and no burst after.
func TestMusicAway(t *testing.T) {
	l := NewLab(t)
	m := studio(l, &counter{})
	p := musicPort(l, m, FormatULaw, 0)
	hold(l, m, time.Second)
	l.RTP(p)
	l.Advance(2 * time.Second) // no studio
	if n := len(l.RTP(p)); n > musicLead/2+1 {
		t.Errorf("%d packets without a studio", n)
	}
	hold(l, m, time.Second)
	if n := len(l.RTP(p)); n < 48 || n > 51 {
		t.Errorf("%d packets in a second", n)
	}
}

// TestMusicReplaced: another playback, stop and a change of codec leave the track.
func TestMusicReplaced(t *testing.T) {
	l := NewLab(t)
	m := studio(l, &counter{})
	p := musicPort(l, m, FormatULaw, 0)
	hold(l, m, 100*time.Millisecond)
	p.SetStream(AgreedStream(netip.MustParseAddrPort("192.0.2.1:4000"), FormatALaw))
	l.Obey()
	hold(l, m, 100*time.Millisecond)
	got := l.RTP(p)
	if len(m.tracks) != 1 || got[0].PayloadType != 0 || got[len(got)-1].PayloadType != 8 {
		t.Errorf("%d tracks after a change of codec", len(m.tracks))
	}
	done := 0
	stop := p.PlayMusic(m, func() { done++ })
	l.Obey()
	hold(l, m, 50*time.Millisecond)
	if m.Listeners() != 1 {
		t.Errorf("%d listeners", m.Listeners())
	}
	stop()
	stop()
	l.Obey()
	if m.Listeners() != 0 || done != 1 {
		t.Errorf("stopped: %d listeners, done %d times", m.Listeners(), done)
	}
}

// TestMusicEngine: with a clock of its own, and nothing left behind.
func TestMusicEngine(t *testing.T) {
	e, err := New(Config{Shards: 2, PortMin: 26000, PortMax: 26099})
	if err != nil {
		t.Fatal(err)
	}
	m := NewMusic("test", &counter{})
	a, b := e.NewPair(PortConfig{}, PortConfig{})
	defer e.Close()
	heard := make(chan struct{}, 1000)
	link, err := Connect(b, mustPort(t, e), sinkFunc(func(*Frame) { heard <- struct{}{} }), Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer link.Disconnect()
	stop := a.PlayMusic(m, nil)
	for range 10 {
		select {
		case <-heard:
		case <-time.After(5 * time.Second):
			t.Fatal("no music")
		}
	}
	stop()
}

func mustPort(t *testing.T, e *Engine) *Port {
	p, err := e.NewPort(PortConfig{LocalIP: netip.MustParseAddr("127.0.0.1")})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

type sinkFunc func(*Frame)

func (f sinkFunc) WriteFrame(fr *Frame) error { f(fr); return nil }

func musicLab(tb testing.TB) (*Lab, *Port, *playback) {
	l := NewLab(tb)
	m := studio(l, &counter{})
	p := musicPort(l, m, FormatULaw, 0)
	hold(l, m, 200*time.Millisecond)
	for n := range musicRing { // a frame for ever
		f := *p.playback.listen.track.ring[0].Load()
		f.number = int64(n)
		p.playback.listen.track.ring[n].Store(&f)
	}
	l.Quiet()
	return l, p, p.playback
}

// again sends the same moment once more.
func (b *playback) again(s *shard) {
	b.next = 10 * int64(b.ptime)
	b.tickMusic(s)
}

func TestMusicAllocs(t *testing.T) {
	l, _, b := musicLab(t)
	if n := testing.AllocsPerRun(100, func() { b.again(l.s) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func BenchmarkMusicListener(b *testing.B) {
	l, _, pb := musicLab(b)
	b.ReportAllocs()
	for b.Loop() {
		pb.again(l.s)
	}
}

// TestMusicResampled: a source of another rate is one unbroken sound, too.
func TestMusicResampled(t *testing.T) {
	for _, rate := range []int{16000, 44100, 48000} {
		l := NewLab(t)
		m := studio(l, Tone(rate, []float64{440}, nil, 0))
		p := musicPort(l, m, FormatULaw, 0)
		hold(l, m, 5*time.Second)
		var pcm []int16
		for _, packet := range l.RTP(p) {
			pcm = append(pcm, decodeULaw(t, packet.Payload)...)
		}
		if share := ToneShare(pcm[800:], 8000, 440); len(pcm) < 39000 || share < 0.99 {
			t.Errorf("%d Hz: %d samples, share of the tone %.3f", rate, len(pcm), share)
		}
	}
}
