package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"

	"asterism/tests/baresip"
	"asterism/tests/process"
	"asterism/tests/sipp"
	"asterism/tests/wire"
)

// scene is one story: a PBX and those who talk to it. It belongs to one goroutine, that of its script.
type scene struct {
	work  string // the script's directory
	bin   string
	ports *process.Ports
	vars  map[string]string // what ${NAME} in the PBX's files means

	pbx     *process.Process
	log     string // its output, of all its lives
	logFrom int    // wait-log looks from here
	fds     int    // descriptors right after the first boot
	udp     int    // UDP sockets then
	mayDie  bool   // the script killed it or told it to stop

	phones   map[string]*baresip.Phone
	sipps    map[string]*sipp.Run
	rtps     map[string]*wire.RTP
	besides  map[string]*wire.Beside
	wires    map[string]*wire.SIP
	managers map[string]*manager
	busy     sync.WaitGroup // background senders
}

type sceneKey struct{}

const (
	rtpPorts = 400 // of the PBX: 100 calls of two legs
	patience = 5 * time.Second
)

func newScene(env *testscript.Env, bin string, ports *process.Ports) error {
	s := &scene{work: env.WorkDir, bin: bin, ports: ports, log: filepath.Join(env.WorkDir, "pbx.log"),
		phones: map[string]*baresip.Phone{}, sipps: map[string]*sipp.Run{}, rtps: map[string]*wire.RTP{}, besides: map[string]*wire.Beside{}, wires: map[string]*wire.SIP{}}
	sip, err := ports.Block(6)
	if err != nil {
		return err
	}
	rtp, err := ports.Block(rtpPorts)
	if err != nil {
		return err
	}
	s.vars = map[string]string{"IP": "127.0.0.1", "SIPPORT": fmt.Sprint(sip), "SIP": fmt.Sprint("127.0.0.1:", sip), "SIPSIX": fmt.Sprint("[::1]:", sip),
		"DESK": fmt.Sprint(sip + 2), "DESKTWO": fmt.Sprint(sip + 4), "RTPSTART": fmt.Sprint(rtp), "RTPEND": fmt.Sprint(rtp + rtpPorts - 1),
		"ETC": filepath.Join(env.WorkDir, "etc"), "DATA": filepath.Join(env.WorkDir, "data"), "CONF": filepath.Join(env.WorkDir, "etc", "asterisk.conf"),
		"RTPLITTLE": fmt.Sprint(rtp + 3), "LONG": strings.Repeat("a long header ", 64)}
	for k, v := range s.vars {
		env.Setenv(k, v)
	}
	env.Values[sceneKey{}] = s
	env.Defer(func() { s.end(env.T()) })
	return nil
}

func sceneOf(ts *testscript.TestScript) *scene { return ts.Value(sceneKey{}).(*scene) }

// set names a value for the script's lines and the files it saves.
func (s *scene) set(ts *testscript.TestScript, name, value string) {
	s.vars[name] = value
	ts.Setenv(name, value)
}

var variable = regexp.MustCompile(`\$\{[A-Z]+\}`)

// expand fills ${NAME} in a file for the PBX; Lua's and Asterisk's own ${…} stay.
func (s *scene) expand(text string) string {
	return variable.ReplaceAllStringFunc(text, func(v string) string {
		if value, ok := s.vars[v[2:len(v)-1]]; ok {
			return value
		}
		return v
	})
}

// end stops all that was started, tells what happened if the scene failed, and fails it if the PBX raced or fell.
func (s *scene) end(t testscript.T) {
	failed := false
	if f, ok := t.(interface{ Failed() bool }); ok {
		failed = f.Failed()
	}
	fell := ""
	if s.pbx != nil && !s.pbx.Running() && !s.mayDie {
		fell = "the PBX is dead"
	}
	for _, r := range s.sipps {
		r.Stop()
	}
	for _, p := range s.phones {
		p.Stop()
	}
	s.busy.Wait()
	for _, b := range s.besides {
		b.Close()
	}
	for _, r := range s.rtps {
		r.Close()
	}
	for _, w := range s.wires {
		w.Close()
	}
	if s.pbx != nil && s.pbx.Running() {
		if code, err := s.pbx.Stop(15 * time.Second); err != nil || code != 0 {
			fell = fmt.Sprintf("SIGTERM at the end: exit %d, %v", code, err)
		}
	}
	for _, bad := range []string{"DATA RACE", "panic: ", "fatal error: ", "goroutine stack exceeds"} {
		if i := strings.Index(process.Log(s.log), bad); i >= 0 && !strings.Contains(s.vars["FORGIVE"], bad) {
			text := process.Log(s.log)[i:]
			fell = fmt.Sprintf("the PBX says %s\n%s", bad, text[:min(len(text), 6000)])
		}
	}
	if fell == "" && !failed {
		return
	}
	s.report(t)
	if fell != "" {
		t.Log("FAIL: " + fell)
		t.FailNow()
	}
}

