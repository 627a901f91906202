// Package sound turns sound files into PCM, found by Asterisk's rules, and PCM into sound files.
//
//	Library.Open(name, language) ─► file of the first root that has it ─► decoded once, cached ─► *Clip ─Reader()─► media
//	Create(name) ─► *Recorder ◄─ Write(PCM) … Close ─► file, whole and durable; Recover finishes what a crash left
//
// Roots are folders laid out as Asterisk's sounds (en/beep.wav): the site's own first, the ones built in last.
package sound

import (
	"io"
	"time"
)

// Clip is a decoded sound: 16-bit mono PCM. It is immutable and shared.
type Clip struct {
	rate int
	pcm  []int16
}

// NewClip makes a clip of pcm at rate Hz. The clip owns pcm from now on.
func NewClip(rate int, pcm []int16) *Clip { return &Clip{rate, pcm} }

// Rate is the sampling rate, Hz.
func (c *Clip) Rate() int { return c.rate }

// Duration is how long the clip plays.
func (c *Clip) Duration() time.Duration {
	return time.Duration(len(c.pcm)) * time.Second / time.Duration(c.rate)
}

// Reader begins to play c. Any number of readers may do so at once.
func (c *Clip) Reader() *Reader { return &Reader{clip: c} }

// Reader is one playback of a clip. It satisfies media.Source, never blocks and has one user.
type Reader struct {
	clip *Clip
	pos  int // samples
}

// Rate is the clip's sampling rate, Hz.
func (r *Reader) Rate() int { return r.clip.rate }

// Read fills pcm with the next samples; io.EOF, with 0 samples, at the end.
func (r *Reader) Read(pcm []int16) (int, error) {
	if r.pos == len(r.clip.pcm) {
		return 0, io.EOF
	}
	n := copy(pcm, r.clip.pcm[r.pos:])
	r.pos += n
	return n, nil
}
