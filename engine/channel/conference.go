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
	// Play lets everybody hear src; done is called exactly once.
	Play(src media.Source, done func()) (stop func())
	// Tap lets f hear the mix in blocks of 20 ms; f must not block.
	Tap(f func(mix []int16, rate int)) (remove func())
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
	created time.Time

	mu      sync.Mutex // guards below; a leaf
	members []*Participant
	locked  bool
	ended   bool
	record  string // the file that is being recorded, "" if none
}

// ConferenceConfig is how a room is made by who joins it first.
type ConferenceConfig struct {
	Rate       int // of the mix, Hz; 0: by the members
	MaxMembers int // 0: any number
}

// ParticipantConfig is how one joins.
type ParticipantConfig struct {
	Admin, Marked, WaitsForMarked, EndsWithMarked bool
	Muted, Deaf                                   bool
	Listen, Talk                                  int // dB
}

// Errors of joining.
var (
	ErrConferenceLocked = errors.New("channel: the conference is locked")
	ErrConferenceFull   = errors.New("channel: the conference is full")
)

// ConferenceEvent is what happens to a participant. Digit is set with "digit", Who with "joined" and "left", Reason with "kicked".
type ConferenceEvent struct {
	Kind   string // digit, joined, left, kicked, timeout
	Digit  rune
	Who    ParticipantInfo
	Reason string
}

// Participant is a channel in a conference. Its owner is the channel's.
type Participant struct {
	conf *Conference
	ch   *Channel
	id   CallerID // when he joined
	cfg  ParticipantConfig
	at   time.Time
	news chan ConferenceEvent

	// Guarded by Conference.mu.
	seat               Seat // nil until he is in the room
	muted, deaf, talks bool
	listen, talk       int
	gone               bool
}

// ParticipantInfo is a copy of a participant's facts.
type ParticipantInfo struct {
	Channel, UniqueID                             string
	CallerID                                      CallerID
	Admin, Marked, WaitsForMarked, EndsWithMarked bool
	Muted, Talks                                  bool
	Listen, Talk                                  int
	Joined                                        time.Time
}

