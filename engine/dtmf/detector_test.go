package dtmf

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// sound is one key as a line brings it.
type sound struct {
	low, high    float64 // Hz; 0: that of the key
	lowDB        float64 // dBm0
	highDB       float64
	ms, pause    int
	shift        float64 // both frequencies are off by this, 0.01 = 1 %
	noiseDB      float64 // dBm0; 0: none
	interruption int     // ms of silence in the middle
}

func (s sound) pcm(key rune, random *rand.Rand) []int16 {
	i := strings.IndexRune(keys, key)
	low, high := rows[i/4], columns[i%4]
	if s.low != 0 {
		low = s.low
	}
	if s.high != 0 {
		high = s.high
	}
	n, gap := s.ms*Rate/1000, s.pause*Rate/1000
	pcm := make([]int16, n+gap)
	for k := range pcm {
		v := 0.0
		if k < n && (k < n/2 || k >= n/2+s.interruption*Rate/1000) {
			t := 2 * math.Pi * float64(k) / Rate * (1 + s.shift)
			v = amplitude(s.lowDB)*math.Sin(t*low) + amplitude(s.highDB)*math.Sin(t*high)
		}
		if s.noiseDB != 0 {
			v += random.NormFloat64() * amplitude(s.noiseDB) / math.Sqrt2
		}
		pcm[k] = int16(max(min(v, math.MaxInt16), math.MinInt16))
	}
	return pcm
}

func amplitude(dBm0 float64) float64 { return milliwatt * math.Pow(10, dBm0/20) }

// heard is what a detector makes of pcm, a packet at a time, and how long it takes to say so at most: after the beginning, and after
// the end, of keys that are ms long and come every period.
func heard(pcm []int16) (text string, events []Event) {
	d := NewDetector()
	for len(pcm) > 0 {
		n := min(160, len(pcm))
		events = d.Process(events, pcm[:n])
		pcm = pcm[n:]
	}
	events = d.End(events)
	for _, e := range events {
		if e.Down {
			text += string(e.Key)
		}
	}
	return text, events
}

const allKeys = "1234567890*#ABCD"

func TestDetector(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	usual := sound{lowDB: -9, highDB: -7, ms: 60, pause: 60}
	with := func(change func(*sound)) sound { s := usual; change(&s); return s }
	tests := []struct {
		name string
		s    sound
		none bool // must not be taken for a key
	}{
		{"usual", usual, false},
		{"40 ms and 40 ms", with(func(s *sound) { s.ms, s.pause = 40, 40 }), false},
		{"long", with(func(s *sound) { s.ms = 700 }), false},
		{"loud", with(func(s *sound) { s.lowDB, s.highDB = -3, -3 }), false},
		{"-25 dBm0", with(func(s *sound) { s.lowDB, s.highDB = -25, -25 }), false},
		{"-30 dBm0", with(func(s *sound) { s.lowDB, s.highDB = -30, -30 }), false},
		{"upper tone 6 dB stronger", with(func(s *sound) { s.lowDB, s.highDB = -13, -7 }), false},
		{"lower tone 6 dB stronger", with(func(s *sound) { s.lowDB, s.highDB = -7, -13 }), false},
		{"1.5 % high", with(func(s *sound) { s.shift = 0.015 }), false},
		{"1.5 % low", with(func(s *sound) { s.shift = -0.015 }), false},
		{"noise 18 dB below", with(func(s *sound) { s.noiseDB = -22 }), false},
		{"a drop-out of 5 ms", with(func(s *sound) { s.ms, s.interruption = 120, 5 }), false},

		{"20 ms", with(func(s *sound) { s.ms = 20 }), true},
		{"-45 dBm0", with(func(s *sound) { s.lowDB, s.highDB = -45, -45 }), true},
		{"12 dB between the tones", with(func(s *sound) { s.lowDB, s.highDB = -19, -7 }), true},
		{"the other way", with(func(s *sound) { s.lowDB, s.highDB = -7, -19 }), true},
		{"8 % off", with(func(s *sound) { s.shift = 0.08 }), true},
		{"noise as loud", with(func(s *sound) { s.noiseDB = -5 }), true},
		{"one tone", with(func(s *sound) { s.highDB = -90 }), true},
		{"the dial tone", with(func(s *sound) { s.low, s.high, s.ms = 350, 440, 1000 }), true},
		{"ringing", with(func(s *sound) { s.low, s.high, s.ms = 440, 480, 1000 }), true},
		{"busy", with(func(s *sound) { s.low, s.high, s.ms = 480, 620, 500 }), true},
		{"a fax calling", with(func(s *sound) { s.low, s.high, s.ms, s.lowDB = 697, 1100, 500, -60 }), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := allKeys
			if tt.none {
				want = ""
			}
			for offset := 0; offset < hop; offset += 5 { // wherever the windows begin
				pcm := make([]int16, 2*offset)
				for _, key := range allKeys {
					pcm = append(pcm, tt.s.pcm(key, random)...)
				}
				if got, _ := heard(pcm); got != want {
					t.Fatalf("windows shifted by %d: heard %q, want %q", 2*offset, got, want)
				}
			}
		})
	}
}

