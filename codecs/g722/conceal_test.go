package g722

import (
	"math"
	"testing"

	"asterism/codecs/codectest"
)

const frame = SampleRate / 50

// lossy decodes the signal with the frames for which lost says so replaced by fill.
func lossy(t *testing.T, pcm []int16, lost func(frame int) bool, fill func(d *Decoder, dst []int16)) (want, got []int16) {
	t.Helper()
	code := encode(t, pcm)
	want, got = decode(t, code), make([]int16, len(pcm))
	d := NewDecoder()
	for at := 0; at+frame <= len(pcm); at += frame {
		if lost(at / frame) {
			fill(d, got[at:at+frame])
		} else if _, err := d.Decode(got[at:at+frame], code[at/2:(at+frame)/2]); err != nil {
			t.Fatal(err)
		}
	}
	return want, got
}

func silence(*Decoder, []int16) {}

// only keeps the frames chosen.
func only(pcm []int16, chosen func(frame int) bool) (kept []int16) {
	for at := 0; at+frame <= len(pcm); at += frame {
		if chosen(at / frame) {
			kept = append(kept, pcm[at:at+frame]...)
		}
	}
	return kept
}

// TestConceal wants the lost frames, and the one after each, nearer to what was sent than with silence in the gaps.
func TestConceal(t *testing.T) {
	vowel := make([]int16, SampleRate) // 125 Hz with two formants, slowly louder and softer
	for i := range vowel {
		x := 0.0
		for h := 1; h <= 24; h++ {
			f := 125 * float64(h)
			g := math.Exp(-(f-600)*(f-600)/1e5) + math.Exp(-(f-1800)*(f-1800)/2e5)/2
			x += g * math.Sin(2*math.Pi*f*float64(i)/SampleRate+float64(h*h))
		}
		vowel[i] = int16(x * 4000 * (1 + 0.3*math.Sin(2*math.Pi*3*float64(i)/SampleRate)))
	}
	lost := func(n int) bool { return n%7 == 5 }
	after := func(n int) bool { return n%7 == 6 }
	for _, tt := range []struct {
		name         string
		pcm          []int16
		inGap, later float64 // dB; silence has 0 in the gap
	}{
		{"tone", codectest.Find(t, signals, "tone"), 8, 12},
		{"vowel", vowel, 6, 10},
	} {
		want, got := lossy(t, tt.pcm, lost, (*Decoder).Conceal)
		if s := snr(only(want, lost), only(got, lost)); s < tt.inGap {
			t.Errorf("%s: %.1f dB in the gaps, want %.0f", tt.name, s, tt.inGap)
		}
		_, mute := lossy(t, tt.pcm, lost, silence)
		s, base := snr(only(want, after), only(got, after)), snr(only(want, after), only(mute, after))
		if s < tt.later || s < base+1 {
			t.Errorf("%s: %.1f dB after the gaps, want %.0f; %.1f with silence", tt.name, s, tt.later, base)
		}
	}
}

// TestConcealFades: full level at once, nothing after 60 ms, and no sound out of nothing.
func TestConcealFades(t *testing.T) {
	d, out := NewDecoder(), make([]int16, frame)
	d.Conceal(out)
	if p := peak(out); p > 8 {
		t.Errorf("before the first packet: %d", p)
	}
	d = NewDecoder()
	pcm := codectest.Find(t, signals, "tone")
	if _, err := d.Decode(pcm, encode(t, pcm)); err != nil {
		t.Fatal(err)
	}
	loud := peak(pcm)
	for n, limits := range [][2]int{{loud * 3 / 4, loud * 9 / 8}, {loud / 3, loud}, {0, loud / 2}, {0, loud / 16}, {0, 8}} {
		d.Conceal(out)
		if p := peak(out); p < limits[0] || p > limits[1] {
			t.Errorf("lost frame %d: peak %d, want %v", n, p, limits)
		}
	}
}

// TestConcealSteps: where our sound begins and ends, the wave does not jump.
func TestConcealSteps(t *testing.T) {
	pcm := codectest.Find(t, signals, "tone")
	want, got := lossy(t, pcm, func(n int) bool { return n%7 == 5 }, (*Decoder).Conceal)
	most := func(x []int16) (step int) {
		for i := frame; i < len(x); i++ {
			step = max(step, int(x[i])-int(x[i-1]), int(x[i-1])-int(x[i]))
		}
		return step
	}
	if g, w := most(got), most(want); g > 2*w {
		t.Errorf("steps up to %d, the tone has %d", g, w)
	}
}

func peak(pcm []int16) (most int) {
	for _, s := range pcm {
		most = max(most, int(s), -int(s))
	}
	return most
}

// FuzzConceal: any mixture of packets and losses of any size fills what it should, and with all lost, it falls silent.
func FuzzConceal(f *testing.F) {
	f.Add([]byte{4, 1, 2, 3, 4, 0x80, 2, 9, 9, 0xFF})
	f.Fuzz(func(t *testing.T, b []byte) {
		d, out := NewDecoder(), make([]int16, 2*frame)
		for len(b) > 0 {
			op := int(b[0])
			b = b[1:]
			if op >= 0x80 {
				d.Conceal(out[:op-0x80])
				continue
			}
			n := min(op, len(b))
			if got, err := d.Decode(out, b[:n]); got != 2*n || err != nil {
				t.Fatal(got, err)
			}
			b = b[n:]
		}
		for range 50 {
			d.Conceal(out)
		}
		if p := peak(out); p > 64 {
			t.Fatalf("after 2 s without packets: %d", p)
		}
	})
}
