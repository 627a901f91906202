package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"asterism/tests/audio"
	"asterism/tests/baresip"
)

// cmdAlike: alike FILE_test.lua NAME. The test runs on simulated phones, as asterism test runs it; then the scene's phones, named as their
// endpoints, do what its parties did. Each phone must have rung, been answered, heard, got keys and ended in the same order, and no more.
func cmdAlike(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 2, "alike FILE_test.lua NAME")
	s := sceneOf(ts)
	text, err := os.ReadFile(filepath.Join(s.work, args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(s.vars["ETC"], args[0]), text, 0o644))
	ran, err := exec.Command(s.bin, "test", "-v", "--run", "^"+regexp.QuoteMeta(args[1])+"$", s.vars["ETC"]).CombinedOutput()
	if err != nil {
		ts.Fatalf("simulated: %v\n%s", err, ran)
	}
	simulated := s.moments(string(ran))
	if len(simulated) == 0 {
		ts.Fatalf("simulated: nothing happened\n%s", ran)
	}
	began, heard := map[string]int{}, map[string]*hearing{}
	for name, p := range s.phones {
		began[name], heard[name] = len(p.Events()), &hearing{from: p.Now()}
	}
	want := map[string][]string{}
	for _, e := range simulated {
		p := s.phones[e.who]
		if p == nil {
			ts.Fatalf("the scene has no phone %s", e.who)
		}
		if err := s.enact(p, e, heard[e.who]); err != nil {
			ts.Fatalf("simulated at %s: %s %s; on real phones: %v\n%s", e.at, e.who, e.what+" "+e.text, err, ran)
		}
		if line := signal(e); line != "" {
			want[e.who] = append(want[e.who], line)
		}
	}
	for name, p := range s.phones {
		if got := told(p.Events()[began[name]:]); !slices.Equal(got, want[name]) {
			ts.Fatalf("%s, simulated: %q\n      real: %q", name, want[name], got)
		}
	}
	ts.Logf("%s: alike\n%s", args[1], ran)
}

// signal is what a phone's own list of events has of e; "" for what is not in it.
func signal(e moment) string {
	switch e.what {
	case "rings", "hears ringing":
		return e.what
	case "answers", "is answered":
		return "up"
	case "gets the key":
		return e.what + " " + e.text
	case "hangs up", "ends", "stops ringing":
		return "over"
	}
	return ""
}

// told is signal for what a real phone reports.
func told(events []baresip.Event) (out []string) {
	for _, e := range events {
		switch e.Type {
		case "CALL_INCOMING":
			out = append(out, "rings")
		case "CALL_RINGING":
			out = append(out, "hears ringing")
		case "CALL_ESTABLISHED":
			out = append(out, "up")
		case "CALL_DTMF_START":
			out = append(out, "gets the key "+e.Param)
		case "CALL_CLOSED":
			out = append(out, "over")
		}
	}
	return out
}

// hearing is what one phone hears in one scenario.
type hearing struct {
	from baresip.Mark // where its recordings stood before
	last int          // samples from there to the middle of the last prompt
}

// enact does what the party of e did, or waits for what it met.
func (s *scene) enact(p *baresip.Phone, e moment, h *hearing) (err error) {
	wait := func(kind, param string) error { _, err := p.Wait(kind, param, patience+5*time.Second); return err }
	switch e.what {
	case "calls":
		_, err = p.Command("dial", s.target(e.text, s.transports(e.who)))
	case "rings":
		err = wait("CALL_INCOMING", "")
	case "answers":
		if _, err = p.Command("accept", ""); err == nil {
			err = wait("CALL_ESTABLISHED", "")
		}
	case "is answered":
		err = wait("CALL_ESTABLISHED", "")
	case "hears ringing":
		err = wait("CALL_RINGING", "")
	case "presses":
		_, err = p.Command("sndcode", e.text)
	case "gets the key":
		err = wait("CALL_DTMF_START", "^"+regexp.QuoteMeta(e.text)+"$")
	case "hangs up":
		if _, err = p.Command("hangup", ""); err == nil {
			err = wait("CALL_CLOSED", "")
		}
	case "ends", "stops ringing":
		err = wait("CALL_CLOSED", "")
	case "talks with":
		err = until(func() error {
			pcm, rate := p.Heard(h.from)
			if ok, level := audio.Hears(pcm, rate, float64(tones[e.text]), 500*time.Millisecond); !ok {
				return fmt.Errorf("hears no %d Hz: %v", tones[e.text], level)
			}
			return nil
		})
	case "hears":
		clip, _, err := audio.ReadWAV(filepath.Join(s.vars["DATA"], "lib", "sounds", "en", e.text+".wav"), 0)
		if err != nil {
			return err
		}
		return until(func() error {
			pcm, _ := p.Heard(h.from)
			from := min(h.last, len(pcm))
			match, at := audio.Contains(pcm[from:], clip)
			if match <= 0.8 {
				return fmt.Errorf("correlation %.2f", match)
			}
			h.last = from + at + len(clip)/2
			return nil
		})
	default:
		err = fmt.Errorf("no real phone does that here")
	}
	return err
}

func until(f func() error) (err error) {
	for deadline := time.Now().Add(patience + 5*time.Second); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if err = f(); err == nil {
			return nil
		}
	}
	return err
}

// moment is a line of the story that asterism test -v tells: what a party did or met.
type moment struct{ at, who, what, text string }

var story = regexp.MustCompile(`(?m)^ *([0-9]+\.[0-9]{3})  ([a-z0-9]+) +(calls|rings|stops ringing|answers|hears ringing|hears|talks with|presses|gets the key|` +
	`is answered|hangs up|ends)(?: (.*))?$`)

func (s *scene) moments(text string) (out []moment) {
	for _, m := range story.FindAllStringSubmatch(text, -1) {
		out = append(out, moment{m[1], m[2], m[3], m[4]})
	}
	return out
}
