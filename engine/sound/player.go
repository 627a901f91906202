package sound

import (
	"io"
	"math"
	"sync/atomic"
	"time"
)

// Player is one playback of clips that can be controlled: paused, moved about in, made louder or faster. It satisfies media.Source;
// Rate, Read
// and what concerns packets are the media thread's, everything else may be called from any goroutine, and takes effect with the packet
// after next.
type Player struct {
	clips []*Clip
	total int64 // samples

	pos    atomic.Int64 // samples from the beginning
	paused atomic.Bool
	gain   atomic.Int32 // in 1/4096
	speed  atomic.Int32 // in 1/4096

	stretch stretcher // Read's alone
	reading reading
}

const unit = 4096 // of gain and speed: 1.0

// NewPlayer plays clips of one rate, at least one, without a gap.
func NewPlayer(clips ...*Clip) *Player {
	p := &Player{clips: clips}
	for _, c := range clips {
		p.total += int64(len(c.pcm))
	}
	p.gain.Store(unit)
	p.speed.Store(unit)
	return p
}

// Clips are what is played, in order.
func (p *Player) Clips() []*Clip { return p.clips }

// Rate is the clips' sampling rate, Hz.
func (p *Player) Rate() int { return p.clips[0].rate }

// Duration is how long the clips last at normal speed.
func (p *Player) Duration() time.Duration { return p.time(p.total) }

// Position is where in the clips the playback is.
func (p *Player) Position() time.Duration { return p.time(p.pos.Load()) }

func (p *Player) time(samples int64) time.Duration {
	return time.Duration(float64(samples) / float64(p.Rate()) * float64(time.Second))
}

// Pause stops the sound where it is, or lets it go on. While it is paused there is silence.
func (p *Player) Pause(on bool) { p.paused.Store(on) }

// Seek moves by d; before the beginning is the beginning, beyond the end the end.
func (p *Player) Seek(d time.Duration) {
	by := p.samples(d)
	for {
		was := p.pos.Load()
		if p.pos.CompareAndSwap(was, min(max(was+by, 0), p.total)) {
			return
		}
	}
}

// SeekTo moves to d from the beginning.
func (p *Player) SeekTo(d time.Duration) { p.pos.Store(min(max(p.samples(d), 0), p.total)) }

func (p *Player) samples(d time.Duration) int64 {
	return int64(d.Seconds() * float64(p.Rate()))
}

// SetVolume changes the level by db decibels against that of the file: -40 to 20.
func (p *Player) SetVolume(db float64) {
	p.gain.Store(int32(math.Round(unit * math.Pow(10, min(max(db, -40), 20)/20))))
}

// SetSpeed plays factor times as fast, 0.5 to 2, at the pitch of the file.
func (p *Player) SetSpeed(factor float64) {
	p.speed.Store(int32(math.Round(unit * min(max(factor, 0.5), 2))))
}

// Read fills pcm with the next samples; (0, nil) while paused; io.EOF, with 0 samples, at the end.
func (p *Player) Read(pcm []int16) (int, error) {
	if p.paused.Load() {
		return 0, nil
	}
	at := p.pos.Load()
	var n int
	var used int64
	if speed := p.speed.Load(); speed != unit {
		n, used = p.stretch.read(p, pcm, at, float64(speed)/unit)
	} else {
		n = p.copyAt(pcm, at)
		used = int64(n)
		p.stretch.reset()
	}
	if n == 0 && len(pcm) > 0 {
		return 0, io.EOF
	}
	p.pos.CompareAndSwap(at, at+used) // unless somebody has moved it meanwhile
	if g := p.gain.Load(); g != unit {
		for i, s := range pcm[:n] {
			pcm[i] = int16(min(max(int64(s)*int64(g)/unit, math.MinInt16), math.MaxInt16))
		}
	}
	return n, nil
}

// copyAt copies what the clips have from a place on.
func (p *Player) copyAt(pcm []int16, at int64) (n int) {
	for _, c := range p.clips {
		length := int64(len(c.pcm))
		if at < length {
			n += copy(pcm[n:], c.pcm[at:])
			at = length
		}
		if at -= length; n == len(pcm) {
			break
		}
	}
	return n
}