func (s *scene) report(t testscript.T) {
	t.Log("--- PBX, last lines\n" + process.Tail(s.log, 80))
	for name, p := range s.phones {
		t.Log("--- phone " + name + "\n" + tail(p.Trace(), 60))
	}
	for name, r := range s.sipps {
		t.Log("--- sipp " + name + "\n" + r.Errors() + "\n" + tail(r.Messages(), 60))
	}
	for name, r := range s.rtps {
		t.Log("--- rtp " + name + ": " + r.Stats().String())
	}
	for name, w := range s.wires {
		t.Log("--- wire " + name + "\n" + tail(w.Log.String(), 80))
	}
}

func tail(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// file finds a scene's own file, else the shared one of dir.
func (s *scene) file(ts *testscript.TestScript, dir, name string) string {
	if own := filepath.Join(s.work, name); exists(own) {
		return own
	}
	shared, err := filepath.Abs(filepath.Join(dir, name))
	ts.Check(err)
	if !exists(shared) {
		ts.Fatalf("no file %s, neither in the scene nor in %s/", name, dir)
	}
	return shared
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// commands are the words of the stories beside testscript's own (exec, stdout, env, skip, …).
func commands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"pbx": cmdPBX, "cli": cmdCLI, "wait-cli": cmdWaitCLI, "wait-log": cmdWaitLog, "log-mark": cmdLogMark, "save": cmdSave, "no-leaks": cmdNoLeaks, "cdr": cmdCDR, "sound": cmdSound,
		"phone": cmdPhone, "hears": cmdHears, "heard": cmdHeard, "keyed": cmdKeyed, "alike": cmdAlike, "recorded": cmdRecorded,
		"sipp": cmdSIPp, "rtp": cmdRTP, "beside": cmdBeside, "wire": cmdWire, "manager": cmdManager,
		"sleep": cmdSleep, "port": cmdPort,
	}
}

// options splits "name=value" words from the others.
func options(args []string) (words []string, opts map[string]string) {
	opts = map[string]string{}
	for _, a := range args {
		if k, v, ok := strings.Cut(a, "="); ok && optionName.MatchString(k) {
			opts[k] = v
		} else {
			words = append(words, a)
		}
	}
	return words, opts
}

var optionName = regexp.MustCompile(`^[a-z][a-z0-9.]*$`)

// background takes a final "&" off.
func background(args []string) ([]string, bool) {
	if n := len(args); n > 0 && args[n-1] == "&" {
		return args[:n-1], true
	}
	return args, false
}

// verdict turns an error into the script's failure, or its absence when the line says "!".
func verdict(ts *testscript.TestScript, neg bool, err error) {
	switch {
	case err != nil && !neg:
		ts.Fatalf("%v", err)
	case err == nil && neg:
		ts.Fatalf("unexpected success")
	}
}

func duration(ts *testscript.TestScript, text string) time.Duration {
	d, err := time.ParseDuration(text)
	ts.Check(err)
	return d
}

func need(ts *testscript.TestScript, args []string, n int, usage string) {
	if len(args) < n {
		ts.Fatalf("usage: %s", usage)
	}
}

// cmdSleep: sleep 300ms
func cmdSleep(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 1, "sleep DURATION")
	time.Sleep(duration(ts, args[0]))
}

// cmdPort: port NAME sets $NAME to a free port.
func cmdPort(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, args, 1, "port NAME")
	p, err := sceneOf(ts).ports.Block(2)
	ts.Check(err)
	sceneOf(ts).set(ts, args[0], fmt.Sprint(p))
}

// checkFile reads a scene or a flow without playing it.
func checkFile(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if strings.HasSuffix(path, ".flow") {
		_, err := sipp.XML(path, string(b))
		return err
	}
	a := txtar.Parse(b)
	if !strings.HasPrefix(string(a.Comment), "#") {
		return fmt.Errorf("%s: a scene begins with what it tells", path)
	}
	for _, f := range a.Files {
		if strings.HasSuffix(f.Name, ".flow") {
			if _, err := sipp.XML(path+"/"+f.Name, string(f.Data)); err != nil {
				return err
			}
		}
	}
	known := commands()
	for i, l := range strings.Split(string(a.Comment), "\n") {
		words := strings.Fields(l)
		for len(words) > 0 && (words[0] == "!" || strings.HasPrefix(words[0], "[")) {
			words = words[1:]
		}
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if _, ours := known[words[0]]; !ours && !strings.Contains(" exec stdout stderr env skip exists cmp cp mkdir rm grep stop cd wait ", " "+words[0]+" ") {
			return fmt.Errorf("%s:%d: no command %q", path, i+1, words[0])
		}
	}
	return nil
}