// TestDelays: how long after the tone began and ended the detector says so, and how long it says it was.
func TestDelays(t *testing.T) {
	const ms = 100
	for offset := range window {
		pcm := make([]int16, offset+400)
		began := len(pcm)
		pcm = append(pcm, sound{lowDB: -9, highDB: -7, ms: ms, pause: 60}.pcm('5', nil)...)
		d := NewDetector()
		var down, up, length int
		for i := range pcm {
			for _, e := range d.Process(nil, pcm[i:i+1]) {
				if e.Down {
					down = i - began
				} else {
					up, length = i-began-ms*Rate/1000, e.Samples
				}
			}
		}
		if down > 3*window || up > 3*hop {
			t.Errorf("offset %d: told after %d ms, and of its end after %d", offset, down*1000/Rate, up*1000/Rate)
		}
		if d := length - ms*Rate/1000; d < -window || d > window {
			t.Errorf("offset %d: %d ms long", offset, length*1000/Rate)
		}
	}
}

func TestGenerator(t *testing.T) {
	for _, rate := range []int{8000, 16000, 48000} {
		for i, key := range keys {
			g, ok := NewGenerator(key, rate)
			if !ok {
				t.Fatal(string(key))
			}
			pcm := make([]int16, rate/10)
			g.Read(pcm[:rate/20])
			g.Read(pcm[rate/20:])
			g.Fade(pcm)
			for name, want := range map[string][2]float64{"low": {rows[i/4], lowLevel}, "high": {columns[i%4], highLevel}} {
				if got := dBm0(pcm, rate, want[0]); math.Abs(got-want[1]) > 0.3 {
					t.Errorf("%c at %d Hz: %s tone has %.1f dBm0, want %.0f", key, rate, name, got, want[1])
				}
			}
			if first, last := pcm[0], pcm[len(pcm)-1]; max(first, -first) > 100 || max(last, -last) > 2000 {
				t.Errorf("%c at %d Hz clicks: %d … %d", key, rate, pcm[0], pcm[len(pcm)-1])
			}
			if rate == Rate {
				if got, _ := heard(append(pcm, make([]int16, 400)...)); got != string(key) {
					t.Errorf("%c is heard as %q", key, got)
				}
			}
		}
	}
	for _, key := range "x!E " {
		if _, ok := NewGenerator(key, Rate); ok {
			t.Errorf("%q is a key", key)
		}
	}
}

func dBm0(pcm []int16, rate int, hz float64) float64 {
	var s, c float64
	for i, x := range pcm {
		w := 2 * math.Pi * hz * float64(i) / float64(rate)
		s += float64(x) * math.Sin(w)
		c += float64(x) * math.Cos(w)
	}
	return 20 * math.Log10(2*math.Hypot(s, c)/float64(len(pcm))/milliwatt)
}

// FuzzDetector: whatever comes, keys go down and are let go by turns, each let go as it went down.
func FuzzDetector(f *testing.F) {
	f.Add([]byte("some bytes"), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, cut uint8) {
		pcm := make([]int16, 0, len(b)*40)
		for i, x := range b { // long enough pieces of tones and noise
			for k := range 40 {
				w := 2 * math.Pi * float64(k+40*i) / Rate
				pcm = append(pcm, int16(8000*(math.Sin(w*rows[x&3])+math.Sin(w*columns[x>>2&3])))*int16(x>>4&1)+int16(x>>5)*100)
			}
		}
		d, open, down := NewDetector(), rune(0), 0
		check := func(events []Event) {
			for _, e := range events {
				if e.Down == (open != 0) || !e.Down && e.Key != open || !strings.ContainsRune(keys, e.Key) {
					t.Fatalf("%+v while %q is down", e, open)
				}
				open = 0
				if e.Down {
					open = e.Key
				}
			}
			if d.Open() != open {
				t.Fatalf("Open is %q, want %q", d.Open(), open)
			}
		}
		for len(pcm) > 0 {
			n := min(int(cut)+1, len(pcm))
			check(d.Process(nil, pcm[:n]))
			pcm = pcm[n:]
			down += n
		}
		check(d.End(nil))
		if open != 0 {
			t.Fatal("a key stays down")
		}
	})
}

func TestDetectorAllocs(t *testing.T) {
	d := NewDetector()
	pcm := sound{lowDB: -9, highDB: -7, ms: 100, pause: 100}.pcm('7', nil)
	events := make([]Event, 0, 32)
	if n := testing.AllocsPerRun(50, func() { events = d.Process(events[:0], pcm) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if len(events) != 2 {
		t.Error(fmt.Sprint(events))
	}
}

// BenchmarkDetector: budget 4 µs for 20 ms.
func BenchmarkDetector(b *testing.B) {
	d := NewDetector()
	pcm := sound{lowDB: -9, highDB: -7, ms: 20}.pcm('7', nil)
	events := make([]Event, 0, 32)
	b.ReportAllocs()
	for b.Loop() {
		events = d.Process(events[:0], pcm)
	}
}
