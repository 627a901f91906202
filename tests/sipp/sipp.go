// Package sipp runs Debian's sipp with scenarios of our own, bounded in calls and time.
package sipp

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"asterism/tests/process"
)

// Config is one run.
type Config struct {
	Dir       string // logs go here
	Name      string
	Scenario  string // path of the XML
	Remote    string // host:port of the PBX; sipp wants one for a server too
	Local     string // loopback address to bind
	Port      int    // SIP; MediaPort (4) and ControlPort likewise are ours alone
	MediaPort int
	Control   int
	TCP       bool
	User      string            // [service]
	Keys      map[string]string // [name] in the scenario
	Calls     int               // default 1
	Rate      int               // calls a second, default 10
	Limit     int               // at once, 0: sipp's own
	Timeout   time.Duration     // default 20 s
	Args      []string          // anything else
}

// Run is a started sipp.
type Run struct {
	cfg  Config
	proc *process.Process
}

// Start runs sipp in the background.
func Start(c Config) (*Run, error) {
	transport := "u1"
	if c.TCP {
		transport = "t1"
	}
	timeout := c.Timeout
	if timeout == 0 {
		timeout = 20 * time.Second
	}
	argv := []string{"sipp", c.Remote, "-sf", c.Scenario, "-t", transport, "-i", strings.Trim(c.Local, "[]"), "-p", fmt.Sprint(c.Port),
		"-bind_local", "-mi", strings.Trim(c.Local, "[]"), "-mp", fmt.Sprint(c.MediaPort), "-ci", "127.0.0.1", "-cp", fmt.Sprint(c.Control),
		"-m", fmt.Sprint(max(c.Calls, 1)), "-r", fmt.Sprint(orDefault(c.Rate, 10)),
		"-timeout", fmt.Sprintf("%ds", int(timeout.Seconds())), "-timeout_error", "-nostdin", "-skip_rlimit",
		"-trace_err", "-error_file", c.file("errors"), "-trace_logs", "-log_file", c.file("logs")}
	if max(c.Calls, 1) <= 20 { // the message log of a load run would be a load of its own
		argv = append(argv, "-trace_msg", "-message_file", c.file("messages"))
	}
	if c.User != "" {
		argv = append(argv, "-s", c.User)
	}
	if c.Limit > 0 {
		argv = append(argv, "-l", fmt.Sprint(c.Limit))
	}
	for k, v := range c.Keys {
		argv = append(argv, "-key", k, v)
	}
	argv = append(argv, c.Args...)
	p, err := process.Start("sipp "+c.Name, c.Dir, c.file("out"), []string{"TERM=dumb"}, argv...)
	if err != nil {
		return nil, err
	}
	return &Run{c, p}, nil
}

func orDefault(n, d int) int {
	if n == 0 {
		return d
	}
	return n
}

func (c Config) file(kind string) string {
	return filepath.Join(c.Dir, fmt.Sprintf("sipp-%s.%s", c.Name, kind))
}

// Wait waits for the end; any failed call is an error that tells sipp's own words.
func (r *Run) Wait(d time.Duration) error {
	code, err := r.proc.Wait(d)
	if err != nil {
		return err
	}
	if code != 0 {
		return fmt.Errorf("sipp %s: exit %d\n%s", r.cfg.Name, code, r.Errors())
	}
	return nil
}

// Running is true until sipp has ended.
func (r *Run) Running() bool { return r.proc.Running() }

// Errors is what sipp complained of.
func (r *Run) Errors() string {
	return process.Tail(r.cfg.file("errors"), 60) + "\n" + process.Tail(r.cfg.file("out"), 40)
}

// Messages is all SIP sent and received.
func (r *Run) Messages() string { return process.Log(r.cfg.file("messages")) }

// Logs is what the scenario's <log> actions wrote.
func (r *Run) Logs() string { return process.Log(r.cfg.file("logs")) }

// Stop ends it.
func (r *Run) Stop() {
	r.proc.Signal(syscall.SIGKILL) //nolint:errcheck // it may be gone
	<-r.proc.Done()
}

// Kill is its power cut: no BYE.
func (r *Run) Kill() { r.Stop() }

var (
	received  = regexp.MustCompile(`(?s)message received \[\d+\] bytes ?:\s*\n(.*?)(?:\n-{20,}|$)`)
	mediaLine = regexp.MustCompile(`(?m)^m=(\w+) ([1-9]\d*) `)
	connLine  = regexp.MustCompile(`(?m)^c=IN IP[46] (\S+?)\r?$`)
)

// Media is where the last SDP that sipp received wants its RTP.
func (r *Run) Media() (netip.AddrPort, error) { return r.MediaOf("audio") }

// MediaOf is Media for another kind of m-line.
func (r *Run) MediaOf(kind string) (netip.AddrPort, error) {
	return lastMedia(received, kind, r.Messages())
}

func lastMedia(block *regexp.Regexp, kind, text string) (netip.AddrPort, error) {
	for _, m := range slices.Backward(block.FindAllStringSubmatch(text, -1)) {
		port, conn := "", connLine.FindStringSubmatch(m[1])
		for _, line := range mediaLine.FindAllStringSubmatch(m[1], -1) {
			if line[1] == kind && port == "" {
				port = line[2]
			}
		}
		if port == "" || conn == nil {
			continue
		}
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return netip.AddrPort{}, err
		}
		addr, err := netip.ParseAddr(conn[1])
		return netip.AddrPortFrom(addr, uint16(n)), err
	}
	return netip.AddrPort{}, fmt.Errorf("no SDP received yet")
}
