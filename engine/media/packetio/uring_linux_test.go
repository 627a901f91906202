//go:build linux && (amd64 || arm64)

package packetio

import (
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const forbidEnv = "PACKETIO_TEST_FORBID"

// TestForbidden: where io_uring is forbidden, as in most containers (EPERM), or unknown, as on old kernels (ENOSYS), epoll is taken. A
// child process forbids it to itself.
func TestForbidden(t *testing.T) {
	if child := os.Getenv(forbidEnv); child != "" {
		n, err := strconv.Atoi(child)
		if err != nil {
			t.Fatal(err)
		}
		testForbidden(t, unix.Errno(n))
		return
	}
	for _, errno := range []unix.Errno{unix.EPERM, unix.ENOSYS} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestForbidden$", "-test.v")
		cmd.Env = append(os.Environ(), forbidEnv+"="+strconv.Itoa(int(errno)))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", errno, err, out)
		}
	}
}

func testForbidden(t *testing.T, errno unix.Errno) {
	forbid(t, errno)
	if _, err := Open("io_uring"); !errors.Is(err, errno) {
		t.Errorf("io_uring forced: %v", err)
	}
	b, err := Open("")
	if err != nil || b.Name() != "epoll" {
		t.Fatalf("got %v, %v", b, err)
	}
	testRoundTrip(t, b)
}

// forbid lets io_uring_setup fail with errno, in all threads, for good.
func forbid(t *testing.T, errno unix.Errno) {
	const (
		setModeFilter = 1
		allThreads    = 1
		allow         = 0x7fff0000
	)
	refuse := 0x00050000 | uint32(errno)
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the call's number
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_IO_URING_SETUP, Jf: 1},
		{Code: unix.BPF_RET, K: refuse},
		{Code: unix.BPF_RET, K: allow},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, setModeFilter, allThreads, uintptr(unsafe.Pointer(&program))); errno != 0 {
		t.Skip("seccomp:", errno)
	}
}

func newUring(t *testing.T) *uringLoop {
	t.Helper()
	if probe(uring{}) != nil {
		t.Skip("no io_uring here")
	}
	return bench{t, uring{}}.loop().(*uringLoop)
}

// TestUringWithoutTable: sockets the table of files has no place for work by their descriptors.
func TestUringWithoutTable(t *testing.T) {
	l := newUring(t)
	l.ring.fixed = 1
	k := bench{t, uring{}}
	var r received
	first, second, third := k.listen(l, "127.0.0.1", &r), k.listen(l, "127.0.0.1", &r), k.listen(l, "127.0.0.1", &r)
	if !l.slots[0].fixed || l.slots[1].fixed {
		t.Fatal("the table is not used, or beyond its end")
	}
	for _, s := range []*Socket{first, second, third} {
		_ = l.Send(second, []byte("x"), s.LocalAddr())
		_ = l.Send(first, []byte("x"), s.LocalAddr())
	}
	l.Flush()
	k.until(l, &r, 6)
}

// TestUringSendFailure: what the kernel refuses on the spot is counted.
func TestUringSendFailure(t *testing.T) {
	l := newUring(t)
	k := bench{t, uring{}}
	s := k.listen(l, "127.0.0.1", new(counter))
	_ = l.Send(s, []byte("x"), netip.MustParseAddrPort("255.255.255.255:9")) // EACCES without SO_BROADCAST
	l.Flush()
	_, _ = l.Poll(0, nil)
	if l.SendErrors() != 1 {
		t.Fatalf("%d failures counted", l.SendErrors())
	}
}

// TestUringFlood: a socket nobody could keep up with does not keep Poll from returning.
func TestUringFlood(t *testing.T) {
	l := newUring(t)
	k := bench{t, uring{}}
	var s *Socket
	n := 0
	s = k.listen(l, "127.0.0.1", handlerFunc(func(p []byte, _ netip.AddrPort) {
		n++
		_ = l.Send(s, p, s.LocalAddr()) // for ever
		l.Flush()
	}))
	_ = l.Send(s, []byte("x"), s.LocalAddr())
	l.Flush()
	start := time.Now()
	for range 3 {
		if handed, err := l.Poll(time.Second, nil); err != nil || handed > uringBudget {
			t.Fatal(handed, err)
		}
	}
	if time.Since(start) > 5*time.Second {
		t.Fatal("Poll did not return")
	}
}
