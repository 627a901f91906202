package manage

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"asterism/engine/manage/logger"

	"github.com/rs/zerolog"
)

// serveFake is a Server upon a fake PBX, with a log.
func serveFake(t *testing.T, f *fakePBX) (path string, cli *CLI, log zerolog.Logger) {
	t.Helper()
	router, err := logger.New(logger.Setup{})
	if err != nil {
		t.Fatal(err)
	}
	cli = newCLI(t, f)
	path = filepath.Join(t.TempDir(), "asterisk.ctl")
	s, err := Listen(path, 0, cli, router)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		router.Close()
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Error("the socket is still there after Close")
		}
	})
	return path, cli, zerolog.New(router)
}

func connect(t *testing.T, path string, log io.Writer) *Client {
	t.Helper()
	c, err := Dial(path, log, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestAskOverTheSocket(t *testing.T) {
	path, _, _ := serveFake(t, newFake(t).withCall())
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("socket: %v, %v; want mode 0600", info.Mode(), err)
	}
	c := connect(t, path, nil)
	if c.Version != "Asterism test" || c.System != "pbx1" {
		t.Errorf("welcome: %q, %q", c.Version, c.System)
	}
	var out bytes.Buffer
	for range 3 {
		if err := c.Run("core show channels count", &out); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := out.String(), strings.Repeat("3 active channels\n2 active calls\n7 calls processed\n", 3); got != want {
		t.Errorf("got %q", got)
	}
	if words, err := c.Complete("core show cha"); err != nil || strings.Join(words, " ") != "channel channels" {
		t.Errorf("complete: %q, %v", words, err)
	}
	if err := c.Run(strings.Repeat("x", maxRequest+1), io.Discard); err == nil {
		t.Error("a line beyond the bound was taken")
	}
}

func TestLongAnswerIsCut(t *testing.T) {
	f := newFake(t).withCall()
	f.channels[0].Variables = map[string]string{"big": strings.Repeat("y", maxReply)}
	path, _, _ := serveFake(t, f)
	var out bytes.Buffer
	if err := connect(t, path, nil).Run("core show channel PJSIP/alice-00000001", &out); err != nil {
		t.Fatal(err)
	}
	if out.Len() < maxReply || out.Len() > maxReply+200 || !strings.Contains(out.String(), "cut off here") {
		t.Errorf("got %d bytes, want the bound of %d and a note", out.Len(), maxReply)
	}
}

func TestStopIsAnsweredFirst(t *testing.T) {
	path, cli, _ := serveFake(t, newFake(t))
	if err := connect(t, path, nil).Run("core stop when convenient", io.Discard); err != nil {
		t.Fatal(err)
	}
	if got := <-cli.Control.(fakeControl).asked; got.When != WhenConvenient {
		t.Errorf("asked %+v", got)
	}
}

// TestWaiting: a command that waits ends when its console goes away, and when the server closes.
func TestWaiting(t *testing.T) {
	f := newFake(t)
	f.booted = make(chan struct{})
	path, _, _ := serveFake(t, f)
	leaves := connect(t, path, nil)
	stays := connect(t, path, nil)
	early := connect(t, path, nil)
	if err := writeFrame(leaves.conn, run, []byte("core waitfullybooted")); err != nil {
		t.Fatal(err)
	}
	leaves.Close()
	var out bytes.Buffer
	if err := early.Run("core show channels", &out); err != nil || !strings.Contains(out.String(), "still starting") {
		t.Errorf("before the boot: %q, %v", out.String(), err)
	}
	answer := make(chan string)
	go func() {
		var out bytes.Buffer
		_ = stays.Run("core waitfullybooted", &out)
		answer <- out.String()
	}()
	close(f.booted)
	if got := <-answer; got != "Asterisk has fully booted.\n" {
		t.Errorf("got %q", got)
	}
}

// lines collects what a console shows.
type lines struct {
	mu   sync.Mutex
	text string
	more chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	l.text += string(p)
	l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
	return len(p), nil
}

func TestRemoteConsoleSeesTheLog(t *testing.T) {
	path, cli, log := serveFake(t, newFake(t))
	shown := &lines{more: make(chan struct{}, 1)}
	c := connect(t, path, shown)
	var out bytes.Buffer
	if err := c.Run("core set verbose 3", &out); err != nil || out.String() != "Console verbose was OFF and is now 3.\n" {
		t.Fatalf("%q, %v", out.String(), err)
	}
	if cli.Log.Verbose() != 0 {
		t.Error("a remote console changed the PBX's own level")
	}
	log.Info().Str("call", "C-00000001").Int("verbose", 3).Msg("Executing [100@internal:1] Answer(\"PJSIP/a-1\", \"\")")
	<-shown.more
	shown.mu.Lock()
	defer shown.mu.Unlock()
	if !strings.HasSuffix(shown.text, "[C-00000001] Executing [100@internal:1] Answer(\"PJSIP/a-1\", \"\")\n") {
		t.Errorf("got %q", shown.text)
	}
}

// TestDeadConsolesDoNotBlock: consoles that never read, never speak or speak nonsense leave the others and Close alone.
func TestDeadConsolesDoNotBlock(t *testing.T) {
	path, _, log := serveFake(t, newFake(t))
	deaf, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = deaf.Close() }()
	if err := writeFrame(deaf, hello, []byte("log")); err != nil {
		t.Fatal(err)
	}
	silent, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	rude, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rude.Close() }()
	head := []byte{byte(hello), 0, 0, 0, 0}
	binary.BigEndian.PutUint32(head[1:], 1<<31)
	if _, err := rude.Write(head); err != nil {
		t.Fatal(err)
	}
	if _, err := rude.Read(make([]byte, 1)); err == nil {
		t.Error("a frame of 2 GiB was not refused")
	}
	c := connect(t, path, nil)
	for range 20000 { // far more than the socket's buffer: the deaf console misses lines, nobody waits
		log.Info().Msg(strings.Repeat("x", 200))
	}
	if err := c.Run("core show uptime", io.Discard); err != nil {
		t.Error(err)
	}
}

