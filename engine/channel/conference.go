package channel

import (
	"errors"
	"slices"
	"sync"
	"time"

	"asterism/engine/media"
)

// Room is where a conference is mixed; the engine has it made of media's, tests fake it.
type Room interface {
	// Join brings a leg's sound in; it leaves what it was joined with.
	Join(m Media, c media.MemberConfig) (Seat, error)
	// Play lets everybody hear src after what plays already; done is called exactly once.
	Play(src media.Source, done func()) (stop func())
	// Tap lets f hear the mix in blocks of 20 ms at rate Hz; f must not block.
	Tap(rate int, f func(mix []int16)) (remove func())
	Close()
}

// Seat is one leg's place in a Room.
type Seat interface {
	Mute(on bool)
	Deafen(on bool)
	SetGain(listenDB, talkDB int)
	Leave()
}

// Conference is a room that channels are in, by name, from the first that joins to the last that leaves. Who is in it decides for himself
// what to do about the others' coming and going: each participant is told, on its own queue. Safe from any goroutine.
type Conference struct {
	core    *Core
	name    string
	room    Room
	how     ConferenceConfig
	created time.Time
	talkers chan struct{} // somebody has begun or ended to talk; room for one
	done    chan struct{} // closed when it has ended

	mu        sync.Mutex // guards below; a leaf
	members   []*Participant
	locked    bool
	muted     bool // for who comes in and is no admin
	ended     bool
	reporting bool   // a goroutine tells who talks
	reports   uint64 // it has made
	taken     string // the last file it was recorded to
	recording *ConferenceRecording
}

// ConferenceConfig is how a room is made by who joins it first.
type ConferenceConfig struct {
	Rate       int // of the mix, Hz; 0: by the members
	MaxRate    int // what it is chosen below then; 0: 48000
	MaxMembers int // 0: any number
	Record     RecordConfig
}

// Errors of joining.
var (
	ErrConferenceLocked = errors.New("channel: the conference is locked")
	ErrConferenceFull   = errors.New("channel: the conference is full")
)

// ConferenceInfo is a copy of a conference's facts, its participants in the order they came.
type ConferenceInfo struct {
	Name    string
	Locked  bool
	Record  string // the file it is recorded to, "" if it is not
	Paused  bool   // that is silence at present
	Muted   bool   // who is no admin comes in muted
	Created time.Time
	Members []ParticipantInfo
}

// Marked and Admins count.
func (i ConferenceInfo) Marked() (n int) {
	for _, m := range i.Members {
		if m.Marked {
			n++
		}
	}
	return n
}

// Admins counts those who may do more.
func (i ConferenceInfo) Admins() (n int) {
	for _, m := range i.Members {
		if m.Admin {
			n++
		}
	}
	return n
}

// Conference finds one that is going on.
func (k *Core) Conference(name string) (*Conference, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, ok := k.conferences[name]
	return c, ok
}

// Conference finds one that is going on.
func (c *Channel) Conference(name string) (*Conference, bool) { return c.core.Conference(name) }

