package luatest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"asterism/engine/channel"
	"asterism/engine/media"
	"asterism/engine/sound"
)

// leg is a faked SIP side that notes what was asked of it.
type leg struct {
	w     *world
	phone *phone // what it does when dialled; nil for the caller
	sound *sounding
	shown channel.CallerID // of whom it was called
	headers
	report int // the SIP status of a transfer; 0: none comes

	mu          sync.Mutex // guards below; a leaf
	ch          *channel.Channel
	indications []string
	transferred string // where to
	hungUp      channel.Cause
	over        bool
}

var indicationNames = map[channel.Indication]string{
	channel.IndicateProceeding: "proceeding", channel.IndicateRinging: "ringing", channel.IndicateProgress: "progress",
	channel.IndicateBusy: "busy", channel.IndicateCongestion: "congestion", channel.IndicateForwarded: "forwarded",
}

func (l *leg) Answer(context.Context) error { return nil }

func (l *leg) Indicate(i channel.Indication) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.indications = append(l.indications, indicationNames[i])
	return nil
}

func (l *leg) Hangup(c channel.Cause) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.over {
		l.over, l.hungUp = true, c
		if l.phone != nil {
			l.w.released(fmt.Sprintf("%s %d", l.phone.target, int(c)))
		}
	}
}

func (l *leg) Media() channel.Media {
	if l.sound == nil {
		return nil
	}
	return l.sound
}

func (l *leg) Property(name string) (string, bool) {
	if name == "pjsip,call-id" {
		return "luatest", true
	}
	return "", false
}

// Call does what the test said of the phone.
func (l *leg) Call(notify func(channel.LegEvent)) {
	p := l.phone
	tell := func(ms float64, ev channel.LegEvent) {
		l.w.clock.At(duration(ms), func() {
			if !l.ch.HungUp() {
				notify(ev)
			}
		})
	}
	if p.ring >= 0 {
		tell(p.ring, channel.LegEvent{Kind: channel.LegRinging})
	}
	if p.progress >= 0 {
		tell(p.progress, channel.LegEvent{Kind: channel.LegProgress})
	}
	if p.answer >= 0 {
		tell(p.answer, channel.LegEvent{Kind: channel.LegAnswered})
		if p.hangup >= 0 {
			l.w.clock.At(duration(p.answer+p.hangup), func() { l.ch.FarEndGone(channel.NormalClearing) })
		}
	}
	for _, pr := range p.presses {
		for i, key := range pr.keys {
			l.w.clock.At(pr.at+time.Duration(i)*100*time.Millisecond, func() { l.ch.Digit(key) })
		}
	}
	if p.end >= 0 {
		l.w.clock.At(duration(p.end), func() {
			if !l.ch.HungUp() {
				l.ch.FarEndGone(p.cause)
				notify(channel.LegEvent{Kind: channel.LegEnded, Cause: p.cause, Forward: p.forward})
			}
		})
	}
}

func duration(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

// phone is what a dialled target does; times in ms, negative for never.
type phone struct {
	target                              string
	ring, progress, answer, hangup, end float64
	cause                               channel.Cause
	forward                             string
	presses                             []press
	calls                               []*leg // that were made to it
}

// tech makes legs for the targets the test told of.
type tech struct {
	w    *world
	name string
}

func (t *tech) Name() string { return t.name }

func (t *tech) Request(_ context.Context, resource string, d *channel.DialLeg) ([]*channel.Channel, error) {
	target := t.name + "/" + resource
	p := t.w.phones[target]
	if p == nil {
		return nil, &channel.UnavailableError{Cause: channel.SubscriberAbsent, Reason: "no phone " + target + " in this test"}
	}
	l := &leg{w: t.w, phone: p, sound: &sounding{w: t.w}, shown: d.CallerID}
	p.calls = append(p.calls, l)
	l.ch = t.w.core.New(channel.Config{Tech: t.name, Endpoint: resource, Leg: l, State: channel.Dialing, Parent: d.Parent, CallerID: d.CallerID, Variables: d.Variables})
	return []*channel.Channel{l.ch}, nil
}

// sounding is faked media: a sound takes its time and ends.
type sounding struct {
	w *world

	mu     sync.Mutex // guards below; a leaf
	sent   string
	buffer string // jitter buffer that was set
	volume media.Volume
	tones  []string // that were begun, and "stop"
}

// endless is what counts as never ending: longer than any prompt of a test.
const endless = 2 * time.Minute

func (s *sounding) Play(src media.Source, done func()) func() {
	if p, ok := src.(*sound.Player); ok {
		return s.playSteps(p, done)
	}
	d := time.Duration(0)
	buf := make([]int16, 8000)
	for d < endless {
		n, err := src.Read(buf)
		d += time.Duration(n) * time.Second / time.Duration(src.Rate())
		if err != nil || n == 0 {
			if err != nil && !errors.Is(err, io.EOF) {
				d = 0
			}
			break
		}
	}
	var once sync.Once
	finish := func() { once.Do(done) }
	stop := func() {}
	if d < endless {
		stop = s.w.clock.At(d, finish)
	}
	list, isTone := src.(fmt.Stringer)
	if isTone {
		s.note(list.String())
	}
	return func() {
		stop()
		if isTone {
			s.note("stop")
		}
		finish()
	}
}

// playSteps plays what may be paused and moved about in as a port does, 20 ms at a time.
func (s *sounding) playSteps(p *sound.Player, done func()) func() {
	var once sync.Once
	finish := func() { once.Do(done) }
	const step = 20 * time.Millisecond
	buf := make([]int16, p.Rate()/50)
	stop := func() {}
	var mu sync.Mutex // guards stop
	var tick func()
	tick = func() {
		if _, err := p.Read(buf); err != nil {
			finish()
			return
		}
		mu.Lock()
		stop = s.w.clock.At(step, tick)
		mu.Unlock()
	}
	tick()
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stop()
		finish()
	}
}

