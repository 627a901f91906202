package sound

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"time"
)

// ErrCut is wrapped by errors of Write and Close after which the recording is kept, but only up to where its disk was full
// or failed.
var ErrCut = errors.New("recording cut short")

// flushEvery is how much sound may be lost with the process, at most.
const flushEvery = 500 * time.Millisecond

// RecordOptions say how Create records.
type RecordOptions struct {
	Rate   int  // Hz of the PCM that Write gets; it is converted to the format's
	Append bool // go on after what the file has, if there is one
	Stereo bool // two channels, sample by sample; wav, wav16 and sln at their own rate only
}

// Recorder writes one sound file. Until Close nothing of it is seen under its name:
//
//	Create ─► .NAME.3f92a1c0.part ─ Write, Write … ─► Close: sizes, fsync, rename to NAME, fsync of the folder
//	                              └ the process dies ─► Recover does the same at the next start
//
// Its methods write to disk: they are not for the media thread. It belongs to one goroutine at a time.
type Recorder struct {
	root       *os.Root
	name, part string
	file       *os.File
	store      store // file, but for tests of a failing disk
	c          container
	encode     encode
	convert    *converter // nil if the rates are the same
	rate       int

	stereo bool
	trim   time.Duration

	taken int64   // samples given to Write
	pcm   []int16 // at the file's rate, not yet a block
	buf   []byte  // whole blocks not yet in the file
	data  int64   // bytes of whole blocks in the file
	cut   error   // why no more can be written
	done  bool
}

// Create begins to record beneath root into name, whose extension is the format ("monitor/x.wav"); for wav49 it becomes
// WAV, as Asterisk names it. Folders that are missing are made.
func Create(root *os.Root, name string, o RecordOptions) (*Recorder, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	c, err := containerOf(name)
	if err != nil {
		return nil, err
	}
	if o.Rate < 8000 || o.Rate > 192000 {
		return nil, fmt.Errorf("sound: %s: PCM of %d Hz; 8000 to 192000 can be recorded", name, o.Rate)
	}
	if o.Stereo {
		if c, err = c.stereo(); err != nil || o.Rate != c.rate {
			return nil, fmt.Errorf("sound: %s: wav, wav16 and sln at their own rate are recorded in stereo", name)
		}
	}
	name = written(name)
	r := &Recorder{root: root, name: name, c: c, encode: c.encode(), rate: o.Rate, stereo: o.Stereo}
	if o.Rate != c.rate {
		r.convert = newConverter(o.Rate, c.rate)
	}
	if err := r.open(); err != nil {
		return nil, fmt.Errorf("sound: %s: %w", name, err)
	}
	err = c.begin(r.store)
	if err == nil && o.Append {
		err = r.copyExisting()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("sound: %s: %w", name, err), r.Discard())
	}
	return r, nil
}

// written is what a file of that name is called: Asterisk's wav49 are WAV.
func written(name string) string {
	if stem, ok := strings.CutSuffix(name, ".wav49"); ok {
		return stem + ".WAV"
	}
	return name
}

// open makes the part file and locks it, so that Recover knows that somebody lives who writes it.
func (r *Recorder) open() error {
	dir, base := path.Split(r.name)
	if err := makeFolder(r.root, path.Clean(dir)); err != nil {
		return err
	}
	for {
		var unique [4]byte
		_, _ = rand.Read(unique[:]) // it never fails
		r.part = dir + "." + base + "." + hex.EncodeToString(unique[:]) + partSuffix
		f, err := r.root.OpenFile(r.part, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o640)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := lock(f); err == nil && there(r.root, r.part, f) {
			r.file, r.store = f, f
			return nil
		} else if err != nil && !errors.Is(err, syscall.EWOULDBLOCK) {
			return errors.Join(err, f.Close(), r.root.Remove(r.part))
		}
		// Recover came in between and took it for one that was left behind, empty.
		_ = f.Close()
	}
}

