package sound

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// ramp is a sound of which every sample tells its place.
func ramp(n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(i*7) ^ int16(i>>8)
	}
	return pcm
}

// recordForEver is the process that will be killed: it records into every format at once, tells how many samples each file has taken
// and which names are closed, and begins anew.
func recordForEver(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	pcm := ramp(100_000)
	for round := 0; ; round++ {
		recorders := map[string]*Recorder{}
		for _, k := range kinds {
			r, err := Create(root, fmt.Sprintf("%d/x.%s", round, k.extension), RecordOptions{Rate: k.rate})
			if err != nil {
				return err
			}
			recorders[k.extension] = r
		}
		for at := 0; at < len(pcm); at += 400 {
			for _, r := range recorders {
				if err := r.Write(pcm[at : at+400]); err != nil {
					return err
				}
			}
			fmt.Printf("taken %d %d\n", round, at+400)
		}
		for _, r := range recorders {
			if err := r.Close(); err != nil {
				return err
			}
			fmt.Printf("closed %s\n", r.Name())
		}
	}
}

const crashDir = "ASTERISM_TEST_RECORD_INTO"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		fmt.Fprintln(os.Stderr, recordForEver(dir))
		os.Exit(1)
	}
	if dir := os.Getenv(fullDir); dir != "" {
		if err := fillDisk(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestKilled: of a process killed at any moment, every recording that it closed is complete under its name; every other is
// recovered and lacks at most half a second and a block of what Write had taken.
func TestKilled(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	whole, cut := 0, 0
	for run := range 6 {
		dir := t.TempDir()
		taken, done := killed(t, dir, 1+random.IntN(400))
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		recovered, err := Recover(root)
		if err != nil {
			t.Errorf("run %d: %v", run, err)
		}
		if files := filesOf(t, root); strings.Contains(files, partSuffix) {
			t.Errorf("run %d: after recovery there is %s", run, files)
		}
		for _, name := range done {
			if slices.Contains(recovered, name) {
				t.Errorf("run %d: %s was closed and still unfinished", run, name)
			}
			checkRamp(t, dir, name, 100_000)
		}
		for _, name := range recovered {
			checkRamp(t, dir, name, 0)
		}
		for round, n := range taken {
			for _, k := range kinds {
				if least := n - k.rate/2 - k.block; least > 0 {
					checkRamp(t, dir, fmt.Sprintf("%d/x.%s", round, k.extension), least)
				}
			}
		}
		whole, cut = whole+len(done), cut+len(recovered)
		_ = root.Close()
	}
	if whole == 0 || cut == 0 {
		t.Errorf("%d recordings closed, %d recovered: the kills show nothing", whole, cut)
	}
}

// killed runs recordForEver and kills it after some lines of what it says; samples taken by round, and names closed.
func killed(t *testing.T, dir string, lines int) (taken map[int]int, done []string) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	taken = map[int]int{}
	said := bufio.NewScanner(out)
	for i := 0; said.Scan(); i++ { // to the end: what it said before the kill counts
		if i == lines {
			if err := child.Process.Signal(syscall.SIGKILL); err != nil {
				t.Error(err)
			}
		}
		var round, n int
		if name, ok := strings.CutPrefix(said.Text(), "closed "); ok {
			done = append(done, name)
		} else if _, err := fmt.Sscanf(said.Text(), "taken %d %d", &round, &n); err == nil {
			taken[round] = n
		}
	}
	if err := child.Wait(); err == nil || child.ProcessState.Exited() {
		t.Errorf("the recording process ended by itself: %v", err)
	}
	return taken, done
}

// checkRamp looks whether a file is readable, has at least least samples and, if lossless, the right ones.
func checkRamp(t *testing.T, dir, name string, least int) {
	t.Helper()
	i := slices.IndexFunc(kinds, func(k kind) bool { return "."+k.extension == filepath.Ext(name) })
	c := decodeNamed(t, filepath.Join(dir, name))
	if len(c.pcm) < least || len(c.pcm)%kinds[i].block != 0 || len(c.pcm) > 100_000+kinds[i].block {
		t.Errorf("%s: %d samples, want %d or more", name, len(c.pcm), least)
	}
	if kinds[i].snr > 100 && !slices.Equal(c.pcm, ramp(len(c.pcm))) {
		t.Errorf("%s: other samples", name)
	}
}

// abandon leaves r as a process does that dies: the file is closed by the kernel, nothing else.
func abandon(t testing.TB, r *Recorder) {
	t.Helper()
	if err := errors.Join(r.flush(), r.file.Close()); err != nil {
		t.Fatal(err)
	}
	r.done = true
}

func TestRecover(t *testing.T) {
	root := openRoot(t)
	alive := record(t, root, "a/alive.wav", RecordOptions{Rate: 8000}, []int16{1})
	for _, name := range []string{"a/x.wav", "a/y.gsm", "b.sln"} {
		abandon(t, record(t, root, name, RecordOptions{Rate: 8000}, make([]int16, 500)))
	}
	for range 3 { // all of the same name
		abandon(t, record(t, root, "same.wav", RecordOptions{Rate: 8000}, []int16{5}))
	}
	abandon(t, record(t, root, "empty.wav", RecordOptions{Rate: 8000}, nil))
	abandon(t, record(t, root, "short.gsm", RecordOptions{Rate: 8000}, make([]int16, 159)))
	for _, name := range []string{".x.wav.part", ".x.wav.0123456g.part", ".x.mp3.01234567.part", "x.wav.01234567.part", "..01234567.part"} {
		if err := root.WriteFile(name, []byte("somebody else's"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := root.Symlink("/etc/passwd", ".link.sln.01234567.part"); err != nil {
		t.Fatal(err)
	}
	closed(t, record(t, root, "a/x.wav", RecordOptions{Rate: 8000}, []int16{9}))
	names, err := Recover(root)
	slices.Sort(names)
	if want := "[a/x-recovered.wav a/y.gsm b.sln same-recovered-2.wav same-recovered.wav same.wav]"; err != nil || fmt.Sprint(names) != want {
		t.Errorf("%v %v, want %s", names, err, want)
	}
	if c := decodeNamed(t, root.Name()+"/a/x.wav"); fmt.Sprint(c.pcm) != "[9]" {
		t.Errorf("the finished recording became %v", c.pcm)
	}
	if c := decodeNamed(t, root.Name()+"/a/x-recovered.wav"); len(c.pcm) != 500 {
		t.Errorf("recovered %d samples", len(c.pcm))
	}
	closed(t, alive)
	want := "..01234567.part .link.sln.01234567.part .x.mp3.01234567.part .x.wav.0123456g.part .x.wav.part a/alive.wav a/x-recovered.wav a/x.wav a/y.gsm " +
		"b.sln same-recovered-2.wav same-recovered.wav same.wav x.wav.01234567.part"
	if got := filesOf(t, root); got != want {
		t.Errorf("there is %s, want %s", got, want)
	}
	if names, err := Recover(root); err != nil || names != nil {
		t.Errorf("again: %v %v", names, err)
	}
}

// TestRecoverTwice: a recovery that was itself killed, after the new name and before the old one was removed, leaves no double.
func TestRecoverTwice(t *testing.T) {
	root := openRoot(t)
	r := record(t, root, "x.wav", RecordOptions{Rate: 8000}, []int16{1})
	abandon(t, r)
	if err := root.Link(r.part, "x.wav"); err != nil {
		t.Fatal(err)
	}
	names, err := Recover(root)
	if err != nil || fmt.Sprint(names) != "[x.wav]" || filesOf(t, root) != "x.wav" {
		t.Errorf("%v %v; there is %s", names, err, filesOf(t, root))
	}
}

// TestUnfinishedIsReadable: even before it is recovered, what was written reads with us, sox and ffmpeg.
func TestUnfinishedIsReadable(t *testing.T) {
	for _, extension := range []string{"wav", "WAV"} {
		root := openRoot(t)
		pcm := speech(8000)
		r := record(t, root, "x."+extension, RecordOptions{Rate: 8000}, pcm)
		abandon(t, r)
		file := filepath.Join(root.Name(), "copy."+extension)
		b, err := root.ReadFile(r.part)
		if err == nil {
			err = os.WriteFile(file, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		c := decodeNamed(t, file)
		if len(c.pcm) < len(pcm)-4320 || extension == "wav" && !slices.Equal(c.pcm, pcm[:len(c.pcm)]) {
			t.Errorf("%s: %d samples of %d", extension, len(c.pcm), len(pcm))
		}
		equal(t, extension+" by ffmpeg", by(t, "ffmpeg", file), c.pcm, 1)
		equal(t, extension+" by sox", by(t, "sox", file, "-t", "wav"), c.pcm, 1)
	}
}

// FuzzRecover: a part file cut or spoilt anywhere is recovered as its whole blocks, or removed when it has none.
func FuzzRecover(f *testing.F) {
	f.Add([]byte("RIFF"), uint8(0))
	f.Add(make([]byte, 200), uint8(14))
	f.Add(make([]byte, 191), uint8(15))
	f.Fuzz(func(t *testing.T, in []byte, kind uint8) {
		k := kinds[int(kind)%len(kinds)]
		name := "x." + k.extension
		c, err := containerOf(name)
		if err != nil {
			t.Fatal(err)
		}
		root := openRoot(t)
		if err := root.WriteFile("."+name+".01234567.part", in, 0o600); err != nil {
			t.Fatal(err)
		}
		names, err := Recover(root)
		if err != nil {
			t.Fatal(err)
		}
		whole := max(0, len(in)-c.headerSize) / c.blockSize * c.blockSize
		if whole == 0 {
			if names != nil || filesOf(t, root) != "" {
				t.Fatalf("of nothing there is %v", names)
			}
			return
		}
		b, err := root.ReadFile(name)
		if err != nil || string(b[c.headerSize:c.headerSize+whole]) != string(in[c.headerSize:c.headerSize+whole]) {
			t.Fatalf("%v: the blocks changed: %v", names, err)
		}
		if c.header == nil {
			return
		}
		clip, err := decodeWAV(b)
		if err != nil || len(clip.pcm) != whole/c.blockSize*c.blockSamples || filesOf(t, root) != name {
			t.Fatalf("%v %v", clip, err)
		}
	})
}