func (s *sounding) note(tone string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tones = append(s.tones, tone)
}

func (s *sounding) PlayMusic(m *media.Music, done func()) func() {
	s.note("music " + m.Name())
	var once sync.Once
	return func() { once.Do(func() { s.note("stop"); done() }) }
}

// Overlay is noted among the tones.
func (s *sounding) Overlay(_ *media.Feed, heard bool) func() {
	word := map[bool]string{true: "heard", false: "said"}[heard]
	s.note("over " + word)
	return func() { s.note("not over " + word) }
}

func (s *sounding) PlayRate() int { return 8000 }

func (s *sounding) Echo(bool) {}

func (s *sounding) SetJitterBuffer(b *media.JitterBuffer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buffer = "none"
	if b != nil {
		s.buffer = fmt.Sprintf("fixed=%v max=%v resync=%v extra=%v", b.Fixed, b.Max, b.Resync, b.Extra)
	}
}

// SetVolume keeps what was set, for Volume.
func (s *sounding) SetVolume(v media.Volume) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.volume = v
}

func (s *sounding) Volume() media.Volume {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.volume
}

// tapLimit is how long a tap gets blocks, so that a test that waits for ever ends.
const tapLimit = time.Hour

// Tap gets a block every 20 ms: the party speaks as long as the test says, then is silent; what it is told is silence.
func (s *sounding) Tap(t media.Tap) func() {
	heard, said := make([]int16, t.Rate()/50), make([]int16, t.Rate()/50)
	began := s.w.clock.Now()
	var mu sync.Mutex // guards stop, over
	over, stop := false, func() {}
	var tick func()
	tick = func() {
		mu.Lock()
		defer mu.Unlock()
		age := s.w.clock.Now().Sub(began)
		if over || age > tapLimit {
			return
		}
		level := int16(0)
		if age <= s.w.talks {
			level = 1000
		}
		for i := range heard {
			heard[i] = level
		}
		if age > 0 {
			t.Block(heard, said)
		}
		stop = s.w.clock.At(20*time.Millisecond, tick)
	}
	tick()
	return func() {
		mu.Lock()
		defer mu.Unlock()
		over = true
		stop()
	}
}

func (s *sounding) SendDigit(d rune, _ time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent += string(d)
}

func (s *sounding) Join(channel.Media, channel.KeptDigits) (func(), error) { return func() {}, nil }

// prompts are sounds of silence, as long as the test says; it notes what was opened.
type prompts struct {
	mu      sync.Mutex // guards below; a leaf
	lengths map[string]time.Duration
	played  []string
}

// Has reports whether OpenAt would find name.
func (p *prompts) Has(name, _ string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, told := p.lengths[name]
	return !told || d >= 0
}

// OpenAt makes a second of silence for every name the test did not speak of.
func (p *prompts) OpenAt(name, _ string, rate int) (*sound.Clip, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, told := p.lengths[name]
	if told && d < 0 {
		return nil, fmt.Errorf("sound %q: %w", name, fs.ErrNotExist)
	}
	if !told {
		d = time.Second
	}
	p.played = append(p.played, name)
	return sound.NewClip(rate, make([]int16, int(d*time.Duration(rate)/time.Second))), nil
}
