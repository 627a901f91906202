package sound

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

const fullDir = "ASTERISM_TEST_FULL_DISK"

// TestRealDiskFull records into a file system of 100 kB, in a process that may mount one of its own.
func TestRealDiskFull(t *testing.T) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), fullDir+"="+t.TempDir())
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	var out bytes.Buffer
	child.Stdout, child.Stderr = &out, &out
	if err := child.Start(); err != nil {
		t.Skip("no user namespaces here: ", err)
	}
	if err := child.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
}

// fillDisk is what the other process does in dir.
func fillDisk(dir string) error {
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=100k"); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	pcm := ramp(200_000)
	r, err := Create(root, "x.wav", RecordOptions{Rate: 8000})
	if err != nil {
		return err
	}
	if err := r.Write(pcm); !errors.Is(err, ErrCut) || !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("written 400 kB: %w", err)
	}
	if _, err := Create(root, "y.wav", RecordOptions{Rate: 8000}); !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("begun on a full disk: %w", err)
	}
	if err := r.Close(); !errors.Is(err, ErrCut) {
		return fmt.Errorf("closed: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != "x.wav" {
		return fmt.Errorf("left are %v: %w", entries, err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "x.wav"))
	if err != nil {
		return err
	}
	c, err := decodeWAV(b)
	if err != nil || len(c.pcm) < 40_000 || !slices.Equal(c.pcm, pcm[:len(c.pcm)]) {
		return fmt.Errorf("%d bytes are kept: %w", len(b), err)
	}
	return nil
}
