package tests

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"asterism/tests/audio"
	"asterism/tests/process"
)

// cmdPBX: pbx start | run | stop | term | kill9 | freeze | thaw | wait CODE [DURATION] | alive | goroutines
//
// start writes the configuration once and waits until the PBX is booted; after kill9 or stop it starts it again.
// run does the same by "asterism run". stop is SIGTERM and exit 0; term does not wait.
// freeze lets it stand still (SIGSTOP) until thaw. goroutines (SIGQUIT, the end of
// this process) prints their number.
func cmdPBX(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 1, "pbx start|run|stop|term|kill9|freeze|thaw|wait|alive|goroutines")
	s := sceneOf(ts)
	if s.pbx == nil && args[0] != "start" && args[0] != "run" {
		ts.Fatalf("the PBX was not started")
	}
	switch args[0] {
	case "start":
		s.start(ts, s.bin, "-f", "-g", "-q", "-n", "-C", s.vars["CONF"])
	case "run":
		s.start(ts, append([]string{s.bin, "run", "--etc", s.vars["ETC"], "--data", s.vars["DATA"]}, args[1:]...)...)
	case "stop":
		s.mayDie = true
		code, err := s.pbx.Stop(10 * time.Second)
		ts.Check(err)
		if code != 0 {
			ts.Fatalf("exit %d after SIGTERM", code)
		}
	case "term":
		s.mayDie = true
		ts.Check(s.pbx.Signal(syscall.SIGTERM))
	case "freeze":
		ts.Check(s.pbx.Signal(syscall.SIGSTOP))
	case "thaw":
		ts.Check(s.pbx.Signal(syscall.SIGCONT))
	case "kill9":
		s.mayDie = true
		s.pbx.Kill()
	case "wait":
		need(ts, args, 2, "pbx wait CODE [DURATION]")
		s.mayDie = true
		d := 10 * time.Second
		if len(args) > 2 {
			d = duration(ts, args[2])
		}
		code, err := s.pbx.Wait(d)
		ts.Check(err)
		if fmt.Sprint(code) != args[1] {
			ts.Fatalf("exit %d, want %s", code, args[1])
		}
	case "alive":
		if !s.pbx.Running() {
			ts.Fatalf("the PBX is dead")
		}
	case "goroutines":
		s.goroutines(ts)
	default:
		ts.Fatalf("pbx: unknown word %q", args[0])
	}
}

func (s *scene) start(ts *testscript.TestScript, argv ...string) {
	if s.pbx != nil && s.pbx.Running() {
		ts.Fatalf("the PBX runs already")
	}
	if !exists(s.vars["ETC"]) {
		s.configure(ts)
	}
	p, err := process.Start("pbx", s.work, s.log, []string{"GOTRACEBACK=all", "GORACE=halt_on_error=0 exitcode=66"}, argv...)
	ts.Check(err)
	s.pbx, s.mayDie = p, false
	ts.Check(s.booted(20 * time.Second))
	if s.fds == 0 {
		s.fds, s.udp = s.resources(ts)
	}
}

func (s *scene) booted(d time.Duration) error {
	for deadline := time.Now().Add(d); ; time.Sleep(100 * time.Millisecond) {
		out, err := s.cli("core waitfullybooted")
		switch {
		case err == nil && strings.Contains(out, "fully booted"):
			return nil
		case !s.pbx.Running():
			return fmt.Errorf("the PBX ended while it booted")
		case time.Now().After(deadline):
			return fmt.Errorf("not booted after %v: %q, %v", d, out, err)
		}
	}
}

// configure writes etc/: the shared files of testdata/etc, upon them whatever .conf files, extensions.lua and plugins/ the
// scene brings. Other .lua files wait for "save". A scene that brings extensions.conf and no extensions.lua has none.
func (s *scene) configure(ts *testscript.TestScript) {
	ts.Check(os.MkdirAll(s.vars["ETC"], 0o755))
	ts.Check(os.MkdirAll(s.vars["DATA"], 0o755))
	shared, err := filepath.Glob("testdata/etc/*")
	ts.Check(err)
	classic := exists(filepath.Join(s.work, "extensions.conf")) && !exists(filepath.Join(s.work, "extensions.lua"))
	for _, f := range shared {
		if classic && filepath.Base(f) == "extensions.lua" {
			continue
		}
		s.install(ts, f, filepath.Base(f))
	}
	own, err := filepath.Glob(filepath.Join(s.work, "*"))
	ts.Check(err)
	for _, f := range own {
		switch base := filepath.Base(f); {
		case base == "pjsip-more.conf":
			more := ts.ReadFile(f)
			path := filepath.Join(s.vars["ETC"], "pjsip.conf")
			old, err := os.ReadFile(path)
			ts.Check(err)
			ts.Check(os.WriteFile(path, []byte(string(old)+"\n"+s.expand(more)), 0o644))
		case strings.HasSuffix(base, ".conf") || base == "extensions.lua":
			s.install(ts, f, base)
		case base == "plugins":
			ts.Check(os.CopyFS(filepath.Join(s.vars["ETC"], base), os.DirFS(f)))
		}
	}
}