func TestTooManyConsoles(t *testing.T) {
	path, _, _ := serveFake(t, newFake(t))
	for range maxConsoles {
		connect(t, path, nil)
	}
	if c, err := Dial(path, nil, false); err == nil {
		c.Close()
		t.Error("one console too many was let in")
	}
}

func TestNobodyThere(t *testing.T) {
	dir := t.TempDir()
	var not *NotRunningError
	if _, err := Dial(filepath.Join(dir, "asterisk.ctl"), nil, false); !errors.As(err, &not) || !strings.Contains(err.Error(), "no PBX is running there") {
		t.Errorf("no socket: %v", err)
	}
}

// TestStaleSocket: what a kill -9 leaves behind is replaced; a file that is no socket is not touched.
func TestStaleSocket(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "asterisk.ctl")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	if err := stale.Close(); err != nil {
		t.Fatal(err)
	}
	var not *NotRunningError
	if _, err := Dial(path, nil, false); !errors.As(err, &not) {
		t.Errorf("stale: %v", err)
	}
	s, err := Listen(path, 0, newCLI(t, newFake(t)), nil)
	if err != nil {
		t.Fatal(err)
	}
	connect(t, path, nil).Close()
	s.Close()
	if err := os.WriteFile(path, []byte("notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path, 0, newCLI(t, newFake(t)), nil); err == nil || !strings.Contains(err.Error(), "not a socket") {
		t.Errorf("a plain file: %v", err)
	}
}

func TestLongSocketPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("d", 60), strings.Repeat("e", 60))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "asterisk.ctl")
	s, err := Listen(path, 0, newCLI(t, newFake(t)), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := connect(t, path, nil).Run("core show version", io.Discard); err != nil {
		t.Error(err)
	}
}

func TestOneInstanceADirectory(t *testing.T) {
	dir := t.TempDir()
	first, err := LockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var running *RunningError
	if _, err := LockDir(dir); !errors.As(err, &running) || running.PID != os.Getpid() {
		t.Fatalf("second: %v", err)
	}
	first.Unlock()
	again, err := LockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	again.Unlock()
}

// FuzzFrame: what is written is read again, and no length makes the reader allocate beyond its limit.
func FuzzFrame(f *testing.F) {
	f.Add([]byte("R\x00\x00\x00\x04core"), []byte("x"))
	f.Add([]byte("R\xff\xff\xff\xff"), []byte{})
	f.Fuzz(func(t *testing.T, wire, payload []byte) {
		k, got, err := readFrame(bytes.NewReader(wire), maxRequest)
		if err == nil {
			var again bytes.Buffer
			if err := writeFrame(&again, k, got); err != nil || !bytes.HasPrefix(wire, again.Bytes()) {
				t.Fatalf("frame %q was read as %q, %q", wire, k, got)
			}
		}
		var b bytes.Buffer
		if err := writeFrame(&b, run, payload); err != nil {
			t.Fatal(err)
		}
		if k, got, err := readFrame(&b, max(len(payload), 1)); err != nil || k != run || !bytes.Equal(got, payload) {
			t.Fatalf("%q came back as %q, %q, %v", payload, k, got, err)
		}
	})
}

func TestWaitGivesUp(t *testing.T) {
	f := newFake(t)
	f.booted = make(chan struct{})
	cli := newCLI(t, f)
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	var out bytes.Buffer
	cli.Run(ctx, "core waitfullybooted", cli.Log, &out)
	if !strings.HasPrefix(out.String(), "Not booted") {
		t.Errorf("got %q", out.String())
	}
}
