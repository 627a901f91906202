package media_test

import (
	"testing"
	"time"

	"asterism/codecs"
	"asterism/engine/media"
)

// noise is the packet of comfort noise that says the voice pauses; the phone is silent for so many packets after it.
func (l *twoLegs) noise(pt uint8, packets int) {
	l.Receive(l.a, l.alice.Raw(pt, false, l.alice.Seq, l.alice.TS, []byte{60}), addrA)
	l.alice.Seq++
	l.alice.TS += uint32(160 * packets)
	l.Advance(time.Duration(packets) * 20 * time.Millisecond)
}

// TestComfortNoise: to the other leg, who has not agreed on it, it is a pause: no packet, no number, and time goes on. It is no loss
// that a transcoder would make up for, and nothing is counted as lost or unwanted.
func TestComfortNoise(t *testing.T) {
	for _, tt := range []struct {
		name  string
		to    []codecs.Format
		pt    uint8
		waits uint32 // what may wait for a full packet when the pause comes, and is left out
	}{
		{"relayed", ulaw, 13, 0}, {"recoded", alaw, 13, 0}, {"transcoded", g722, 13, 160}, {"as of old", ulaw, 19, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := join(t, ulaw, tt.to)
			l.noise(tt.pt, 5) // before any voice
			v := &sine{freq: 440}
			for range 20 {
				l.say(v.ulaw())
			}
			all := l.say(v.ulaw())
			for range 3 {
				l.noise(tt.pt, 10)
				if got := l.RTP(l.b); len(got) != 0 {
					t.Fatalf("a pause was sent: %v", got)
				}
				all = append(all, l.say(v.ulaw())...)
			}
			if len(all) != 4 {
				t.Fatalf("%d packets, want 4", len(all))
			}
			for i := 1; i < 4; i++ {
				p, q := all[i-1], all[i]
				step := q.Timestamp - p.Timestamp
				if q.SequenceNumber != p.SequenceNumber+1 || step < 11*160 || step > 11*160+tt.waits || !q.Marker {
					t.Errorf("after pause %d: seq +%d, ts +%d, marker %v", i, q.SequenceNumber-p.SequenceNumber, step, q.Marker)
				}
			}
			l.Advance(2 * time.Second) // until the figures are published
			if s := l.a.Stats(); s.Lost != 0 || s.Dropped != 0 {
				t.Errorf("%d lost, %d unwanted", s.Lost, s.Dropped)
			}
		})
	}
}

// TestComfortNoiseBegins: a stream may begin with a pause; a decoder that makes something of nothing (Opus) is not asked.
func TestComfortNoiseBegins(t *testing.T) {
	l := join(t, []codecs.Format{media.FormatOpus}, ulaw)
	c, _ := codecs.ByFormat(media.FormatOpus)
	enc, err := c.NewEncoder(codecs.EncoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	data, v := make([]byte, 1500), &sine{freq: 440}
	for stream := range 2 {
		for range 10 {
			n, err := enc.Encode(data, v.pcm(c.SampleRate/50, c.SampleRate))
			if err != nil {
				t.Fatal(err)
			}
			if got := l.say(data[:n]); len(got) != 1 {
				t.Fatalf("stream %d: %d packets", stream, len(got))
			}
			l.alice.TS += 960 - 160
		}
		l.alice.SSRC, l.alice.Seq, l.alice.TS = l.alice.SSRC+1, 4711, 1<<31
		l.noise(13, 6)
		if got := l.RTP(l.b); len(got) != 0 {
			t.Errorf("stream %d: a pause was sent: %v", stream, got)
		}
	}
}

// TestComfortNoiseIsSilence: what decodes hears the voice, then nothing, and nothing is made up.
func TestComfortNoiseIsSilence(t *testing.T) {
	for _, delayed := range []bool{false, true} {
		l := join(t, ulaw, ulaw)
		if delayed {
			l.a.SetJitterBuffer(&media.FixedJitterBuffer)
		}
		rec := &recording{rate: 8000}
		l.a.Tap(rec)
		l.Obey()
		v := &sine{freq: 440}
		for range 50 {
			l.say(v.ulaw())
		}
		l.noise(13, 50)
		for range 50 {
			l.say(v.ulaw())
		}
		wantTone(t, "before", rec.heard[2000:7000], 8000, 440)
		wantTone(t, "pause", rec.heard[8000+640:16000-160], 8000, 0)
		wantTone(t, "after", rec.heard[17000:23000], 8000, 440)
	}
}

func TestComfortNoiseAllocs(t *testing.T) {
	l := join(t, ulaw, g722)
	l.Quiet()
	v := &sine{freq: 440}
	voice := v.ulaw()
	talk := func() {
		l.Receive(l.a, l.alice.Packet(voice), addrA)
		l.noise(13, 5)
	}
	talk()
	if allocs := testing.AllocsPerRun(100, talk); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
