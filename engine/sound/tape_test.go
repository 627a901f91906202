package sound

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestTape: what goes in at the media thread's end is in the file, sample by sample; the end can be left out.
func TestTape(t *testing.T) {
	for _, tt := range []struct {
		name   string
		o      RecordOptions
		trim   time.Duration
		blocks int
		want   int // samples
	}{
		{"x.wav", RecordOptions{Rate: 8000}, 0, 500, 80000},
		{"x.wav", RecordOptions{Rate: 8000}, time.Second, 500, 72000},
		{"x.sln16", RecordOptions{Rate: 16000}, 0, 10, 1600},
		{"x.wav", RecordOptions{Rate: 8000, Stereo: true}, 500 * time.Millisecond, 100, 16000 - 8000},
		{"x.wav", RecordOptions{Rate: 8000}, time.Hour, 10, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			root, err := os.OpenRoot(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			r, err := Create(root, tt.name, tt.o)
			if err != nil {
				t.Fatal(err)
			}
			tape := NewTape(r)
			var all []int16
			block := make([]int16, 160)
			for i := range tt.blocks {
				for k := range block {
					block[k] = int16(i*160 + k)
				}
				tape.Write(block)
				all = append(all, block...)
				time.Sleep(20 * time.Millisecond)
			}
			if n := testing.AllocsPerRun(1, func() { tape.Write(nil) }); n != 0 {
				t.Errorf("%v allocations a block", n)
			}
			if err := tape.Close(tt.trim); err != nil || tape.Lost() != 0 {
				t.Errorf("%v, %v lost", err, tape.Lost())
			}
			file, err := root.ReadFile(tt.name)
			if err != nil {
				t.Fatal(err)
			}
			if tt.name == "x.wav" {
				file = file[wavHeaderSize:]
			}
			got, err := decodePCM16(file, binary.LittleEndian)
			if err != nil || !slices.Equal(got, all[:tt.want]) {
				t.Errorf("%s: %d samples, %v; want %d", tt.name, len(got), err, tt.want)
			}
		})
	}
}

// TestTapeOfASlowDisk: a full ring loses whole blocks and says so.
func TestTapeOfASlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root, err := os.OpenRoot(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		r, err := Create(root, "x.wav", RecordOptions{Rate: 8000})
		if err != nil {
			t.Fatal(err)
		}
		tape := newTape(r)
		block := make([]int16, 160)
		for range 250 { // 5 s at once
			tape.Write(block)
		}
		if tape.Lost() != time.Second {
			t.Errorf("lost %v", tape.Lost())
		}
		go tape.run()
		if err := tape.Discard(); err != nil || (Archive{{"/r", root}}).Has("x.wav") {
			t.Error("it left something behind", err)
		}
	})
}

func TestTapeOfAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root, err := os.OpenRoot(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		r, err := Create(root, "x.sln", RecordOptions{Rate: 8000})
		if err != nil {
			t.Fatal(err)
		}
		r.store = &fullDisk{r.file, 0, 20000}
		tape := NewTape(r)
		for range 100 {
			tape.Write(make([]int16, 160))
			time.Sleep(20 * time.Millisecond)
		}
		<-tape.Failed()
		if err := tape.Close(0); !errors.Is(err, ErrCut) {
			t.Errorf("%v", err)
		}
		if info, err := root.Stat("x.sln"); err != nil || info.Size() != 20000 {
			t.Errorf("%v, %v", info, err)
		}
	})
}

func TestArchive(t *testing.T) {
	dir, spool := t.TempDir(), t.TempDir()
	a, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := os.OpenRoot(spool)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	archive := Archive{{dir, a}, {spool, b}}
	for name, want := range map[string]string{"en/x.wav": dir + "/en/x.wav", dir + "/y.gsm": dir + "/y.gsm", "v.wav49": dir + "/v.WAV", spool + "/monitor/z.wav": spool + "/monitor/z.wav",
		"/etc/x.wav": "", "../x.wav": "", spool + "/../x.wav": "", "x.mp3": ""} {
		r, err := archive.Create(name, RecordOptions{Rate: 8000})
		if (err == nil) != (want != "") {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		if archive.Has(name) {
			t.Errorf("%s is there before it is closed", name)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(want); err != nil || !archive.Has(name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What a process that died left behind, in two channels.
	r, err := archive.Create(spool+"/monitor/dead.wav", RecordOptions{Rate: 8000, Stereo: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Write(make([]int16, 16000)); err != nil {
		t.Fatal(err)
	}
	_ = r.file.Close()
	names, err := archive.Recover()
	if err != nil || !slices.Equal(names, []string{spool + "/monitor/dead.wav"}) {
		t.Fatal(names, err)
	}
	file, _ := os.ReadFile(names[0])
	if f, _, n, err := scanWAV(bytes.NewReader(file), int64(len(file))); err != nil || f.channels != 2 || n != 32000 {
		t.Errorf("%+v %d %v", f, n, err)
	}
}
