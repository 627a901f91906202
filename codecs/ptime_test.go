package codecs

import (
	"testing"
	"time"
)

func TestPtime(t *testing.T) {
	for _, tt := range []struct {
		codec, fmtp string
		want        map[int]int // ms asked for: ms made
	}{
		{"ulaw", "", map[int]int{0: 10, 5: 10, 10: 10, 20: 20, 25: 20, 30: 30, 40: 40, 60: 60, 200: 60}},
		{"g722", "", map[int]int{10: 10, 30: 30, 50: 50, 60: 60}},
		{"gsm", "", map[int]int{10: 20, 20: 20, 30: 20, 40: 40, 50: 40, 60: 60}},
		{"opus", "", map[int]int{10: 10, 20: 20, 30: 20, 40: 40, 50: 40, 60: 60, 120: 60}},
		{"opus", "minptime=10;useinbandfec=1", map[int]int{10: 10, 20: 20}},
		{"opus", "minptime=20;maxptime=40", map[int]int{10: 20, 60: 40}},
		{"opus", "ptime=60", map[int]int{20: 60}},
		{"slin", "", map[int]int{20: 20, 60: 60}},
		{"slin16", "", map[int]int{20: 20, 60: 40}},
		{"slin48", "", map[int]int{20: 10, 10: 10}},
		{"slin192", "", map[int]int{20: 5}},
	} {
		c, _ := ByName(tt.codec)
		for want, made := range tt.want {
			if got := c.Ptime(time.Duration(want)*ms, tt.fmtp); got != time.Duration(made)*ms {
				t.Errorf("%s %q asked for %d ms: %v, want %d ms", tt.codec, tt.fmtp, want, got, made)
			}
		}
	}
}

// TestEveryPtime: what Ptime says can be made, and comes back as long.
func TestEveryPtime(t *testing.T) {
	for _, c := range All() {
		if c.NewEncoder == nil {
			continue
		}
		for _, rate := range append([]int{c.SampleRate}, c.Rates...) {
			e, err := c.NewEncoder(EncoderOptions{SampleRate: rate})
			if err != nil {
				t.Fatal(err)
			}
			d, err := c.NewDecoder()
			if err != nil {
				t.Fatal(err)
			}
			data, out := make([]byte, 2048), make([]int16, c.SampleRate*120/1000)
			for want := range 80 * ms / (5 * ms) {
				ptime := c.Ptime(want*5*ms, "")
				samples := int(ptime * time.Duration(rate) / time.Second)
				n, err := e.Encode(data, make([]int16, samples))
				if err != nil {
					t.Fatalf("%s at %d Hz: %v: %v", c.Name, rate, ptime, err)
				}
				if got, err := d.Decode(out, data[:n]); err != nil || got != samples*c.SampleRate/rate {
					t.Fatalf("%s at %d Hz: %v: %d samples, %v", c.Name, rate, ptime, got, err)
				}
			}
		}
	}
}
