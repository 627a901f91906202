package dialtest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"asterism/engine/channel"
	"asterism/engine/media"
	"asterism/engine/sound"
	"asterism/engine/tone"
)

// leg is the edge: a phone's side of a channel, as tech/pjsip's is, without packets.
type leg struct {
	w      *World
	who    string
	ch     *channel.Channel
	caller bool
	conduct
	display channel.CallerID // whom a phone that rings shows
	sound   *line
	report  channel.Reporter

	mu      sync.Mutex // guards below; a leaf
	ringing bool
	up      bool
	over    bool
}

// conduct is what the phone does when this leg rings.
type conduct struct{ Behaviour }

func (l *leg) note(what, text string, cause channel.Cause) {
	l.w.tell(l.ch, Event{Who: l.who, What: what, Text: text, Cause: int(cause)})
}

// finish marks the leg as gone; false if it was already.
func (l *leg) finish() (wasRinging, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	wasRinging, first = l.ringing, !l.over
	l.over, l.ringing, l.up = true, false, false
	return wasRinging, first
}

func (l *leg) live() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.over
}

// Answer: the caller's phone hears that it was answered.
func (l *leg) Answer(context.Context) error {
	if !l.caller {
		return nil
	}
	l.mu.Lock()
	first := !l.up && !l.over
	l.up = true
	l.mu.Unlock()
	if first {
		l.note(Answered, "", 0)
	}
	return nil
}

// Indicate is what the caller's phone does with 180, 183, 486 and 503.
func (l *leg) Indicate(i channel.Indication) error {
	if !l.caller || !l.live() {
		return nil
	}
	switch i {
	case channel.IndicateRinging:
		l.note(Ringback, "", 0)
	case channel.IndicateProgress:
		l.note(Progress, "", 0)
	case channel.IndicateBusy:
		l.ch.SetHangupCause(channel.UserBusy)
		l.ended(channel.UserBusy)
	case channel.IndicateCongestion:
		l.ch.SetHangupCause(channel.Congestion)
		l.ended(channel.Congestion)
	}
	return nil
}

// ended: the exchange ends this leg.
func (l *leg) ended(cause channel.Cause) {
	wasRinging, first := l.finish()
	switch {
	case !first:
	case wasRinging:
		l.note(Stops, "", cause)
	default:
		l.note(Ends, fmt.Sprintf("with cause %d, %s", int(cause), cause), cause)
	}
}

// Hangup ends the leg.
func (l *leg) Hangup(cause channel.Cause) {
	l.ended(cause)
	l.sound.close()
	l.report.Tell(channel.LegEvent{Kind: channel.LegEnded, Cause: cause})
}

// Transfer: the phone does as it is told, and whom it is sent to answers.
func (l *leg) Transfer(target string, done func(channel.Transferred)) {
	l.mu.Lock()
	up := l.up || !l.caller
	l.mu.Unlock()
	if !up {
		l.ch.SetHangupCause(channel.RedirectedToNew)
		if _, first := l.finish(); first {
			l.note(Ends, "with a redirection to "+target, channel.RedirectedToNew)
			l.ch.FarEndGone(channel.RedirectedToNew)
		}
		done(channel.Transferred{OK: true})
		return
	}
	l.note(Gets, "a transfer to "+target, 0)
	done(channel.Transferred{OK: true, Protocol: 200})
}

func (l *leg) Media() channel.Media { return l.sound }

func (l *leg) Property(name string) (string, bool) {
	switch name {
	case "pjsip,call-id":
		return l.ch.Name() + "@simulated", true
	case "pjsip,endpoint":
		return l.who, true
	case "pjsip,remote_addr":
		return "127.0.0.1:5060", true
	}
	return "", false
}

