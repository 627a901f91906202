package sound

import (
	"io"
	"io/fs"
	"math"
	"slices"
	"testing"
	"testing/fstest"
	"time"
)

// counting is a sound that says of each sample where it is.
func counting(from, n int) *Clip {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(from + i)
	}
	return NewClip(8000, pcm)
}

// readAll reads in pieces of size.
func readAll(t *testing.T, r interface {
	Read([]int16) (int, error)
}, size int) (all []int16) {
	t.Helper()
	buf := make([]int16, size)
	for range 1 << 16 {
		n, err := r.Read(buf)
		all = append(all, buf[:n]...)
		if err == io.EOF {
			return all
		}
		if err != nil || n == 0 {
			t.Fatalf("%d samples, %v", n, err)
		}
	}
	t.Fatal("no end")
	return nil
}

// TestSequenceHasNoGap: what several clips give is sample by sample what one of them all would, whatever the size of the reads.
func TestSequenceHasNoGap(t *testing.T) {
	clips := []*Clip{counting(0, 1), counting(1, 159), counting(160, 0), counting(160, 333), counting(493, 80)}
	want := counting(0, 573).pcm
	for _, size := range []int{1, 7, 80, 160, 480, 1000} {
		if got := readAll(t, Sequence(clips...), size); !slices.Equal(got, want) {
			t.Errorf("in pieces of %d: %d samples, not the file's", size, len(got))
		}
		if got := readAll(t, NewPlayer(clips...), size); !slices.Equal(got, want) {
			t.Errorf("a player in pieces of %d: %d samples, not the file's", size, len(got))
		}
	}
}

// TestSequenceOfRates: files of several rates come out at the channel's rate, each as long as it lasts.
func TestSequenceOfRates(t *testing.T) {
	lib := NewLibrary([]fs.FS{fstest.MapFS{"a.ulaw": one(800), "b.sln16": one(3200), "c.sln48": one(9600)}}, 1<<20)
	for rate, want := range map[int]int{8000: 2400, 16000: 4800, 48000: 14400} {
		var clips []*Clip
		for _, name := range []string{"a", "b", "c"} {
			c, err := lib.OpenAt(name, "", rate)
			if err != nil || c.Rate() != rate {
				t.Fatalf("%s at %d Hz: %v, %v", name, rate, c, err)
			}
			clips = append(clips, c)
		}
		if got := len(readAll(t, Sequence(clips...), 160)); got != want {
			t.Errorf("at %d Hz: %d samples, want %d", rate, got, want)
		}
	}
	a, _ := lib.OpenAt("c", "", 8000)
	if b, _ := lib.OpenAt("c", "", 8000); a != b {
		t.Error("converted twice")
	}
}

func TestPlayerControls(t *testing.T) {
	p := NewPlayer(counting(0, 8000), counting(8000, 8000))
	buf := make([]int16, 80)
	read := func(want int16) {
		t.Helper()
		if n, err := p.Read(buf); n != 80 || err != nil || buf[0] != want {
			t.Errorf("%d samples from %d, %v; want from %d", n, buf[0], err, want)
		}
	}
	read(0)
	p.Pause(true)
	if n, err := p.Read(buf); n != 0 || err != nil {
		t.Errorf("paused: %d samples, %v", n, err)
	}
	p.Pause(false)
	read(80)
	p.Seek(time.Second)
	read(8160)
	p.Seek(-10 * time.Millisecond)
	read(8160)
	p.Seek(-time.Minute)
	read(0)
	p.SeekTo(1500 * time.Millisecond)
	read(12000)
	if p.Position() != 1510*time.Millisecond || p.Duration() != 2*time.Second {
		t.Errorf("at %v of %v", p.Position(), p.Duration())
	}
	p.SeekTo(100 * time.Millisecond)
	p.SetVolume(-6.0206)
	read(400)
	p.Seek(time.Hour)
	if _, err := p.Read(buf); err != io.EOF {
		t.Errorf("beyond the end: %v", err)
	}
	loud := NewPlayer(NewClip(8000, []int16{20000, -20000}))
	loud.SetVolume(20)
	if n, _ := loud.Read(buf); n != 2 || buf[0] != math.MaxInt16 || buf[1] != math.MinInt16 {
		t.Errorf("clipped to %v", buf[:2])
	}
}

// TestPlayerSpeed: the time changes, the pitch and the level do not.
func TestPlayerSpeed(t *testing.T) {
	const freq = 440.0
	pcm := make([]int16, 16000)
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(2*math.Pi*freq*float64(i)/8000))
	}
	for _, speed := range []float64{0.5, 0.8, 1.25, 1.5, 2} {
		p := NewPlayer(NewClip(8000, pcm))
		p.SetSpeed(speed)
		got := readAll(t, p, 80)
		if want := 16000 / speed; math.Abs(float64(len(got))-want) > 160 {
			t.Errorf("speed %v: %d samples, want %.0f", speed, len(got), want)
		}
		for at := 0; at+1200 <= len(got); at += 800 { // a piece at a time: where they are joined the phase may move a little
			if share := toneShare(got[at:][:800], freq); share < 0.97 {
				t.Errorf("speed %v: share of the tone %.3f at %d", speed, share, at)
			}
		}
	}
	p := NewPlayer(NewClip(8000, pcm))
	p.SetSpeed(1.5)
	buf := make([]int16, 80)
	_, _ = p.Read(buf)
	if n := testing.AllocsPerRun(100, func() { _, _ = p.Read(buf) }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

// toneShare is the part of a sound's power at freq, at 8000 Hz.
func toneShare(pcm []int16, freq float64) float64 {
	var s, c, power float64
	for i, x := range pcm {
		w := 2 * math.Pi * freq * float64(i) / 8000
		s += float64(x) * math.Sin(w)
		c += float64(x) * math.Cos(w)
		power += float64(x) * float64(x)
	}
	return 2 * (s*s + c*c) / power / float64(len(pcm))
}