func (s *scene) install(ts *testscript.TestScript, from, name string) {
	b, err := os.ReadFile(from)
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(s.vars["ETC"], name), []byte(s.expand(string(b))), 0o644))
}

// cli is asterism -C FILE -rx "command".
func (s *scene) cli(command string) (string, error) {
	out, err := exec.Command(s.bin, "-C", s.vars["CONF"], "-rx", command).CombinedOutput()
	return string(out), err
}

// cmdCLI: cli core show channels. The output is stdout's.
func cmdCLI(ts *testscript.TestScript, neg bool, args []string) {
	out, err := sceneOf(ts).cli(strings.Join(args, " "))
	fmt.Fprint(ts.Stdout(), out)
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, out)
	}
	verdict(ts, neg, err)
}

// cmdWaitCLI: wait-cli [within=6s] REGEXP core show channels. Asks until the answer matches (with !, until it does not).
func cmdWaitCLI(ts *testscript.TestScript, neg bool, args []string) {
	d := 6 * time.Second
	if text, ok := strings.CutPrefix(args[0], "within="); ok {
		d, args = duration(ts, text), args[1:]
	}
	need(ts, args, 2, "wait-cli [within=DURATION] REGEXP COMMAND…")
	re, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for deadline := time.Now().Add(d); ; time.Sleep(50 * time.Millisecond) {
		out, err := sceneOf(ts).cli(strings.Join(args[1:], " "))
		if err == nil && re.MatchString(out) != neg {
			fmt.Fprint(ts.Stdout(), out)
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%v, and this still says\n%s", err, out)
		}
	}
}

// cmdWaitLog: wait-log REGEXP [DURATION]. It looks from the last log-mark, or the start, on. With ! nothing may match until
// the duration (default 500 ms) is over.
func cmdWaitLog(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 1, "wait-log REGEXP [DURATION]")
	s, d := sceneOf(ts), patience
	if neg {
		d = 500 * time.Millisecond
	}
	if len(args) > 1 {
		d = duration(ts, args[1])
	}
	re, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	_, err = process.WaitLog(s.log, s.logFrom, re, d)
	verdict(ts, neg, err)
}

// cmdLogMark: log-mark. What the log says until now does not count any more.
func cmdLogMark(ts *testscript.TestScript, neg bool, args []string) {
	s := sceneOf(ts)
	s.logFrom = len(process.Log(s.log))
}

// cmdSave: save FILE [as NAME] [write|rename|recreate|twice]. Saves FILE of the scene as NAME (default FILE) in etc the
// way an editor does: write truncates and writes, rename writes beside and renames, recreate deletes first, twice writes
// half, then all.
func cmdSave(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 1, "save FILE [as NAME] [write|rename|recreate|twice]")
	s := sceneOf(ts)
	text := []byte(s.expand(ts.ReadFile(args[0])))
	target, how := args[0], "write"
	if args = args[1:]; len(args) > 1 && args[0] == "as" {
		target, args = args[1], args[2:]
	}
	if len(args) > 0 {
		how = args[0]
	}
	path := filepath.Join(s.vars["ETC"], target)
	ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
	switch how {
	case "write":
		ts.Check(os.WriteFile(path, text, 0o644))
	case "rename":
		ts.Check(os.WriteFile(path+".new~", text, 0o644))
		ts.Check(os.Rename(path+".new~", path))
	case "recreate":
		ts.Check(os.Remove(path))
		time.Sleep(100 * time.Millisecond)
		ts.Check(os.WriteFile(path, text, 0o644))
	case "twice":
		ts.Check(os.WriteFile(path, text[:len(text)/2], 0o644))
		time.Sleep(50 * time.Millisecond)
		ts.Check(os.WriteFile(path, text, 0o644))
	default:
		ts.Fatalf("save: unknown way %q", how)
	}
}

// cmdCDR: cdr N [DURATION] waits for N records and prints them; cdr REGEXP wants one record that matches. With ! none.
func cmdCDR(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 1, "cdr N|REGEXP")
	path := filepath.Join(sceneOf(ts).vars["DATA"], "log", "cdr-csv", "Master.csv")
	re, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	n, numberErr := strconv.Atoi(args[0])
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		b, err := os.ReadFile(path)
		have := bytes.Count(b, []byte("\n"))
		ok := err == nil && (numberErr == nil && have == n || numberErr != nil && re.Match(b))
		if ok != neg {
			ts.Stdout().Write(b) //nolint:errcheck // a buffer
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%d records, %v:\n%s", have, err, b)
		}
	}
}

