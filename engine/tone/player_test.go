package tone

import (
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"asterism/codecs/g711"
)

func play(t *testing.T, text string, amplitude float64, samples int) []int16 {
	t.Helper()
	list, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, samples)
	n, err := list.Player(amplitude).Read(pcm)
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return pcm[:n]
}

// amplitudeAt is the amplitude of hz in pcm by correlation; exact where pcm holds whole periods.
func amplitudeAt(pcm []int16, rate int, hz float64) float64 {
	var re, im float64
	for i, v := range pcm {
		w := 2 * math.Pi * hz * float64(i) / float64(rate)
		re += float64(v) * math.Cos(w)
		im += float64(v) * math.Sin(w)
	}
	return 2 * math.Hypot(re, im) / float64(len(pcm))
}

func near(got, want, tolerance float64) bool { return math.Abs(got-want) <= tolerance }

func TestLevels(t *testing.T) {
	second := play(t, "440+480", Amplitude, 16000)[8000:]
	for hz, want := range map[float64]float64{440: Amplitude, 480: Amplitude, 460: 0, 920: 0} {
		if got := amplitudeAt(second, 8000, hz); !near(got, want, 1) {
			t.Errorf("%v Hz has %.1f, want %v", hz, got, want)
		}
	}
	if got := 20 * math.Log10(amplitudeAt(second, 8000, 440)/32768); !near(got, -13.1, 0.1) {
		t.Errorf("a tone is at %.2f dB below full scale, want Asterisk's -13.1", got)
	}
	four := play(t, "400+500+600+700", Amplitude, 8000)
	if top := slices.Max(four); top > 4*Amplitude {
		t.Errorf("four tones reach %d", top)
	}
	if loud := play(t, "400+500+600+700", 3*Milliwatt, 8000); slices.Max(loud) != math.MaxInt16 || slices.Min(loud) != math.MinInt16 {
		t.Error("what is too loud is not cut at full scale")
	}
}

func TestModulation(t *testing.T) {
	pcm := play(t, "400*25", Amplitude, 16000)[8000:]
	for hz, want := range map[float64]float64{400: Amplitude, 375: 0.45 * Amplitude, 425: 0.45 * Amplitude, 450: 0, 25: 0} {
		if got := amplitudeAt(pcm, 8000, hz); !near(got, want, 2) {
			t.Errorf("%v Hz has %.1f, want %.1f", hz, got, want)
		}
	}
}

// TestMilliwatt: 0 dBm0 is the level of G.711's digital milliwatt (table 5/G.711), a 1000 Hz sine of eight octets.
func TestMilliwatt(t *testing.T) {
	sequence := []byte{0x1e, 0x0b, 0x0b, 0x1e, 0x9e, 0x8b, 0x8b, 0x9e}
	pcm := make([]int16, len(sequence))
	if _, err := (g711.ULaw{}).Decode(pcm, sequence); err != nil {
		t.Fatal(err)
	}
	if got := amplitudeAt(pcm, 8000, 1000); !near(got, Milliwatt, 1) {
		t.Errorf("the digital milliwatt has %.1f", got)
	}
	tone := play(t, "1004/1000", AtDBm0(0), 80000)[40000:]
	if got := amplitudeAt(tone, 8000, 1004); !near(got, Milliwatt, 1) {
		t.Errorf("1004 Hz has %.1f, want %v", got, Milliwatt)
	}
	if got := AtDBm0(-20); !near(got, Milliwatt/10, 0.01) {
		t.Errorf("-20 dBm0 is %v", got)
	}
}

// TestPhase: a frequency that goes on over a boundary is one sine, wherever its parts begin, and hours do not wear it out.
func TestPhase(t *testing.T) {
	whole := play(t, "1004", Amplitude, 8000*30)
	for _, text := range []string{"1004/1000", "1004/7", "!1004/13,1004/101,1004", "1004|1004/5"} {
		if got := play(t, text, Amplitude, len(whole)); !slices.Equal(got, whole) {
			t.Errorf("%s is not the same as one tone without an end", text)
		}
	}
	for i, v := range whole { // and that one is a sine from beginning to end
		if i < 32 {
			continue
		}
		if want := Amplitude * math.Sin(2*math.Pi*1004*float64(i)/8000); !near(float64(v), want, 0.6) {
			t.Fatalf("sample %d is %d, want %.1f", i, v, want)
		}
	}
	stays := play(t, "350+440/750,440/750", Amplitude, 8000*6) // the uk's stutter: 440 Hz never stops
	if got := amplitudeAt(stays[8000*3:], 8000, 440); !near(got, Amplitude, 1) {
		t.Errorf("440 Hz has %.1f over parts it is in, want %v", got, Amplitude)
	}
}

