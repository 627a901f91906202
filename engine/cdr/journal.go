package cdr

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
)

// The journal is a file of lines, each a frame: eight hex digits CRC-32, a space, JSON, a newline. The CRC is over the JSON
// and goes on from that of the frame before (0 at the start of the file), so that nothing old continues a new frame.
//
//	{"n":7,"batch":[{"file":"Master.csv","data":"…"}]}   these bytes belong at the end of that file
//	{"n":8,"intent":7,"files":[{"file":"Master.csv","ino":42,"size":1200}]}   about to append batch 7; the file ends at 1200
//	{"n":9,"done":7}                                     appended, and fsynced there
//
// Frame numbers grow by one for ever. When nothing is pending, writing begins at the start of the file again, over old
// frames; whoever reads stops at the first frame that is torn or whose number is not one more than the last. So the file
// keeps its blocks: what was reserved for it stays ours when the disk is full.
type frame struct {
	N      uint64     `json:"n"`
	Batch  []chunk    `json:"batch,omitempty"`
	Intent uint64     `json:"intent,omitempty"`
	Files  []position `json:"files,omitempty"`
	Done   uint64     `json:"done,omitempty"`
}

// chunk is what must be appended to one file, whole lines.
type chunk struct {
	File string `json:"file"`
	Data string `json:"data"`
}

// position is where a file ended before an append.
type position struct {
	File string `json:"file"`
	Dev  uint64 `json:"dev,omitempty"`
	Ino  uint64 `json:"ino,omitempty"`
	Size int64  `json:"size"`
}

// batch is a journalled batch that is not yet known to be in the CSV files.
type batch struct {
	n      uint64
	chunks []chunk
	intent []position // nil: never tried
}

// position is where the chunk for the named file was last about to go, nil if nowhere.
func (b *batch) position(file string) *position {
	for i := range b.intent {
		if b.intent[i].File == file {
			return &b.intent[i]
		}
	}
	return nil
}

const (
	reserve    = 4 << 20  // bytes kept for the journal: some 10,000 calls that end while the disk is full
	maxJournal = 64 << 20 // past this Write fails; only reached when the CSV files cannot be written for long
)

var errJournalFull = errors.New("journal is full: the CSV files could not be written for too long")

type journal struct {
	f   *os.File
	end int64  // where the next frame goes
	n   uint64 // the last frame's number
	sum uint32 // and CRC

	write func(f *os.File, b []byte) (int, error) // at the file's offset
}

// openJournal opens the journal, alone: a second process is refused. It returns what is pending, oldest first.
func openJournal(path string) (*journal, []*batch, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("%s is in use by another process: %w", path, err)
	}
	j := &journal{f: f, write: (*os.File).Write}
	pending, err := j.read(f)
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	_ = reserveSpace(f, reserve) // as much as the file system can promise; a full disk is met when it comes
	return j, pending, nil
}

// read finds the pending batches, and the place where to go on.
func (j *journal) read(from io.Reader) ([]*batch, error) {
	pending := make(map[uint64]*batch)
	var order []*batch
	r := bufio.NewReaderSize(from, 1<<16)
	for {
		if b, err := r.Peek(1); err == nil && b[0] == 0 {
			break // reserved, never written
		}
		line, err := r.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return nil, err
		}
		fr, sum, ok := parseFrame(line, j.sum)
		if !ok || j.n != 0 && fr.N != j.n+1 {
			break
		}
		j.n, j.sum = fr.N, sum
		j.end += int64(len(line))
		switch {
		case fr.Batch != nil:
			b := &batch{n: fr.N, chunks: fr.Batch}
			pending[fr.N] = b
			order = append(order, b)
		case fr.Intent != 0 && pending[fr.Intent] != nil:
			pending[fr.Intent].intent = fr.Files
		case fr.Done != 0:
			delete(pending, fr.Done)
		}
	}
	if j.n == 0 {
		// New, or its first frame is torn. The number it had is unknown, and no old frame may seem to follow ours.
		j.n = rand.Uint64() >> 2
	}
	var left []*batch
	for _, b := range order {
		if pending[b.n] != nil {
			left = append(left, b)
		}
	}
	return left, nil
}

// append writes frames with the next numbers, in one write, and fsyncs them if sync. After an error none of them counts,
// and the numbers are free again.
func (j *journal) append(sync bool, frames ...*frame) error {
	var buf bytes.Buffer
	n, sum := j.n, j.sum
	for _, fr := range frames {
		n++
		fr.N = n
		var err error
		if sum, err = writeFrame(&buf, fr, sum); err != nil {
			return err
		}
	}
	if j.end+int64(buf.Len()) > maxJournal {
		return errJournalFull
	}
	_, err := j.f.Seek(j.end, io.SeekStart)
	if err == nil {
		_, err = j.write(j.f, buf.Bytes())
	}
	if err == nil && sync {
		err = fdatasync(j.f)
	}
	if err != nil {
		// What was written of it must not be read as frames after a crash.
		j.invalidate(int64(buf.Len()))
		return err
	}
	j.n, j.sum = n, sum
	j.end += int64(buf.Len())
	return nil
}

// invalidate overwrites the beginning of what a failed append left, which reuses its blocks and so works on a full disk.
func (j *journal) invalidate(n int64) {
	if info, err := j.f.Stat(); err == nil && info.Size() > j.end {
		_, _ = j.f.WriteAt(make([]byte, min(n, 16, info.Size()-j.end)), j.end)
	}
}

// rewind goes back to the start of the file. Only when nothing is pending.
func (j *journal) rewind() { j.end, j.sum = 0, 0 }

func (j *journal) close() error { return j.f.Close() } // and with it the lock

func writeFrame(buf *bytes.Buffer, fr *frame, before uint32) (sum uint32, err error) {
	data, err := json.Marshal(fr)
	if err != nil {
		return 0, err
	}
	sum = crc32.Update(before, crc32.IEEETable, data)
	fmt.Fprintf(buf, "%08x %s\n", sum, data)
	return sum, nil
}

func parseFrame(line []byte, before uint32) (fr frame, sum uint32, ok bool) {
	if len(line) < 11 || line[8] != ' ' || line[len(line)-1] != '\n' {
		return fr, 0, false
	}
	want, err := strconv.ParseUint(string(line[:8]), 16, 32)
	data := line[9 : len(line)-1]
	sum = crc32.Update(before, crc32.IEEETable, data)
	if err != nil || uint32(want) != sum {
		return fr, 0, false
	}
	return fr, sum, json.Unmarshal(data, &fr) == nil && fr.N != 0
}
