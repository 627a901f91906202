package media_test

import (
	"math"
	"testing"
	"time"

	"asterism/codecs"
	"asterism/codecs/g711"
	"asterism/engine/media"
)

// recording is a tap that keeps what it hears.
type recording struct {
	rate        int
	heard, said []int16
	blocks      int
}

func (r *recording) Rate() int { return r.rate }
func (r *recording) Block(heard, said []int16) {
	r.blocks++
	r.heard, r.said = append(r.heard, heard...), append(r.said, said...)
}

// from is what was heard and said from d after the beginning on.
func (r *recording) from(d time.Duration) (heard, said []int16) {
	n := int(d * time.Duration(r.rate) / time.Second)
	return r.heard[n:], r.said[n:]
}

// sine is a voice of one frequency as G.711, 20 ms at a time.
type sine struct {
	freq  float64
	phase int
}

func (s *sine) ulaw() []byte {
	out := make([]byte, 160)
	_, _ = g711.ULaw{}.Encode(out, s.pcm(160, 8000))
	return out
}

func (s *sine) pcm(n, rate int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(2*math.Pi*s.freq*float64(s.phase+i)/float64(rate)))
	}
	s.phase += n
	return pcm
}

// wantTone holds a sound against a frequency, or silence (0).
func wantTone(t *testing.T, what string, pcm []int16, rate int, freq float64) {
	t.Helper()
	power := 0.0
	for _, s := range pcm {
		power += float64(s) * float64(s)
	}
	rms := math.Sqrt(power / float64(max(len(pcm), 1)))
	switch {
	case freq == 0 && rms > 10:
		t.Errorf("%s: rms %.0f, want silence", what, rms)
	case freq != 0 && (rms < 4500 || rms > 6500):
		t.Errorf("%s: rms %.0f, want 5657", what, rms)
	case freq != 0 && media.ToneShare(pcm, rate, freq) < 0.97:
		t.Errorf("%s: share of %.0f Hz %.3f", what, freq, media.ToneShare(pcm, rate, freq))
	}
}

func TestTapHearsBothSides(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		l := join(t, ulaw, ulaw)
		rec := &recording{rate: rate}
		remove := l.a.Tap(rec)
		l.Obey()
		alice, bob := &sine{freq: 440}, &sine{freq: 620}
		talk := func(n int) {
			for range n {
				l.Receive(l.a, l.alice.Packet(alice.ulaw()), addrA)
				l.Receive(l.b, l.bob.Packet(bob.ulaw()), addrB)
				l.Advance(20 * time.Millisecond)
			}
		}
		talk(100)
		if rec.blocks < 98 || rec.blocks > 100 || len(rec.heard) != rec.blocks*rate/50 {
			t.Fatalf("%d Hz: %d blocks in 2 s, %d samples", rate, rec.blocks, len(rec.heard))
		}
		heard, said := rec.from(200 * time.Millisecond)
		wantTone(t, "heard", heard, rate, 440)
		wantTone(t, "said", said, rate, 620)

		// The bridge goes; the tap stays, and what is said is silence.
		l.bridge.Leave()
		l.Obey()
		talk(50)
		was := rec.blocks
		talk(50)
		n := was * rate / 50
		wantTone(t, "heard alone", rec.heard[n:], rate, 440)
		wantTone(t, "said alone", rec.said[n:], rate, 0)

		// A playback, while Alice's codec changes.
		l.a.SetStream(media.AgreedStream(addrA, media.FormatALaw))
		l.alice.PT = 8
		stop := l.a.Play(media.Tone(8000, []float64{1000}, nil, 0), nil)
		l.Obey()
		for range 50 {
			b := make([]byte, 160)
			_, _ = g711.ALaw{}.Encode(b, alice.pcm(160, 8000))
			l.Receive(l.a, l.alice.Packet(b), addrA)
			l.Advance(20 * time.Millisecond)
		}
		heard = rec.heard[len(rec.heard)-rate/2:]
		wantTone(t, "heard after re-INVITE", heard, rate, 440)
		if share := media.ToneShare(rec.said[len(rec.said)-rate/2:], rate, 1000); share < 0.97 {
			t.Errorf("said: share of what is played %.3f", share)
		}
		stop()
		remove()
		l.Obey()
		was = rec.blocks
		talk(10)
		if rec.blocks != was {
			t.Errorf("%d blocks after it was removed", rec.blocks-was)
		}
	}
}

// TestTapKeepsTime: sound or none, there is a block each 20 ms, and an event takes no time out of the voice.
func TestTapKeepsTime(t *testing.T) {
	l := join(t, ulaw, ulaw)
	rec := &recording{rate: 8000}
	l.a.Tap(rec)
	l.Obey()
	l.Advance(time.Second)
	if rec.blocks < 49 || rec.blocks > 50 {
		t.Fatalf("%d blocks in a silent second", rec.blocks)
	}
	wantTone(t, "before anybody speaks", rec.heard, 8000, 0)
	v := &sine{freq: 440}
	for range 50 {
		l.Receive(l.a, l.alice.Packet(v.ulaw()), addrA)
		l.Advance(20 * time.Millisecond)
	}
	ts := l.alice.TS
	for i := range 10 {
		l.Receive(l.a, l.alice.Event(ts, 5, uint16(160*(i+1)), i == 9, i == 0), addrA)
		l.Advance(20 * time.Millisecond)
	}
	l.alice.TS += 1600
	began := len(rec.heard)
	for range 50 {
		l.Receive(l.a, l.alice.Packet(v.ulaw()), addrA)
		l.Advance(20 * time.Millisecond)
	}
	wantTone(t, "during the digit", rec.heard[began-1000:began], 8000, 0)
	wantTone(t, "after the digit", rec.heard[began+800:], 8000, 440)
}

func TestTapAllocs(t *testing.T) {
	for _, f := range []codecs.Format{media.FormatULaw, {Name: "G722", Rate: 8000, Channels: 1}, media.FormatOpus} {
		l := join(t, []codecs.Format{f}, []codecs.Format{f})
		enc, _ := codecs.ByFormat(f)
		e, err := enc.NewEncoder(codecs.EncoderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		data := make([]byte, 1500)
		v := &sine{freq: 440}
		n, err := e.Encode(data, v.pcm(enc.SampleRate/50, enc.SampleRate))
		if err != nil {
			t.Fatal(err)
		}
		l.a.Tap(&quiet{rate: 8000})
		l.Obey()
		l.Quiet()
		step := uint32(f.Rate/50 - 160)
		say := func() {
			l.Receive(l.a, l.alice.Packet(data[:n]), addrA)
			l.alice.TS += step
			l.Advance(20 * time.Millisecond)
		}
		for range 100 {
			say()
		}
		if allocs := testing.AllocsPerRun(200, say); allocs != 0 {
			t.Errorf("%s: %v allocations a packet", f.Name, allocs)
		}
	}
}

type quiet struct{ rate int }

func (q *quiet) Rate() int          { return q.rate }
func (q *quiet) Block(_, _ []int16) {}
