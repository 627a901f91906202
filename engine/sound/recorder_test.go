package sound

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func openRoot(t testing.TB) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

// record writes pcm in pieces of odd sizes.
func record(t testing.TB, root *os.Root, name string, o RecordOptions, pcm []int16) *Recorder {
	t.Helper()
	r, err := Create(root, name, o)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for rest := pcm; len(rest) > 0; {
		n := min(random.IntN(1000), len(rest))
		if err := r.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	return r
}

func closed(t testing.TB, r *Recorder) {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

// filesOf are the files beneath root.
func filesOf(t testing.TB, root *os.Root) string {
	t.Helper()
	var names []string
	err := fs.WalkDir(root.FS(), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

// snr is how much louder want is than its difference to got, dB.
func snr(got, want []int16) float64 {
	var signal, noise float64
	for i := range min(len(got), len(want)) {
		d := float64(got[i]) - float64(want[i])
		signal += float64(want[i]) * float64(want[i])
		noise += d * d
	}
	return 10 * math.Log10(signal/max(noise, 1e-9))
}

// snrDelayed is snr at the best delay of got.
func snrDelayed(got, want []int16) float64 {
	best := math.Inf(-1)
	for delay := range min(60, len(got)) {
		best = max(best, snr(got[delay:], want))
	}
	return best
}

type kind struct {
	extension string
	rate      int
	block     int
	snr       float64 // infinite: every sample is kept
}

// kinds are all formats that are written: the rate, the samples of a block, and the SNR that they keep of speech, dB.
var kinds = []kind{
	{"wav", 8000, 1, math.Inf(1)}, {"wav16", 16000, 1, math.Inf(1)},
	{"sln", 8000, 1, math.Inf(1)}, {"sln12", 12000, 1, math.Inf(1)}, {"sln16", 16000, 1, math.Inf(1)}, {"sln24", 24000, 1, math.Inf(1)},
	{"sln32", 32000, 1, math.Inf(1)}, {"sln44", 44100, 1, math.Inf(1)}, {"sln48", 48000, 1, math.Inf(1)},
	{"ulaw", 8000, 1, 35}, {"ul", 8000, 1, 35}, {"alaw", 8000, 1, 35}, {"al", 8000, 1, 35},
	{"g722", 16000, 2, 22}, {"gsm", 8000, 160, 14}, {"WAV", 8000, 320, 14},
}

// TestRecord: what is written reads back: the same samples, or as near as the coding allows.
func TestRecord(t *testing.T) {
	for _, k := range kinds {
		root := openRoot(t)
		pcm := speech(k.rate)
		name := "monitor/2026/x." + k.extension
		r := record(t, root, name, RecordOptions{Rate: k.rate}, pcm)
		if parts := filesOf(t, root); !strings.HasPrefix(parts, "monitor/2026/.x."+k.extension+".") || strings.Contains(parts, " ") {
			t.Errorf("%s: while recording there is %s", k.extension, parts)
		}
		if got, want := r.Duration(), NewClip(k.rate, pcm).Duration(); (got-want).Abs() > time.Millisecond || r.Name() != name {
			t.Errorf("%s: %v of %s, want %v", k.extension, got, r.Name(), want)
		}
		closed(t, r)
		if err := errors.Join(r.Close(), r.Discard()); err != nil {
			t.Errorf("%s: closed again: %v", k.extension, err)
		}
		if err := r.Write(pcm[:1]); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("%s: written after Close: %v", k.extension, err)
		}
		if files := filesOf(t, root); files != name {
			t.Errorf("%s: there is %s", k.extension, files)
		}
		c := decodeNamed(t, filepath.Join(root.Name(), name))
		if want := (len(pcm) + k.block - 1) / k.block * k.block; len(c.pcm) != want || c.rate != k.rate {
			t.Errorf("%s: %d samples at %d Hz, want %d at %d", k.extension, len(c.pcm), c.rate, want, k.rate)
		}
		if math.IsInf(k.snr, 1) && !slices.Equal(c.pcm, pcm) {
			t.Errorf("%s: other samples", k.extension)
		}
		if got := snrDelayed(c.pcm, pcm); !math.IsInf(k.snr, 1) && got < k.snr {
			t.Errorf("%s: %.1f dB, want %.0f", k.extension, got, k.snr)
		}
	}
}

// TestRecordedAsOthersRead: sox and ffmpeg read the same samples from our files as we do.
func TestRecordedAsOthersRead(t *testing.T) {
	for _, tt := range []struct {
		extension, program string
		from               []string
		block              int
	}{
		{"wav", "sox", nil, 1},
		{"wav", "ffmpeg", nil, 1},
		{"wav16", "ffmpeg", nil, 1},
		{"WAV", "sox", []string{"-t", "wav"}, 320},
		{"WAV", "ffmpeg", nil, 320},
		{"gsm", "sox", []string{"-t", "gsm", "-r", "8000", "-c", "1"}, 1},
		{"ulaw", "sox", []string{"-t", "ul", "-r", "8000", "-c", "1"}, 1},
		{"alaw", "sox", []string{"-t", "al", "-r", "8000", "-c", "1"}, 1},
		{"sln16", "sox", []string{"-t", "raw", "-r", "16000", "-e", "signed", "-b", "16", "-c", "1"}, 1},
		{"g722", "ffmpeg", []string{"-f", "g722"}, 1},
	} {
		root := openRoot(t)
		pcm := speech(8000)[:320*20+7] // an odd number of WAV's 65 bytes, which need padding
		closed(t, record(t, root, "x."+tt.extension, RecordOptions{Rate: 8000}, pcm))
		file := filepath.Join(root.Name(), "x."+tt.extension)
		equal(t, tt.extension+" by "+tt.program, decodeNamed(t, file).pcm, by(t, tt.program, file, tt.from...), tt.block)
	}
}

// TestRecordConverts: PCM of any rate goes into a format of any other.
func TestRecordConverts(t *testing.T) {
	for _, tt := range []struct {
		from      int
		extension string
		to        int
		snr       float64
	}{{16000, "wav", 8000, 25}, {8000, "wav16", 16000, 25}, {48000, "sln", 8000, 25}, {44100, "wav", 8000, 25}, {48000, "sln192", 48000, 25}, {8000, "g722", 16000, 15}} {
		root := openRoot(t)
		tone := func(rate int) []int16 {
			pcm := make([]int16, rate+3)
			for i := range pcm {
				pcm[i] = int16(10000 * math.Sin(2*math.Pi*440*float64(i)/float64(rate)))
			}
			return pcm
		}
		closed(t, record(t, root, "x."+tt.extension, RecordOptions{Rate: tt.from}, tone(tt.from)))
		c := decodeNamed(t, filepath.Join(root.Name(), "x."+tt.extension))
		want := tone(tt.to)
		if d := len(c.pcm) - len(want); c.rate != tt.to || d < -3 || d > 3 {
			t.Errorf("%d Hz as %s: %d samples at %d Hz, want %d", tt.from, tt.extension, len(c.pcm), c.rate, len(want))
		}
		// Its tone is found: a filter's delay of less than a sample is no noise.
		var sin, cos, all float64
		for i, s := range c.pcm[200 : len(c.pcm)-200] {
			p := 2 * math.Pi * 440 * float64(i) / float64(tt.to)
			sin, cos, all = sin+float64(s)*math.Sin(p), cos+float64(s)*math.Cos(p), all+float64(s)*float64(s)
		}
		pure := 2 * (sin*sin + cos*cos) / float64(len(c.pcm)-400)
		if got := 10 * math.Log10(pure/max(all-pure, 1)); got < tt.snr || math.Sqrt(2*all/float64(len(c.pcm)-400)) < 9500 {
			t.Errorf("%d Hz as %s: %.1f dB of tone to the rest", tt.from, tt.extension, got)
		}
	}
}

func TestCreateErrors(t *testing.T) {
	root := openRoot(t)
	if err := errors.Join(root.WriteFile("file", nil, 0o600), os.Symlink("/tmp", root.Name()+"/out"), root.Mkdir("dir.wav", 0o700)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		rate int
		err  string
	}{
		{"", 8000, "empty name"},
		{"/etc/x.wav", 8000, "absolute"},
		{"../x.wav", 8000, "no file name"},
		{"a/../../x.wav", 8000, "no file name"},
		{"out/x.wav", 8000, "escapes"},
		{"file/x.wav", 8000, "not a directory"},
		{"x", 8000, `cannot record format ""`},
		{"x.mp3", 8000, `cannot record format "mp3"`},
		{"x.wav", 0, "PCM of 0 Hz"},
		{"x.wav", 192001, "PCM of 192001 Hz"},
	} {
		if _, err := Create(root, tt.name, RecordOptions{Rate: tt.rate}); err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%q: %v, want %q", tt.name, err, tt.err)
		}
	}
	r := record(t, root, "dir.wav", RecordOptions{Rate: 8000}, []int16{1})
	if err := r.Close(); err == nil || errors.Is(err, ErrCut) { // a folder has the name: it is kept under another at the next start
		t.Error(err)
	}
	if names, err := Recover(root); err != nil || fmt.Sprint(names) != "[dir-recovered.wav]" {
		t.Errorf("%v %v", names, err)
	}
}

func TestRecordReplaces(t *testing.T) {
	root := openRoot(t)
	closed(t, record(t, root, "x.wav", RecordOptions{Rate: 8000}, []int16{1, 2, 3}))
	one := record(t, root, "x.wav", RecordOptions{Rate: 8000}, []int16{4})
	two := record(t, root, "x.wav", RecordOptions{Rate: 8000}, []int16{5})
	gone := record(t, root, "x.wav", RecordOptions{Rate: 8000}, []int16{6})
	closed(t, two)
	closed(t, one)
	if err := gone.Discard(); err != nil {
		t.Error(err)
	}
	if got := fmt.Sprint(decodeNamed(t, root.Name()+"/x.wav").pcm); got != "[4]" || filesOf(t, root) != "x.wav" {
		t.Errorf("%s; there is %s", got, filesOf(t, root))
	}
	r := record(t, root, "y.wav49", RecordOptions{Rate: 8000}, nil)
	closed(t, r)
	if r.Name() != "y.WAV" || filesOf(t, root) != "x.wav y.WAV" {
		t.Errorf("%s; there is %s", r.Name(), filesOf(t, root))
	}
}

// fullDisk takes the first bytes of a file and no more, as write(2) does: a part of what does not fit.
type fullDisk struct {
	store
	at, room int64
}

func (d *fullDisk) Write(b []byte) (int, error) {
	fits := min(int64(len(b)), d.room-d.at)
	n, err := d.store.Write(b[:fits])
	d.at += int64(n)
	if fits < int64(len(b)) {
		err = errors.Join(err, syscall.ENOSPC)
	}
	return n, err
}

// TestDiskFull: Write says so, takes no more, and Close keeps what is there, in whole blocks.
func TestDiskFull(t *testing.T) {
	for _, k := range kinds {
		for _, room := range []int64{60, 61, 1000, 7777} {
			root := openRoot(t)
			pcm := speech(k.rate)[:k.rate]
			name := "x." + k.extension
			r, err := Create(root, name, RecordOptions{Rate: k.rate})
			if err != nil {
				t.Fatal(err)
			}
			r.store = &fullDisk{r.file, int64(r.c.headerSize), room}
			err = r.Write(pcm)
			full := r.c.whole(room) < int64(len(pcm)/k.block*r.c.blockSize)
			if full != errors.Is(err, ErrCut) || full != errors.Is(err, syscall.ENOSPC) {
				t.Errorf("%s with room for %d bytes: %v", k.extension, room, err)
			}
			if again := r.Write(pcm[:1]); full && again != err {
				t.Errorf("%s: written again: %v", k.extension, again)
			}
			if err := r.Close(); full != errors.Is(err, ErrCut) || full != (err != nil) {
				t.Errorf("%s: closed: %v", k.extension, err)
			}
			if !full {
				continue
			}
			c := decodeNamed(t, filepath.Join(root.Name(), name))
			if want := int(r.c.whole(room)) / r.c.blockSize * k.block; len(c.pcm) != want {
				t.Errorf("%s with room for %d bytes: %d samples kept, want %d", k.extension, room, len(c.pcm), want)
			}
			if math.IsInf(k.snr, 1) && !slices.Equal(c.pcm, pcm[:len(c.pcm)]) {
				t.Errorf("%s: other samples", k.extension)
			}
		}
	}
}

// TestFullAtTheEnd: the last half second that does not fit is told by Close.
func TestFullAtTheEnd(t *testing.T) {
	root := openRoot(t)
	r := record(t, root, "x.wav", RecordOptions{Rate: 8000}, make([]int16, 100))
	r.store = &fullDisk{r.file, wavHeaderSize, 144}
	if err := r.Close(); !errors.Is(err, ErrCut) || !strings.Contains(err.Error(), "x.wav: recording cut short after 6ms: ") {
		t.Error(err)
	}
	if c := decodeNamed(t, root.Name()+"/x.wav"); len(c.pcm) != 50 {
		t.Errorf("%d samples", len(c.pcm))
	}
}

// TestWAVFull: sizes that the header cannot tell are not written. (The file has a hole of 4 GiB.)
func TestWAVFull(t *testing.T) {
	root := openRoot(t)
	r := record(t, root, "x.wav", RecordOptions{Rate: 8000}, nil)
	r.data = maxWAVData/2*2 - 2000
	if _, err := r.file.Seek(wavHeaderSize+r.data, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if err := r.Write(make([]int16, 4000)); !errors.Is(err, ErrCut) || !errors.Is(err, errFull) {
		t.Fatal(err)
	}
	if err := r.Close(); !errors.Is(err, errFull) {
		t.Fatal(err)
	}
	f, err := root.Open("x.wav")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	_, at, length, err := scanWAV(f, info.Size())
	if err != nil || at != wavHeaderSize || length != maxWAVData/2*2 || at+length != info.Size() {
		t.Errorf("data of %d bytes at %d in a file of %d: %v", length, at, info.Size(), err)
	}
}

func TestWriteAllocates(t *testing.T) {
	r := record(t, openRoot(t), "x.wav", RecordOptions{Rate: 8000}, make([]int16, 8000))
	pcm := make([]int16, 160)
	if n := testing.AllocsPerRun(100, func() { _ = r.Write(pcm) }); n > 1 {
		t.Errorf("%v allocations for 20 ms", n)
	}
	closed(t, r)
}
