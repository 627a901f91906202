package media

import (
	"math"
	"testing"
	"time"
)

// TestRating: the values of G.107 and G.113 as they are published, to a tenth.
func TestRating(t *testing.T) {
	tests := []struct {
		codec  string
		loss   float64
		delay  time.Duration
		r, mos float64
	}{
		{"PCMU", 0, 0, 93.2, 4.41},
		{"PCMU", 0, 100 * time.Millisecond, 93.2, 4.41},
		{"PCMU", 0, 400 * time.Millisecond, 69.1, 3.55},
		{"GSM", 0, 0, 67.2, 3.46},
		{"G729", 0, 0, 82.2, 4.11},
		{"PCMU", 0.05, 0, 77.4, 3.92},
		{"PCMU", 1, 2 * time.Second, 0, 1},
	}
	for _, tt := range tests {
		r := rating(tt.codec, tt.loss, tt.delay)
		if math.Abs(r-tt.r) > 0.3 || math.Abs(opinion(r)-tt.mos) > 0.03 {
			t.Errorf("%s, %.0f %% lost, %v: R %.2f, MOS %.2f; want %.1f, %.2f", tt.codec, 100*tt.loss, tt.delay, r, opinion(r), tt.r, tt.mos)
		}
	}
	for r, last := 0., 0.; r <= 100; r++ {
		if got := opinion(r); got < last || got < 1 || got > 4.5 {
			t.Errorf("MOS of %.0f is %.2f after %.2f", r, got, last)
		} else {
			last = got
		}
	}
}