func (r *Recorder) copyExisting() error {
	f, err := r.root.Open(r.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	blocks, err := r.c.existing(f, info.Size())
	if err != nil {
		return err
	}
	if r.c.header != nil && blocks.Size() > maxWAVData {
		return errFull
	}
	r.data, err = io.Copy(r.store, blocks)
	return err
}

// Name is the file's, beneath the root.
func (r *Recorder) Name() string { return r.name }

// Duration is how much sound Write has taken.
func (r *Recorder) Duration() time.Duration {
	return time.Duration(float64(r.taken) / float64(r.rate*r.channels()) * float64(time.Second))
}

func (r *Recorder) channels() int {
	if r.stereo {
		return 2
	}
	return 1
}

// Trim lets the file be shorter by d when it is closed.
func (r *Recorder) Trim(d time.Duration) { r.trim = max(d, 0) }

// Write records pcm, 16-bit mono at the rate given to Create. After an error, which wraps ErrCut, it takes no more; what was taken is kept.
func (r *Recorder) Write(pcm []int16) error {
	if r.done {
		return fmt.Errorf("sound: %s: %w", r.name, fs.ErrClosed)
	}
	if r.cut != nil {
		return r.cut
	}
	if r.convert != nil {
		r.pcm = r.convert.add(r.pcm, pcm)
	} else {
		r.pcm = append(r.pcm, pcm...)
	}
	r.taken += int64(len(pcm))
	if err := r.code(); err != nil {
		return err
	}
	due := int(flushEvery.Seconds()*float64(r.c.rate)) / r.c.blockSamples * r.c.blockSize
	if len(r.buf) < due {
		return nil
	}
	return r.flush()
}

// code moves what is whole blocks from pcm to buf.
func (r *Recorder) code() error {
	blocks := len(r.pcm) / r.c.blockSamples
	n, at := blocks*r.c.blockSamples, len(r.buf)
	r.buf = append(r.buf, make([]byte, blocks*r.c.blockSize)...)
	if _, err := r.encode(r.buf[at:], r.pcm[:n]); err != nil {
		r.buf = r.buf[:at]
		return r.cutBy(err)
	}
	r.pcm = r.pcm[:copy(r.pcm, r.pcm[n:])]
	return nil
}

var errFull = errors.New("a WAV file has no room for more than 4 GiB")

// flush writes buf into the file.
func (r *Recorder) flush() error {
	full := r.c.header != nil && r.data+int64(len(r.buf)) > maxWAVData
	if full {
		r.buf = r.buf[:(maxWAVData-r.data)/int64(r.c.blockSize)*int64(r.c.blockSize)]
	}
	n, err := r.store.Write(r.buf)
	r.data += int64(n / r.c.blockSize * r.c.blockSize) // what was written of one more block is cut off by finish
	r.buf = r.buf[:0]
	if err == nil && full {
		err = errFull
	}
	if err != nil {
		return r.cutBy(err)
	}
	return nil
}

func (r *Recorder) cutBy(err error) error {
	kept := time.Duration(r.data/int64(r.c.blockSize)*int64(r.c.blockSamples)) * time.Second / time.Duration(r.c.rate)
	r.cut = fmt.Errorf("sound: %s: %w after %v: %w", r.name, ErrCut, kept.Round(time.Millisecond), err)
	return r.cut
}

// Close ends the recording and puts it in its place, where it is durable and replaces a file of that name. After an error that
// wraps ErrCut it is there too, but short; after any other its part file is left for Recover. Only the first call does something.
func (r *Recorder) Close() error {
	if r.done {
		return nil
	}
	r.done = true
	defer r.file.Close() // synced already: closing cannot lose anything
	if r.cut == nil {
		r.end()
	}
	if r.trim > 0 { // of a block that is cut in two all is kept
		blocks := int64(r.trim.Seconds()*float64(r.c.rate)) / int64(r.c.frames())
		r.data = max(0, r.data-blocks*int64(r.c.blockSize))
	}
	if err := r.c.finish(r.store, r.data); err != nil {
		return fmt.Errorf("sound: %s: %w", r.name, err)
	}
	if err := r.root.Rename(r.part, r.name); err != nil {
		return fmt.Errorf("sound: %s: %w", r.name, err)
	}
	if err := syncFolder(r.root, path.Dir(r.name)); err != nil {
		return fmt.Errorf("sound: %s: %w", r.name, err)
	}
	return r.cut
}

// end writes what is left, with silence up to the end of the last block. What fails is in cut.
func (r *Recorder) end() {
	if r.convert != nil {
		r.pcm = r.convert.end(r.pcm)
	}
	if over := len(r.pcm) % r.c.blockSamples; over > 0 {
		r.pcm = append(r.pcm, make([]int16, r.c.blockSamples-over)...)
	}
	if r.code() == nil {
		_ = r.flush()
	}
}

// Discard ends the recording without a trace. After Close it does nothing.
func (r *Recorder) Discard() error {
	if r.done {
		return nil
	}
	r.done = true
	return errors.Join(r.root.Remove(r.part), r.file.Close())
}

// makeFolder makes dir with those above it, durably.
func makeFolder(root *os.Root, dir string) error {
	if _, err := root.Stat(dir); err == nil {
		return nil // if it is no folder, creating a file in it says so
	}
	if err := root.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	for dir != "." {
		dir = path.Dir(dir)
		if err := syncFolder(root, dir); err != nil {
			return err
		}
	}
	return nil
}

func syncFolder(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// there is whether f is still what name names.
func there(root *os.Root, name string, f *os.File) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	now, err := root.Lstat(name)
	return err == nil && os.SameFile(mine, now)
}