func TestCadence(t *testing.T) {
	pcm := play(t, "!480/100,425/480,0/480", Amplitude, 8000*5)
	at := func(ms int) []int16 { return pcm[8*ms : 8*ms+8*40] } // 40 ms: 17 periods of 425 Hz
	for _, tt := range []struct {
		ms int
		on bool
	}{{110, true}, {530, true}, {590, false}, {1010, false}, {1070, true}, {1490, true}, {1560, false}, {4000, true}, {4500, false}} {
		if got := amplitudeAt(at(tt.ms), 8000, 425); tt.on != near(got, Amplitude, 2) || !tt.on && got != 0 {
			t.Errorf("at %d ms 425 Hz has %.1f, want it on: %v", tt.ms, got, tt.on)
		}
	}
	if once := amplitudeAt(pcm[8*2000:], 8000, 480); once > 60 {
		t.Errorf("what sounds once is heard again: %.1f", once)
	}
}

func TestEnd(t *testing.T) {
	list, err := Parse("!950/330,!1400/330,!1800/330")
	if err != nil {
		t.Fatal(err)
	}
	p, buf, total := list.Player(Amplitude), make([]int16, 333), 0
	for {
		n, err := p.Read(buf)
		total += n
		if err != nil {
			if !errors.Is(err, io.EOF) || n != 0 {
				t.Fatalf("%d, %v", n, err)
			}
			break
		}
	}
	if total != 990*8 {
		t.Errorf("%d samples, want %d", total, 990*8)
	}
	if n, err := p.Read(buf); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("after the end %d, %v", n, err)
	}
	if n, err := (List{}).Player(Amplitude).Read(buf); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("an empty list %d, %v", n, err)
	}
}

// TestNoClick: no step between two samples is larger than the tone itself has, neither at its edges nor between two tones.
func TestNoClick(t *testing.T) {
	for _, text := range []string{"425/33,0/33", "425/3,0/3", "425/1,0/1", "!950/333,!1400/333,!1800/333", "350+440/100,440/77,0/50", "400*25/400,0/200", "470/400,425/400"} {
		list, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		steepest := 0.0 // of a sum of sines: all at their steepest at once
		for _, part := range list {
			sum := 0.0
			for i, p := range part.Pitches {
				if !part.Modulated || i == 0 {
					sum += Amplitude * 2 * math.Pi * p.Hz() / 8000
				}
			}
			if part.Modulated {
				sum *= 2
			}
			steepest = max(steepest, sum)
		}
		pcm := append([]int16{0}, play(t, text, Amplitude, 16000)...)
		for i := 1; i < len(pcm); i++ {
			if step := math.Abs(float64(pcm[i]) - float64(pcm[i-1])); step > 1.05*steepest {
				t.Errorf("%s: a step of %.0f at sample %d, the tone's own are %.0f", text, step, i-1, steepest)
				break
			}
		}
		if last := pcm[len(pcm)-1]; text[0] == '!' && (last > 300 || last < -300) {
			t.Errorf("%s: the last sample is %d", text, last)
		}
	}
}

// TestReads: the samples do not depend on how many are asked for at once.
func TestReads(t *testing.T) {
	text := "!425/101,350+440/99,400*25/57,0/13"
	want := play(t, text, Amplitude, 30000)
	list, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	p, r := list.Player(Amplitude), rand.New(rand.NewPCG(1, 2))
	var got []int16
	for len(got) < len(want) {
		buf := make([]int16, r.IntN(400))
		n, err := p.Read(buf)
		if err != nil || n != len(buf) {
			t.Fatal(n, err)
		}
		got = append(got, buf...)
	}
	if !slices.Equal(got[:len(want)], want) {
		t.Error("other samples in other pieces")
	}
}

func TestRate(t *testing.T) {
	for text, want := range map[string]int{"440+480": 8000, "3800": 8000, "3900": 48000, "M127": 48000, "3700*200": 48000, "400,5000": 48000} {
		list, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		p := list.Player(Amplitude)
		if p.Rate() != want {
			t.Errorf("%s: %d Hz, want %d", text, p.Rate(), want)
		}
	}
	if got := amplitudeAt(play(t, "5000", Amplitude, 96000)[48000:], 48000, 5000); !near(got, Amplitude, 1) {
		t.Errorf("5000 Hz has %.1f", got)
	}
}

func TestReadAllocs(t *testing.T) {
	list, err := Parse("350+440/10,440/10,0/10")
	if err != nil {
		t.Fatal(err)
	}
	p, pcm := list.Player(Amplitude), make([]int16, 160)
	for range 10 { // until its room is as large as it will be
		_, _ = p.Read(pcm)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = p.Read(pcm) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func BenchmarkRead(b *testing.B) {
	list, err := Parse("440+480/2000,0/4000")
	if err != nil {
		b.Fatal(err)
	}
	p, pcm := list.Player(Amplitude), make([]int16, 160)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = p.Read(pcm)
	}
}
