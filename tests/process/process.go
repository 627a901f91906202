// Package process runs the programs of a scene: the PBX, phones, sipp. What is started here is stopped here, by its own id.
package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Process is a running program whose whole output goes to one file.
type Process struct {
	Name string
	cmd  *exec.Cmd
	out  *os.File
	done chan struct{} // closed once waited for
}

// Start runs argv in dir, output to the file log (appended to, so that a restarted PBX keeps its story).
func Start(name, dir, log string, env []string, argv ...string) (*Process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, append(os.Environ(), env...), out, out
	// The child dies with us: a scene run that is killed leaves nothing behind.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	p := &Process{Name: name, cmd: cmd, out: out, done: make(chan struct{})}
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// run keeps its thread for the life of the child, because Pdeathsig is bound to the thread that started it.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		p.out.Close()
		return
	}
	p.cmd.Wait() //nolint:errcheck // the state is read from ProcessState
	p.out.Close()
	close(p.done)
}

// PID of the program, also after its end.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Running is false once the program has ended.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Signal sends sig to this process alone.
func (p *Process) Signal(sig os.Signal) error { return p.cmd.Process.Signal(sig) }

// Wait gives the exit code, -1 for death by signal, or an error after d.
func (p *Process) Wait(d time.Duration) (int, error) {
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-time.After(d):
		return 0, fmt.Errorf("%s (pid %d) still runs after %v", p.Name, p.PID(), d)
	}
}

// Stop asks with SIGTERM, after grace insists with SIGKILL, and returns the exit code.
func (p *Process) Stop(grace time.Duration) (int, error) {
	if err := p.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return 0, err
	}
	code, err := p.Wait(grace)
	if err == nil {
		return code, nil
	}
	p.Kill()
	return -1, err
}

// Kill is kill -9 and waits.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL) //nolint:errcheck // it may be gone already
	<-p.done
}

// Log is all the program wrote so far.
func Log(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(b)
}

// Tail is the last n lines of the file, for a failure's report.
func Tail(path string, n int) string {
	lines := strings.Split(strings.TrimRight(Log(path), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// WaitLog waits until the file's text from byte from on matches re. It returns where the match ended.
func WaitLog(path string, from int, re *regexp.Regexp, d time.Duration) (int, error) {
	for deadline := time.Now().Add(d); ; time.Sleep(20 * time.Millisecond) {
		text := Log(path)
		if m := re.FindStringIndex(text[min(from, len(text)):]); m != nil {
			return from + m[1], nil
		}
		if time.Now().After(deadline) {
			return from, fmt.Errorf("no %q within %v in %s", re, d, path)
		}
	}
}
