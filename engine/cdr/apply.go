package cdr

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// apply appends b to its files exactly once: first it looks at what an earlier try left, then journals the intent unless
// it stands already, writes and fsyncs the files, and marks b done.
//
// Files are opened anew each time, so that one rotated or removed in between is started again, as Asterisk does.
func (w *Writer) apply(b *batch) error {
	missing := make([][]byte, len(b.chunks)) // what of each chunk is yet to be written
	for i, c := range b.chunks {
		rest, err := w.remainder(c, b.position(c.File))
		if err != nil {
			return err
		}
		missing[i] = rest
	}
	intent, err := w.ends(b)
	if err != nil {
		return err
	}
	for i, c := range b.chunks {
		if p := b.position(c.File); p != nil && len(missing[i]) < len(c.Data) {
			intent[i] = *p // all or a part of it is there, beginning at that place
		}
	}
	if !slices.Equal(intent, b.intent) {
		if err := w.journal.append(true, &frame{Intent: b.n, Files: intent}); err != nil {
			return fmt.Errorf("cdr: journal: %w", err)
		}
		b.intent = intent
	}
	w.at("intended")
	for i, c := range b.chunks {
		if len(missing[i]) == 0 {
			continue
		}
		if err := w.appendTo(c.File, missing[i]); err != nil {
			return fmt.Errorf("cdr: %w", err)
		}
		w.at("appended")
	}
	// Not fsynced: if the mark is lost, the intent finds the bytes in place.
	if err := w.journal.append(false, &frame{Done: b.n}); err != nil {
		return fmt.Errorf("cdr: journal: %w", err)
	}
	w.at("done")
	return nil
}

// ends says where the files of b end, creating those that are missing.
func (w *Writer) ends(b *batch) ([]position, error) {
	list := make([]position, 0, len(b.chunks))
	for _, c := range b.chunks {
		f, err := w.openEnd(c.File)
		if err != nil {
			return nil, fmt.Errorf("cdr: %w", err)
		}
		info, err := f.Stat()
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("cdr: %w", err)
		}
		p := position{File: c.File, Size: info.Size()}
		p.Dev, p.Ino = identity(info)
		list = append(list, p)
	}
	return list, nil
}

func (w *Writer) openEnd(name string) (*os.File, error) {
	return os.OpenFile(filepath.Join(w.dir, name), os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o640)
}

// appendTo writes data in one call and fsyncs it. After a short write (disk full) it takes back what got in, so that
// nobody reads half a line meanwhile; if even that fails, the next try finds the part and completes it.
func (w *Writer) appendTo(name string, data []byte) error {
	f, err := w.openEnd(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if n, err := w.write(f, data); err != nil {
		if info, statErr := f.Stat(); statErr == nil && n > 0 {
			_ = f.Truncate(info.Size() - int64(n))
		}
		return err
	}
	return fdatasync(f)
}

// remainder is what of c is not yet in its file, judging by where it was last about to be appended (nil: never).
//
// The file is found by its inode, since it may have been rotated after the append. If it cannot be found, or was
// truncated, the chunk counts as not written: rather twice than never, in the moment between a crash and a rotation.
func (w *Writer) remainder(c chunk, p *position) ([]byte, error) {
	data := []byte(c.Data)
	if p == nil {
		return data, nil
	}
	f, rotated, err := w.find(p)
	if err != nil {
		return nil, fmt.Errorf("cdr: %w", err)
	}
	if f == nil {
		return data, nil
	}
	defer f.Close()
	tail, err := io.ReadAll(io.LimitReader(io.NewSectionReader(f, p.Size, 1<<62), int64(len(data))+1<<20))
	if err != nil {
		return nil, fmt.Errorf("cdr: %w", err)
	}
	if bytes.Contains(tail, data) { // at its beginning, unless another program appended there, too
		return nil, nil
	}
	if bytes.HasPrefix(data, tail) && !rotated {
		return data[len(tail):], nil
	}
	return data, nil
}

// find opens the file that p describes, wherever in the directory it is by now. It returns nil if it is not there.
func (w *Writer) find(p *position) (f *os.File, rotated bool, err error) {
	f, err = os.Open(filepath.Join(w.dir, p.File))
	if err == nil {
		if info, err := f.Stat(); err == nil && is(info, p) {
			return f, false, nil
		}
		f.Close()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, false, err
	}
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return nil, false, err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !is(info, p) {
			continue
		}
		f, err := os.Open(filepath.Join(w.dir, e.Name()))
		return f, true, err
	}
	return nil, false, nil
}

func is(info os.FileInfo, p *position) bool {
	dev, ino := identity(info)
	return ino == p.Ino && dev == p.Dev
}