// cmdSound: sound NAME DURATION [ulaw] makes a prompt nobody takes for a tone, a sweep, in the PBX's sounds/en.
func cmdSound(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 2, "sound NAME DURATION [ulaw]")
	dir := filepath.Join(sceneOf(ts).vars["DATA"], "lib", "sounds", "en")
	ts.Check(os.MkdirAll(dir, 0o755))
	pcm := audio.Sweep(8000, 300, 2800, duration(ts, args[1]))
	if len(args) > 2 { // only what µ-law carries as it is
		for i, x := range pcm {
			pcm[i] = audio.DecodeULaw(audio.EncodeULaw(x))
		}
	}
	ts.Check(audio.WriteWAV(filepath.Join(dir, args[0]+".wav"), 8000, pcm))
}

// resources counts descriptors and UDP sockets.
func (s *scene) resources(ts *testscript.TestScript) (fds, udp int) {
	fds, err := s.pbx.Descriptors()
	ts.Check(err)
	ports, err := s.pbx.UDPPorts()
	ts.Check(err)
	return fds, len(ports)
}

// cmdNoLeaks: no-leaks [DURATION]. No channel and no port is left, and sockets and descriptors are as after the boot, but for the
// pairs that wait for the next call (spare ports, which `rtp show stats` counts); TCP connections
// of phones still on may stay, so descriptors may be up by a few.
func cmdNoLeaks(ts *testscript.TestScript, neg bool, args []string) {
	s, d := sceneOf(ts), patience
	if len(args) > 0 {
		d = duration(ts, args[0])
	}
	var err error
	for deadline := time.Now().Add(d); ; time.Sleep(200 * time.Millisecond) {
		if err = s.leaks(ts); err == nil || time.Now().After(deadline) {
			break
		}
	}
	verdict(ts, neg, err)
}

func (s *scene) leaks(ts *testscript.TestScript) error {
	out, err := s.cli("core show channels")
	if err != nil {
		return err
	}
	if !regexp.MustCompile(`(?m)^0 active channels`).MatchString(out) {
		return fmt.Errorf("channels are left:\n%s", out)
	}
	first, err := strconv.Atoi(s.vars["RTPSTART"])
	ts.Check(err)
	last, err := strconv.Atoi(s.vars["RTPEND"])
	ts.Check(err)
	ports, err := s.pbx.UDPPorts()
	ts.Check(err)
	out, err = s.cli("rtp show stats")
	if err != nil {
		return err
	}
	var open, spare int
	if _, err := fmt.Sscanf(out, "Open ports: %d\nSpare ports: %d\n", &open, &spare); err != nil || open != 0 {
		return fmt.Errorf("%v, RTP ports are left:\n%s", err, out)
	}
	if rtp := slices.DeleteFunc(ports, func(p int) bool { return p < first || p > last }); len(rtp) != 2*spare {
		return fmt.Errorf("RTP ports are left: %v", rtp)
	}
	fds, udp := s.resources(ts)
	fds, udp = fds-2*spare, udp-2*spare
	if udp > s.udp || fds > s.fds+len(s.phones)+4 {
		return fmt.Errorf("%d descriptors, %d UDP sockets; after the boot %d, %d", fds, udp, s.fds, s.udp)
	}
	return nil
}

var goroutine = regexp.MustCompile(`(?m)^goroutine \d+ .*\[`)

// goroutines ends the PBX by SIGQUIT, which makes the runtime list them all, and prints how many there were.
func (s *scene) goroutines(ts *testscript.TestScript) {
	before := len(process.Log(s.log))
	s.mayDie = true
	ts.Check(s.pbx.Signal(syscall.SIGQUIT))
	if _, err := s.pbx.Wait(10 * time.Second); err != nil {
		ts.Fatalf("%v", err)
	}
	n := len(goroutine.FindAllString(process.Log(s.log)[before:], -1))
	if n == 0 {
		ts.Check(errors.New("SIGQUIT told of no goroutine"))
	}
	fmt.Fprintf(ts.Stdout(), "%d goroutines\n", n)
	s.goroutineLimit(ts, n)
}

// goroutineLimit remembers the first count as the PBX at rest; a later one may be higher by a handful only.
func (s *scene) goroutineLimit(ts *testscript.TestScript, n int) {
	rest, err := strconv.Atoi(s.vars["GOROUTINES"])
	if err != nil {
		s.set(ts, "GOROUTINES", fmt.Sprint(n))
		return
	}
	if n > rest+5 {
		ts.Fatalf("%d goroutines, at rest %d", n, rest)
	}
}
