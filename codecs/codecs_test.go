package codecs

import (
	"math"
	"strings"
	"testing"
)

func TestRegistry(t *testing.T) {
	names := map[string]bool{}
	for _, c := range All() {
		if names[c.Name] {
			t.Errorf("%s is there twice", c.Name)
		}
		names[c.Name] = true
		if got, ok := ByName(strings.ToUpper(c.Name)); !ok || got.Format != c.Format {
			t.Errorf("ByName(%q) = %v, %v", c.Name, got.Format, ok)
		}
		if got, ok := ByFormat(Format{strings.ToLower(c.Format.Name), c.Format.Rate, c.Format.Channels}); !ok || got.Name != c.Name {
			t.Errorf("ByFormat(%v) = %s, %v", c.Format, got.Name, ok)
		}
		if (c.NewEncoder == nil) != (c.NewDecoder == nil) || c.SampleRate <= 0 || c.StaticPT > 95 {
			t.Errorf("%s: inconsistent", c.Name)
		}
	}
	for name, pt := range map[string]int{"ulaw": 0, "gsm": 3, "alaw": 8, "g722": 9, "g729": 18, "opus": -1} {
		if c, ok := ByName(name); !ok || c.StaticPT != pt {
			t.Errorf("%s: static payload type %d, want %d", name, c.StaticPT, pt)
		}
	}
	if _, ok := ByName("nosuch"); ok {
		t.Error("found a codec that does not exist")
	}
	if c, ok := ByFormat(Format{Name: "pcmu", Rate: 8000}); !ok || c.Name != "ulaw" {
		t.Error("no channel count should mean one")
	}
	if _, ok := ByFormat(Format{"PCMU", 16000, 1}); ok {
		t.Error("PCMU at 16 kHz is not ulaw")
	}
}

// TestCoders sends a tone through every codec that has coders, at every rate it offers, and wants it back.
func TestCoders(t *testing.T) {
	for _, c := range All() {
		if c.NewEncoder == nil {
			continue
		}
		for _, rate := range append([]int{c.SampleRate}, c.Rates...) {
			t.Run(c.Name, func(t *testing.T) {
				enc, err := c.NewEncoder(EncoderOptions{SampleRate: rate})
				if err != nil {
					t.Fatal(err)
				}
				newDecoder := c.NewDecoder
				if rate != c.SampleRate {
					newDecoder = func() (Decoder, error) { return c.NewDecoderAt(rate) }
				}
				dec, err := newDecoder()
				if err != nil {
					t.Fatal(err)
				}
				checkTone(t, enc, dec, rate)
			})
		}
	}
}

func checkTone(t *testing.T, enc Encoder, dec Decoder, rate int) {
	t.Helper()
	n := rate / 50
	pcm, out, data := make([]int16, n), make([]int16, 6*n), make([]byte, 8192)
	phase, power, match, quad := 0, 0.0, 0.0, 0.0
	for frame := range 25 {
		for i := range pcm {
			pcm[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(phase+i)/float64(rate)))
		}
		size, err := enc.Encode(data, pcm)
		if err != nil {
			t.Fatal(err)
		}
		got, err := dec.Decode(out, data[:size])
		if err != nil || got != n {
			t.Fatalf("decoded %d samples of %d: %v", got, n, err)
		}
		for i, s := range out[:n] {
			if frame >= 5 { // coders take a while to settle
				w := 2 * math.Pi * 440 * float64(phase+i) / float64(rate)
				power += float64(s) * float64(s)
				match += float64(s) * math.Sin(w)
				quad += float64(s) * math.Cos(w)
			}
		}
		phase += n
	}
	// Share of the power that is the tone.
	if share := 2 * (match*match + quad*quad) / power / float64(20*n); share < 0.9 {
		t.Errorf("tone share %.3f", share)
	}
}

func FuzzDecoders(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0xFC, 0xFF, 0xFE})
	var decoders []Decoder
	for _, c := range All() {
		if c.NewDecoder != nil {
			d, err := c.NewDecoder()
			if err != nil {
				f.Fatal(err)
			}
			decoders = append(decoders, d)
		}
	}
	out := make([]int16, 48000*120/1000)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, d := range decoders {
			if n, err := d.Decode(out, b); n < 0 || n > len(out) || (err != nil && n != 0) {
				t.Fatalf("%T: %d samples, %v", d, n, err)
			}
		}
	})
}
