package cdr

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// reserveSpace allocates n bytes for f beforehand, without writing them.
func reserveSpace(f *os.File, n int64) error {
	return unix.Fallocate(int(f.Fd()), 0, 0, n)
}

func fdatasync(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }

// identity tells files apart over renames.
func identity(info os.FileInfo) (dev, ino uint64) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Dev), st.Ino
	}
	return 0, 0
}
