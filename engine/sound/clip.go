// Package sound turns sound files into PCM, found by Asterisk's rules, and PCM into sound files.
//
//	Library.OpenAt(name, language, rate) ─► file of the first root that has it ─► decoded once, cached ─► *Clip ─Sequence()─► media
//	Create(name) ─► *Recorder ◄─ Write(PCM) … Close ─► file, whole and durable; Recover finishes what a crash left
//
// Roots are folders laid out as Asterisk's sounds (en/beep.wav): the site's own first, the ones built in last.
package sound

import (
	"io"
	"sync"
	"time"
)

// Clip is a decoded sound: 16-bit mono PCM. It is immutable and shared.
type Clip struct {
	rate int
	pcm  []int16

	charge func(c *Clip, bytes int64) bool // asks the library for space for packets, nil: none are kept; set before it is shared
	mu     sync.Mutex                      // guards tracks; taken when a playback begins, not for a packet
	tracks map[any]*track
}

// NewClip makes a clip of pcm at rate Hz. The clip owns pcm from now on.
func NewClip(rate int, pcm []int16) *Clip { return &Clip{rate: rate, pcm: pcm} }

// Rate is the sampling rate, Hz.
func (c *Clip) Rate() int { return c.rate }

// Duration is how long the clip plays.
func (c *Clip) Duration() time.Duration {
	return time.Duration(len(c.pcm)) * time.Second / time.Duration(c.rate)
}

// Reader begins to play c. Any number of readers may do so at once.
func (c *Clip) Reader() *Reader { return &Reader{clips: []*Clip{c}} }

// Sequence plays clips of one rate, at least one, without as much as a sample between them.
func Sequence(clips ...*Clip) *Reader { return &Reader{clips: clips} }

// Reader is one playback of clips. It satisfies media.Source, never blocks and has one user.
type Reader struct {
	clips []*Clip
	clip  int // being played
	pos   int // samples of it
}

// Clips are what is played, in order.
func (r *Reader) Clips() []*Clip { return r.clips }

// Rate is the clips' sampling rate, Hz.
func (r *Reader) Rate() int { return r.clips[0].rate }

// Read fills pcm with the next samples; io.EOF, with 0 samples, at the end.
func (r *Reader) Read(pcm []int16) (n int, err error) {
	for n < len(pcm) && r.clip < len(r.clips) {
		m := copy(pcm[n:], r.clips[r.clip].pcm[r.pos:])
		n += m
		r.pos += m
		if r.pos == len(r.clips[r.clip].pcm) {
			r.clip, r.pos = r.clip+1, 0
		}
	}
	if n == 0 && len(pcm) > 0 {
		return 0, io.EOF
	}
	return n, nil
}
