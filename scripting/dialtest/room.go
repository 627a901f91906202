package dialtest

import (
	"slices"
	"sync"
	"time"

	"asterism/engine/channel"
	"asterism/engine/media"
	"asterism/engine/sound"
)

// room is a conference without a mixer: who is in it hears what is played to all, and it is told who can hear whom.
type room struct {
	w *World
	*line

	mu      sync.Mutex // guards below; a leaf
	members []*seat
	waiting []func() // what is played after what plays
	playing bool
}

func (w *World) newRoom(media.RoomConfig) channel.Room {
	r := &room{w: w}
	r.line = &line{w: w, others: r.tell}
	return r
}

// tell lets all hear who are not deaf.
func (r *room) tell(what, text string) {
	for _, m := range r.present() {
		if m.hears() {
			m.line.hear(what, text)
		}
	}
}

func (r *room) present() []*seat {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.members)
}

// Join takes a line in.
func (r *room) Join(m channel.Media, c media.MemberConfig) (channel.Seat, error) {
	s := &seat{room: r, line: m.(*line), muted: c.Muted, deaf: c.Deaf}
	before := r.present()
	r.mu.Lock()
	r.members = append(r.members, s)
	r.mu.Unlock()
	s.line.mu.Lock()
	s.line.talks = c.OnTalks
	s.line.mu.Unlock()
	for _, m := range before {
		m.meets(s)
		s.meets(m)
	}
	return s, nil
}

// Play lets everybody hear src after what plays already.
func (r *room) Play(src media.Source, done func()) (stop func()) {
	var once sync.Once
	end := func() {}
	var mu sync.Mutex // guards end
	finish := func() {
		once.Do(func() {
			if done != nil {
				done()
			}
			r.next()
		})
	}
	start := func() {
		stopped := r.line.Play(src, finish)
		mu.Lock()
		end = stopped
		mu.Unlock()
	}
	r.mu.Lock()
	idle := !r.playing
	if r.playing = true; !idle {
		r.waiting = append(r.waiting, start)
	}
	r.mu.Unlock()
	if idle {
		start()
	}
	return func() {
		mu.Lock()
		stop := end
		mu.Unlock()
		stop()
	}
}

// next plays what waits.
func (r *room) next() {
	r.mu.Lock()
	r.playing = len(r.waiting) > 0
	var start func()
	if r.playing {
		start, r.waiting = r.waiting[0], r.waiting[1:]
	}
	r.mu.Unlock()
	if start != nil {
		start()
	}
}

// Tap gives f the mix in blocks of 20 ms: a tone while a member who is not muted speaks.
func (r *room) Tap(rate int, f func(mix []int16)) (remove func()) {
	return r.line.Tap(tapped{rate, f, r.speaks})
}

// speaks tells whether somebody is heard.
func (r *room) speaks() bool {
	now := r.w.clock.Now()
	return slices.ContainsFunc(r.present(), func(s *seat) bool {
		s.line.mu.Lock()
		defer s.line.mu.Unlock()
		return now.Before(s.line.says) && s.heard()
	})
}

// Close ends what plays.
func (r *room) Close() {
	r.mu.Lock()
	r.waiting = nil
	r.mu.Unlock()
	r.line.close()
}

// tapped makes a media.Tap of a function.
type tapped struct {
	rate   int
	f      func([]int16)
	speaks func() bool
}

func (t tapped) Rate() int { return t.rate }

func (t tapped) Block(mix, _ []int16) {
	if t.speaks() {
		for i := range mix {
			mix[i] = int16(i % 8 / 4 * 8000)
		}
	}
	t.f(mix)
}

// seat is a member's.
type seat struct {
	room *room
	line *line

	mu          sync.Mutex // guards below; a leaf
	muted, deaf bool
}

func (s *seat) heard() bool { s.mu.Lock(); defer s.mu.Unlock(); return !s.muted }
func (s *seat) hears() bool { s.mu.Lock(); defer s.mu.Unlock(); return !s.deaf }

// meets: s hears other from now on.
func (s *seat) meets(other *seat) {
	if s.hears() && other.heard() {
		s.line.hear(Talks, other.line.name())
	}
}

// Mute keeps the member from being heard.
func (s *seat) Mute(on bool) {
	s.mu.Lock()
	changed := s.muted != on
	s.muted = on
	s.mu.Unlock()
	if changed && on {
		s.line.hear(Muted, "")
	} else if changed {
		s.line.hear(Unmuted, "")
	}
}

// Deafen keeps the member from hearing.
func (s *seat) Deafen(on bool) {
	s.mu.Lock()
	s.deaf = on
	s.mu.Unlock()
}

// SetGain changes nothing that is told.
func (s *seat) SetGain(int, int) {}

// Leave ends the membership.
func (s *seat) Leave() {
	s.line.mu.Lock()
	s.line.talks = nil
	s.line.mu.Unlock()
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	s.room.members = slices.DeleteFunc(s.room.members, func(o *seat) bool { return o == s })
}

// conferences are those that go on (scripting.Conferences).
type conferences struct{ w *World }

func (c conferences) Conference(name string) (*channel.Conference, bool) {
	return c.w.core.Conference(name)
}

func (c conferences) Conferences() (list []channel.ConferenceInfo) {
	for _, conf := range c.w.core.Conferences() {
		list = append(list, conf.Info())
	}
	return list
}

// tape begins the recording of a conference.
func (w *World) tape(r channel.TapeRequest) (channel.Tape, error) {
	if r.File != "" && r.File[0] != '/' {
		r.File = recordings + "/" + r.File
	}
	rec, err := w.archive().Create(r.File, sound.RecordOptions{Rate: 8000, Append: r.Append, Stereo: r.Stereo})
	if err != nil {
		return nil, err
	}
	return sound.NewTape(rec), nil
}

// recordings is the folder that recordings without a path go to.
const recordings = "/sounds"

func (w *World) archive() sound.Archive { return sound.Archive{{Path: recordings, Root: w.root}} }

// speak lets a party speak for d.
func (s *line) speak(d time.Duration) {
	s.mu.Lock()
	s.says = s.w.clock.Now().Add(d)
	talks := s.talks
	s.mu.Unlock()
	if talks != nil {
		talks(true)
		s.w.clock.At(d, func() { talks(false) })
	}
}
