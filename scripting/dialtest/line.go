package dialtest

import (
	"fmt"
	"sync"
	"time"

	"asterism/engine/channel"
	"asterism/engine/media"
	"asterism/engine/sound"
	"asterism/engine/tone"
)

// line is the sound of a leg, or one end of a Local channel: then what comes out of it goes in at its pair.
type line struct {
	channel.Media // nil: what a simulation has no use for
	w             *World
	leg           *leg  // whose phone hears it; nil for an end of a Local channel
	pair          *line // the other end of a Local channel
	key           func(rune)
	others        func(what, text string) // who hears it too; of a conference

	mu     sync.Mutex // guards below; a leaf
	joined *line
	stop   func() // ends what plays
	taps   []*tap
	volume media.Volume
	says   time.Time  // until when the party speaks
	talks  func(bool) // a conference wants to know
}

// hear tells what comes out here to whoever is there.
func (s *line) hear(what, text string) {
	switch {
	case s.leg != nil:
		s.leg.note(what, text, 0)
		return
	case s.others != nil:
		s.others(what, text)
		return
	}
	if s.pair != nil {
		s.pair.mu.Lock()
		joined := s.pair.joined
		s.pair.mu.Unlock()
		if joined != nil {
			joined.hear(what, text)
		}
	}
}

// pressed is a key that the party presses.
func (s *line) pressed(r rune) {
	s.mu.Lock()
	joined := s.joined
	s.mu.Unlock()
	if joined != nil {
		joined.SendDigit(r, 0)
	} else {
		s.key(r)
	}
}

// SendDigit is a key that the party gets.
func (s *line) SendDigit(r rune, _ time.Duration) {
	if s.leg != nil {
		s.leg.note(Gets, string(r), 0)
	} else if s.pair != nil {
		s.pair.pressed(r)
	}
}

// Play takes the time that the sound takes.
func (s *line) Play(src media.Source, done func()) func() {
	var once sync.Once
	finish := func() { once.Do(done) }
	var stops []func()
	at := func(d time.Duration, f func()) { stops = append(stops, s.w.clock.At(d, f)) }
	switch source := src.(type) {
	case interface {
		Clips() []*sound.Clip
		Position() time.Duration
	}: // under control: it may be paused and moved about in
		for _, clip := range source.Clips() {
			s.hear(Hears, s.w.sounds.nameOf(clip))
		}
		s.step(src, finish, &stops)
	case interface{ Clips() []*sound.Clip }:
		d := time.Duration(0)
		for i, clip := range source.Clips() {
			name := s.w.sounds.nameOf(clip)
			if i == 0 {
				s.hear(Hears, name)
			} else {
				at(d, func() { s.hear(Hears, name) })
			}
			d += s.w.sounds.lengthOf(clip)
		}
		at(d, finish)
	case fmt.Stringer: // a tone list
		s.hear(Hears, s.w.toneName(s.ch(), source.String()))
		if player, ok := src.(*tone.Player); ok {
			s.limited(player, finish, &stops)
		}
	default:
		s.hear(Hears, "music")
	}
	var stopped sync.Once
	stop := func() {
		stopped.Do(func() {
			for _, f := range stops {
				f()
			}
			finish()
		})
	}
	s.mu.Lock()
	before := s.stop
	s.stop = stop
	s.mu.Unlock()
	if before != nil {
		before()
	}
	return stop
}

// PlayMusic is hold music: it has no end.
func (s *line) PlayMusic(_ *media.Music, done func()) func() {
	s.hear(Hears, "music")
	var once sync.Once
	return func() { once.Do(done) }
}

func (s *line) ch() *channel.Channel {
	if s.leg != nil {
		return s.leg.ch
	}
	return nil
}

// stepTime is how often a sound under control is read.
const stepTime = 100 * time.Millisecond

