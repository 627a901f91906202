package tests

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"asterism/tests/audio"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdRecorded: recorded FILE HZ|PHONE|PROMPT [left|right] [exact] [lasts=D] [gap=D]. A WAV beneath the spool, which is there within 5 s, has a tone for
// 300 ms, without a longer gap in it than D if one is given, and is so long within 50 ms; or a prompt made by "sound"; exact: sample by sample, which wants a prompt made with ulaw. ! recorded: the tone is nowhere in it.
// ! recorded FILE: there is no such file.
func cmdRecorded(ts *testscript.TestScript, neg bool, args []string) {
	args, opts := options(args)
	need(ts, args, 1, "recorded FILE HZ|PHONE|PROMPT [left|right] [exact]")
	s := sceneOf(ts)
	path := filepath.Join(s.vars["DATA"], "spool", args[0])
	if len(args) == 1 && neg {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			ts.Fatalf("%s is there: %v", args[0], err)
		}
		return
	}
	need(ts, args, 2, "recorded FILE HZ|PHONE|PROMPT [left|right] [exact]")
	pcm, rate, err := recording(path, slices.Contains(args, "left"), slices.Contains(args, "right"))
	ts.Check(err)
	freq, err := strconv.Atoi(args[1])
	if err != nil {
		freq = tones[args[1]]
	}
	if freq != 0 && neg {
		silent, level := audio.Silent(pcm, rate, float64(freq))
		if !silent {
			ts.Fatalf("%s has %d Hz: %v (%d samples)", args[0], freq, level, len(pcm))
		}
		return
	}
	if want := parseDuration(opts["lasts"]); want != 0 {
		if got := time.Duration(len(pcm)) * time.Second / time.Duration(rate); (got - want).Abs() > 50*time.Millisecond {
			ts.Fatalf("%s lasts %v, want %v", args[0], got, want)
		}
	}
	if most := parseDuration(opts["gap"]); most != 0 {
		if gap := audio.Gap(pcm, rate, float64(freq)); gap > most {
			ts.Fatalf("%s has %d Hz with a gap of %v", args[0], freq, gap)
		}
	}
	if freq != 0 {
		if ok, level := audio.Hears(pcm, rate, float64(freq), 300*time.Millisecond); !ok {
			ts.Fatalf("%s has no %d Hz in %d samples: at best %v", args[0], freq, len(pcm), level)
		}
		return
	}
	var clip []int16
	for name := range strings.SplitSeq(args[1], "&") { // one after the other, without a gap
		piece, _, err := audio.ReadWAV(filepath.Join(s.vars["DATA"], "lib", "sounds", "en", name+".wav"), 0)
		ts.Check(err)
		clip = append(clip, piece...)
	}
	if slices.Contains(args, "exact") {
		match, at := audio.Contains(pcm, clip)
		for i := range clip {
			if pcm[at+i] != clip[i] {
				ts.Fatalf("%s has %s at %d with correlation %.4f, but sample %d is %d, want %d", args[0], args[1], at, match, i, pcm[at+i], clip[i])
			}
		}
		return
	}
	match, at := audio.Contains(pcm, clip)
	if match < 0.9 {
		ts.Fatalf("%s has %s at %d of %d samples with correlation %.3f", args[0], args[1], at, len(pcm), match)
	}
}

// recording reads a WAV of 16-bit PCM; of two channels, one.
func recording(path string, left, right bool) (pcm []int16, rate int, err error) {
	var b []byte
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if b, err = os.ReadFile(path); err == nil || time.Now().After(deadline) {
			break
		}
	}
	const header = 44
	if err != nil || len(b) < header {
		return nil, 0, fmt.Errorf("%s: %d bytes, %w", path, len(b), err)
	}
	channels := int(b[22])
	if (channels == 2) != (left || right) {
		return nil, 0, fmt.Errorf("%s has %d channels", path, channels)
	}
	first := 0
	if right {
		first = 1
	}
	for at := header + 2*first; at+2 <= len(b); at += 2 * channels {
		pcm = append(pcm, int16(uint16(b[at])|uint16(b[at+1])<<8))
	}
	return pcm, int(b[24]) | int(b[25])<<8 | int(b[26])<<16, nil
}