// ConferenceInfo is a copy of a conference's facts, its participants in the order they came.
type ConferenceInfo struct {
	Name    string
	Locked  bool
	Record  string
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

// maxNews bounds what a participant has not looked at yet; more is dropped, the oldest first.
const maxNews = 64

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
		seat, err := conf.room.Join(m, media.MemberConfig{Muted: p.Muted, Deaf: p.Deaf, Listen: p.Listen, Talk: p.Talk, OnTalks: part.talking})
		if err != nil {
			conf.drop(part)
			return nil, err
		}
		part.sit(seat)
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
	conf = &Conference{core: k, name: name, room: k.newRoom(media.RoomConfig{Rate: how.Rate}), created: k.clock.Now()}
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
	info := ConferenceInfo{Name: conf.name, Locked: conf.locked, Record: conf.record, Created: conf.created}
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

// Play lets everybody hear src, in place of what plays; it returns at once. done may be nil.
func (conf *Conference) Play(src media.Source, done func()) (stop func()) {
	return conf.room.Play(src, done)
}

// Tap lets f hear the mix.
func (conf *Conference) Tap(f func(mix []int16, rate int)) (remove func()) { return conf.room.Tap(f) }

// SetRecord notes the file that is being recorded, "" for none; false if that was so already.
func (conf *Conference) SetRecord(file string) bool {
	conf.mu.Lock()
	defer conf.mu.Unlock()
	if (conf.record == "") == (file == "") {
		return false
	}
	conf.record = file
	return true
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

// Mute takes members' voices out of the mix, or lets them in again; how many there were.
func (conf *Conference) Mute(name string, on bool) int {
	members := conf.some(name)
	for _, m := range members {
		m.Mute(on)
	}
	return len(members)
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

// post leaves an event; of a full queue the oldest goes.
func (p *Participant) post(ev ConferenceEvent) {
	for {
		select {
		case p.news <- ev:
			return
		default:
		}
		select {
		case <-p.news:
		default:
		}
	}
}

// Next waits for what happens next: a key, somebody's coming or going, being told to leave; "timeout" after so long, negative for ever.
// It is for the channel's owner.
func (p *Participant) Next(timeout time.Duration) (ConferenceEvent, error) {
	c := p.ch
	if err := c.gone(); err != nil {
		return ConferenceEvent{}, err
	}
	var timer <-chan time.Time
	if timeout >= 0 {
		var stop func()
		timer, stop = c.core.clock.After(timeout)
		defer stop()
	}
	for {
		if d := c.digits.pop(); d != 0 {
			return ConferenceEvent{Kind: "digit", Digit: d}, nil
		}
		select {
		case ev := <-p.news: // before a timeout that is due, too
			return ev, nil
		default:
		}
		select {
		case ev := <-p.news:
			return ev, nil
		case <-c.digits.signal:
		case <-timer:
			return ConferenceEvent{Kind: "timeout"}, nil
		case <-c.stopped():
			return ConferenceEvent{}, c.gone()
		}
	}
}

// sit notes that he is in the room, and what others decided about him meanwhile.
func (p *Participant) sit(seat Seat) {
	p.conf.mu.Lock()
	p.seat = seat
	muted := p.muted
	p.conf.mu.Unlock()
	if muted != p.cfg.Muted {
		seat.Mute(muted)
	}
}

// Conference is the one he is in.
func (p *Participant) Conference() *Conference { return p.conf }

// Info is safe from anywhere.
func (p *Participant) Info() ParticipantInfo {
	p.conf.mu.Lock()
	defer p.conf.mu.Unlock()
	return p.infoLocked()
}

func (p *Participant) infoLocked() ParticipantInfo {
	return ParticipantInfo{Channel: p.ch.name, UniqueID: p.ch.uniqueID, CallerID: p.id, Admin: p.cfg.Admin, Marked: p.cfg.Marked,
		WaitsForMarked: p.cfg.WaitsForMarked, EndsWithMarked: p.cfg.EndsWithMarked, Muted: p.muted, Talks: p.talks,
		Listen: p.listen, Talk: p.talk, Joined: p.at}
}

// Mute takes his voice out of the mix.
func (p *Participant) Mute(on bool) {
	p.conf.mu.Lock()
	changed, seat := p.muted != on && !p.gone, p.seat
	p.muted = on
	p.conf.mu.Unlock()
	if seat == nil || !changed {
		return // sit will see to it
	}
	seat.Mute(on)
	kind := ConferenceUnmuted
	if on {
		kind = ConferenceMuted
	}
	p.conf.core.observer.ConferenceChanged(ConferenceFact{Kind: kind, Conference: p.conf.name, Channel: p.ch, Who: p.Info()})
}

// Deafen lets him hear nothing of the mix.
func (p *Participant) Deafen(on bool) {
	p.conf.mu.Lock()
	p.deaf = on
	seat := p.seat
	p.conf.mu.Unlock()
	seat.Deafen(on)
}

// SetGain makes what he hears and says louder, in dB.
func (p *Participant) SetGain(listen, talk int) {
	p.conf.mu.Lock()
	p.listen, p.talk = listen, talk
	seat := p.seat
	p.conf.mu.Unlock()
	seat.SetGain(listen, talk)
}

// talking is called on the media's thread.
func (p *Participant) talking(on bool) {
	p.conf.mu.Lock()
	p.talks = on && !p.gone
	p.conf.mu.Unlock()
}

// Leave ends his part. It is idempotent.
func (p *Participant) Leave() {
	info := p.Info()
	p.conf.mu.Lock()
	was, seat := p.gone, p.seat
	p.conf.mu.Unlock()
	if was {
		return
	}
	seat.Leave()
	last := p.conf.drop(p)
	p.conf.tell(ConferenceEvent{Kind: "left", Who: info}, p)
	p.conf.core.observer.ConferenceChanged(ConferenceFact{Kind: ConferenceLeft, Conference: p.conf.name, Channel: p.ch, Who: info})
	if last {
		p.conf.core.observer.ConferenceChanged(ConferenceFact{Kind: ConferenceEnded, Conference: p.conf.name})
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
)

// ConferenceFact is one report to the Observer; Channel and Who are set where somebody does something.
type ConferenceFact struct {
	Kind       ConferenceKind
	Conference string
	Channel    *Channel
	Who        ParticipantInfo
}