// step reads src as it would be played.
func (s *line) step(src media.Source, finish func(), stops *[]func()) {
	buf := make([]int16, src.Rate()/int(time.Second/stepTime))
	var mu sync.Mutex
	over := false
	*stops = append(*stops, func() { mu.Lock(); over = true; mu.Unlock() })
	var next func()
	next = func() {
		mu.Lock()
		done := over
		mu.Unlock()
		if done {
			return
		}
		if n, err := src.Read(buf); err != nil || n == 0 {
			finish()
			return
		}
		s.w.clock.At(stepTime, next)
	}
	next()
}

// endless is what counts as never ending: a tone list that repeats.
const endless = time.Minute

// limited ends a tone list that has an end.
func (s *line) limited(src media.Source, finish func(), stops *[]func()) {
	d := time.Duration(0)
	buf := make([]int16, src.Rate()/10)
	for d < endless {
		n, err := src.Read(buf)
		d += time.Duration(n) * time.Second / time.Duration(src.Rate())
		if err != nil || n == 0 {
			*stops = append(*stops, s.w.clock.At(d, finish))
			return
		}
	}
}

func (s *line) close() {
	s.mu.Lock()
	stop := s.stop
	s.stop, s.taps = nil, nil
	s.mu.Unlock()
	if stop != nil {
		stop()
	}
}

func (s *line) PlayRate() int { return 8000 }

// Echo lets the party hear itself.
func (s *line) Echo(on bool) {
	if on {
		s.hear(Hears, "echo")
	}
}

func (s *line) SetJitterBuffer(*media.JitterBuffer) {}

// Overlay is not heard here.
func (s *line) Overlay(*media.Feed, bool) func() { return func() {} }

// SetVolume keeps what was set, for Volume.
func (s *line) SetVolume(v media.Volume) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.volume = v
}

func (s *line) Volume() media.Volume {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.volume
}

// Join lets two lines hear each other.
func (s *line) Join(other channel.Media, _ channel.KeptDigits) (func(), error) {
	o, ok := other.(*line)
	if !ok {
		return nil, fmt.Errorf("dialtest: %T cannot be joined", other)
	}
	s.set(o)
	o.set(s)
	if s.open() && o.open() { // else it is early media
		s.hear(Talks, o.name())
		o.hear(Talks, s.name())
	}
	return func() { s.set(nil); o.set(nil) }, nil
}

func (s *line) set(joined *line) {
	s.mu.Lock()
	s.joined = joined
	s.mu.Unlock()
}

// open tells whether the call was answered on this side.
func (s *line) open() bool {
	if s.leg == nil {
		return true
	}
	s.leg.mu.Lock()
	defer s.leg.mu.Unlock()
	return s.leg.up
}

// name is whose line it is; of a Local channel, who is at its other end, if somebody is there yet.
func (s *line) name() string {
	if s.leg != nil {
		return s.leg.who
	}
	if s.pair != nil {
		s.pair.mu.Lock()
		far := s.pair.joined
		s.pair.mu.Unlock()
		if far != nil {
			return far.name()
		}
	}
	return "Local"
}

// tap is somebody who listens, as a recording does.
type tap struct {
	media.Tap
	heard, said []int16
}

// Tap gives t blocks of 20 ms: a tone while the party speaks, silence otherwise.
func (s *line) Tap(t media.Tap) (remove func()) {
	n := t.Rate() / 50
	one := &tap{t, make([]int16, n), make([]int16, n)}
	s.mu.Lock()
	s.taps = append(s.taps, one)
	s.mu.Unlock()
	var tick func()
	tick = func() {
		s.mu.Lock()
		live, speaks := false, s.w.clock.Now().Before(s.says)
		for _, other := range s.taps {
			live = live || other == one
		}
		s.mu.Unlock()
		if !live {
			return
		}
		for i := range one.heard {
			one.heard[i] = 0
			if speaks && i%8 < 4 {
				one.heard[i] = 8000
			}
		}
		one.Block(one.heard, one.said)
		s.w.clock.At(20*time.Millisecond, tick)
	}
	s.w.clock.At(20*time.Millisecond, tick)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for i, other := range s.taps {
			if other == one {
				s.taps = append(s.taps[:i:i], s.taps[i+1:]...)
				return
			}
		}
	}
}