// Call rings the phone.
func (l *leg) Call(notify func(channel.LegEvent)) {
	l.report.To(notify)
	clock := l.w.clock
	clock.At(l.RingAfter, func() {
		if !l.live() || l.Cause > 0 && l.CauseAfter <= l.RingAfter || l.Forward != "" && l.CauseAfter <= l.RingAfter {
			return
		}
		l.mu.Lock()
		l.ringing = true
		l.mu.Unlock()
		l.note(Rings, l.shown(), 0)
		l.report.Tell(channel.LegEvent{Kind: channel.LegRinging})
	})
	switch {
	case l.Cause > 0 || l.Forward != "":
		clock.At(l.CauseAfter, func() { l.refuse(channel.Cause(l.Cause), l.Forward) })
	case l.Behaviour.Answer:
		clock.At(max(l.AnswerAfter, l.RingAfter), l.pickUp)
	}
}

// shown is whom the phone shows.
func (l *leg) shown() string {
	if l.display.Number != "" || l.display.Name != "" {
		return "for " + l.display.String()
	}
	return ""
}

func (l *leg) refuse(cause channel.Cause, forward string) {
	if _, first := l.finish(); !first {
		return
	}
	if forward != "" {
		cause = channel.RedirectedToNew
		l.note(Refuses, "and forwards to "+forward, cause)
	} else {
		l.note(Refuses, fmt.Sprintf("with cause %d, %s", int(cause), cause), cause)
	}
	l.ch.FarEndGone(cause)
	l.report.Tell(channel.LegEvent{Kind: channel.LegEnded, Cause: cause, Forward: forward})
}

// pickUp answers a phone that rings.
func (l *leg) pickUp() {
	l.mu.Lock()
	ok := !l.over && !l.up
	l.ringing, l.up = false, l.up || ok
	l.mu.Unlock()
	if !ok {
		return
	}
	l.note(Answers, "", 0)
	l.report.Tell(channel.LegEvent{Kind: channel.LegAnswered})
	if l.TalkFor > 0 {
		l.w.clock.At(l.TalkFor, l.hangUp)
	}
}

// hangUp: the phone's user does.
func (l *leg) hangUp() {
	if _, first := l.finish(); first {
		l.note(Hangs, "", channel.NormalClearing)
		l.ch.FarEndGone(channel.NormalClearing)
		l.report.Tell(channel.LegEvent{Kind: channel.LegEnded, Cause: channel.NormalClearing})
		l.sound.close()
	}
}

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

// prompts are the site's sounds with their names; a test may say how long one is, or that it is missing.
type prompts struct {
	library Sounds
	own     Sounds     // what was recorded in this test
	mu      sync.Mutex // guards below; a leaf
	lengths map[string]time.Duration
	names   map[*clip]string
}

// Sounds finds prompts; *sound.Library is one.
type Sounds interface {
	OpenAt(name, lang string, rate int) (*sound.Clip, error)
	Has(name, lang string) bool
}

// OpenAt opens what the test spoke of, or what there is.
func (p *prompts) OpenAt(name, lang string, rate int) (*sound.Clip, error) {
	p.mu.Lock()
	d, told := p.lengths[name]
	p.mu.Unlock()
	var clip *sound.Clip
	var err error
	switch {
	case told && d < 0:
		return nil, fmt.Errorf("sound %q: this test says it is missing", name)
	case told:
		clip = sound.NewClip(rate, make([]int16, int(d*time.Duration(rate)/time.Second)))
	case p.recorded(name, lang, rate, &clip):
	case p.library == nil:
		return nil, fmt.Errorf("sound %q: there are no sounds; t:sound(%[1]q, ms) makes one", name)
	default:
		if clip, err = p.library.OpenAt(name, lang, rate); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	p.names[clip] = strings.TrimSuffix(name, "/")
	p.mu.Unlock()
	return clip, nil
}

// Has reports whether OpenAt would find name.
func (p *prompts) Has(name, lang string) bool {
	p.mu.Lock()
	d, told := p.lengths[name]
	p.mu.Unlock()
	return told && d >= 0 || !told && (p.own.Has(name, lang) || p.library != nil && p.library.Has(name, lang))
}

func (p *prompts) recorded(name, lang string, rate int, clip **sound.Clip) bool {
	c, err := p.own.OpenAt(name, lang, rate)
	*clip = c
	return err == nil
}

func (p *prompts) nameOf(c *sound.Clip) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.names[c]
}

func (p *prompts) lengthOf(c *sound.Clip) time.Duration { return c.Duration() }