// Conferences are those that are going on, by name.
func (k *Core) Conferences() []*Conference {
	k.mu.Lock()
	out := make([]*Conference, 0, len(k.conferences))
	for _, c := range k.conferences {
		out = append(out, c)
	}
	k.mu.Unlock()
	slices.SortFunc(out, func(a, b *Conference) int { return compareText(a.name, b.name) })
	return out
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// JoinConference takes the channel into a conference, which begins with it if need be. Leave must be called.
func (c *Channel) JoinConference(name string, how ConferenceConfig, p ParticipantConfig) (*Participant, error) {
	if err := c.gone(); err != nil {
		return nil, err
	}
	m := c.leg.Media()
	if m == nil || c.core.newRoom == nil {
		return nil, ErrNoMedia
	}
	c.StopTone()
	id := c.CallerID()
	for {
		conf, fresh := c.core.openConference(name, how)
		part := &Participant{conf: conf, ch: c, cfg: p, id: id, at: c.core.clock.Now(), news: make(chan ConferenceEvent, maxNews),
			muted: p.Muted, deaf: p.Deaf, listen: p.Listen, talk: p.Talk}
		err := conf.admit(part, how.MaxMembers)
		if errors.Is(err, errConferenceEnded) { // it ended just now: begin another
			continue
		}
		if err != nil {
			return nil, err
		}
		seat, err := conf.room.Join(m, media.MemberConfig{Muted: p.Muted, Deaf: p.Deaf, Listen: p.Listen, Talk: p.Talk,
			Level: p.Level, Threshold: p.Threshold, Hang: p.Hang, OnTalks: part.talking})
		if err != nil {
			conf.drop(part)
			return nil, err
		}
		part.sit(seat)
		conf.track(part)
		if p.TalkEvents {
			conf.report()
		}
		if fresh {
			c.core.observer.ConferenceChanged(ConferenceFact{Kind: ConferenceStarted, Conference: conf.name})
		}
		conf.tell(ConferenceEvent{Kind: "joined", Who: part.Info()}, part)
		c.core.observer.ConferenceChanged(ConferenceFact{Kind: ConferenceJoined, Conference: conf.name, Channel: c, Who: part.Info()})
		return part, nil
	}
}

func (k *Core) openConference(name string, how ConferenceConfig) (conf *Conference, fresh bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if conf, ok := k.conferences[name]; ok {
		return conf, false
	}
	conf = &Conference{core: k, name: name, how: how, room: k.newRoom(media.RoomConfig{Rate: how.Rate, MaxRate: how.MaxRate}), created: k.clock.Now(),
		talkers: make(chan struct{}, 1), done: make(chan struct{})}
	if k.conferences == nil {
		k.conferences = map[string]*Conference{}
	}
	k.conferences[name] = conf
	return conf, true
}

var errConferenceEnded = errors.New("channel: the conference has ended")

// admit gives a participant a place, if there is one for him.
func (conf *Conference) admit(p *Participant, most int) error {
	conf.mu.Lock()
	defer conf.mu.Unlock()
	switch {
	case conf.ended:
		return errConferenceEnded
	case conf.locked && !p.cfg.Admin:
		return ErrConferenceLocked
	case most > 0 && len(conf.members) >= most && !p.cfg.Admin:
		return ErrConferenceFull
	}
	p.muted = p.muted || conf.muted && !p.cfg.Admin
	conf.members = append(slices.Clip(conf.members), p)
	return nil
}

// drop takes a participant out; the last one ends the conference.
func (conf *Conference) drop(p *Participant) (last bool) {
	conf.mu.Lock()
	i := slices.Index(conf.members, p)
	if i < 0 {
		conf.mu.Unlock()
		return false
	}
	conf.members = slices.Delete(slices.Clone(conf.members), i, i+1)
	p.gone = true
	last = len(conf.members) == 0
	conf.ended = last
	conf.mu.Unlock()
	if last {
		k := conf.core
		k.mu.Lock()
		if k.conferences[conf.name] == conf {
			delete(k.conferences, conf.name)
		}
		k.mu.Unlock()
		close(conf.done)
		conf.room.Close()
	}
	return last
}

// Name is the conference's.
func (conf *Conference) Name() string { return conf.name }

// Info is safe from anywhere.
func (conf *Conference) Info() ConferenceInfo {
	conf.mu.Lock()
	defer conf.mu.Unlock()
	info := ConferenceInfo{Name: conf.name, Locked: conf.locked, Muted: conf.muted, Created: conf.created}
	if r := conf.recording; r != nil {
		info.Record, info.Paused = r.file, r.muted.Load()
	}
	for _, m := range conf.members {
		info.Members = append(info.Members, m.infoLocked())
	}
	return info
}

// Lock lets nobody but admins in, or everybody again.
func (conf *Conference) Lock(on bool) {
	conf.mu.Lock()
	changed := conf.locked != on
	conf.locked = on
	conf.mu.Unlock()
	if changed {
		kind := ConferenceUnlocked
		if on {
			kind = ConferenceLocked
		}
		conf.core.observer.ConferenceChanged(ConferenceFact{Kind: kind, Conference: conf.name})
	}
}

// Play lets everybody hear src, after what plays already; it returns at once. done may be nil.
func (conf *Conference) Play(src media.Source, done func()) (stop func()) {
	return conf.room.Play(src, done)
}

// some are the members a name means: a channel's, "all", "participants" (who are no admins), or "last" (who came last).
func (conf *Conference) some(name string) []*Participant {
	conf.mu.Lock()
	defer conf.mu.Unlock()
	var out []*Participant
	for _, m := range conf.members {
		switch {
		case name == "all", name == "participants" && !m.cfg.Admin, m.ch.name == name:
			out = append(out, m)
		}
	}
	if name == "last" && len(conf.members) > 0 {
		out = conf.members[len(conf.members)-1:]
	}
	return out
}

// Kick tells members to leave; how many there were. See some for what a name may be.
func (conf *Conference) Kick(name, reason string) int {
	members := conf.some(name)
	for _, m := range members {
		m.post(ConferenceEvent{Kind: "kicked", Reason: reason})
	}
	return len(members)
}

// Mute takes members' voices out of the mix, or lets them in again; how many there were. Of "participants" those who come later are, too.
func (conf *Conference) Mute(name string, on bool) int {
	if name == "participants" {
		conf.mu.Lock()
		conf.muted = on
		conf.mu.Unlock()
	}
	members := conf.some(name)
	for _, m := range members {
		m.Mute(on)
	}
	return len(members)
}

// SetGain makes what members hear and say louder, in dB; how many there were.
func (conf *Conference) SetGain(name string, listen, talk int) int {
	members := conf.some(name)
	for _, m := range members {
		m.SetGain(listen, talk)
	}
	return len(members)
}

// PlayRate is the rate of a source that plays to the room without being resampled, as far as that is known, Hz.
func (conf *Conference) PlayRate() int {
	if conf.how.Rate > 0 {
		return conf.how.Rate
	}
	best := 8000
	for _, m := range conf.some("all") {
		best = max(best, m.ch.PlayRate())
	}
	return best
}

// tell puts an event on every member's queue but one's.
func (conf *Conference) tell(ev ConferenceEvent, but *Participant) {
	conf.mu.Lock()
	members := conf.members
	conf.mu.Unlock()
	for _, m := range members {
		if m != but {
			m.post(ev)
		}
	}
}

// ConferenceKind says what became of a conference.
type ConferenceKind int

// What the Observer hears.
const (
	ConferenceStarted ConferenceKind = iota + 1
	ConferenceEnded
	ConferenceJoined
	ConferenceLeft
	ConferenceMuted
	ConferenceUnmuted
	ConferenceLocked
	ConferenceUnlocked
	ConferenceTalking
	ConferenceSilent
	ConferenceRecorded
	ConferenceRecordStopped
)

// ConferenceFact is one report to the Observer; Channel and Who are set where somebody does something.
type ConferenceFact struct {
	Kind       ConferenceKind
	Conference string
	Channel    *Channel
	Who        ParticipantInfo
	File       string // with ConferenceRecorded and ConferenceRecordStopped
}
