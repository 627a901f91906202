package manage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// RunningError says that another instance holds the run directory.
type RunningError struct {
	Dir string
	PID int // 0: unknown
}

func (e *RunningError) Error() string {
	who := "another instance"
	if e.PID != 0 {
		who = fmt.Sprintf("another instance (process %d)", e.PID)
	}
	return fmt.Sprintf("%s runs upon %s; stop it with: asterism -rx \"core stop now\", or give this one a run directory of its own (astrundir in asterisk.conf)", who, e.Dir)
}

// Lock makes this process the only one upon a run directory until Unlock. It is a lock on the file asterisk.pid, which
// also holds our process id: the kernel releases it however the process ends, so no stale file is ever in the way.
type Lock struct{ file *os.File }

// LockDir returns *RunningError when another process holds dir.
func LockDir(dir string) (*Lock, error) {
	path := filepath.Join(dir, "asterisk.pid")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("manage: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		b, _ := os.ReadFile(path)
		pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &RunningError{Dir: dir, PID: pid}
		}
		return nil, fmt.Errorf("manage: lock %s: %w", path, err)
	}
	if err := f.Truncate(0); err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		if err != nil {
			_ = f.Close()
			return nil, fmt.Errorf("manage: %w", err)
		}
	}
	return &Lock{f}, nil
}

// Unlock lets go. The file stays, empty: removing it would let two others hold two different files.
func (l *Lock) Unlock() {
	_ = l.file.Truncate(0)
	_ = l.file.Close()
}

// maxSocketPath is what fits into sockaddr_un on Linux.
const maxSocketPath = 107

// shortened returns a path to the same file that fits into a socket address, and what to call when it is no longer needed.
func shortened(path string) (string, func(), error) {
	if len(path) <= maxSocketPath {
		return path, func() {}, nil
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return "", nil, err
	}
	short := fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path))
	return short, func() { _ = dir.Close() }, nil
}

// listen opens the control socket with mode 0600 from its first moment. The caller holds the directory's lock, so a socket
// that is there already is stale.
func listen(path string, mode fs.FileMode) (*net.UnixListener, error) {
	short, done, err := shortened(path)
	if err != nil {
		return nil, fmt.Errorf("manage: control socket: %w", err)
	}
	defer done()
	if info, err := os.Lstat(path); err == nil {
		if info.Mode().Type() != fs.ModeSocket {
			return nil, fmt.Errorf("manage: control socket: %s is there and is not a socket; move it away", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("manage: stale control socket: %w", err)
		}
	}
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		// On Linux the mode of the unbound socket becomes the file's: nobody can connect between bind and chmod.
		var err error
		if cerr := c.Control(func(fd uintptr) { err = syscall.Fchmod(int(fd), uint32(mode.Perm())) }); cerr != nil {
			return cerr
		}
		return err
	}}
	l, err := config.Listen(context.Background(), "unix", short)
	if err != nil {
		return nil, fmt.Errorf("manage: control socket: %w", err)
	}
	unix := l.(*net.UnixListener)
	unix.SetUnlinkOnClose(false) // the short path may be gone by then; Server.Close removes the file
	if err := os.Chmod(path, mode.Perm()); err != nil {
		_ = unix.Close()
		return nil, fmt.Errorf("manage: control socket: %w", err)
	}
	return unix, nil
}

// dial connects to the control socket.
func dial(path string) (net.Conn, error) {
	short, done, err := shortened(path)
	if err != nil {
		return nil, err
	}
	defer done()
	return net.DialTimeout("unix", short, 5*time.Second)
}
