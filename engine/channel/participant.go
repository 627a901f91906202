package channel

import (
	"time"
)

// ParticipantConfig is how one joins.
type ParticipantConfig struct {
	Admin, Marked, WaitsForMarked, EndsWithMarked bool
	Muted, Deaf                                   bool
	Listen, Talk                                  int // dB
	// Level, Threshold and Hang are media.MemberConfig's.
	Level      bool
	Threshold  int
	Hang       time.Duration
	TalkEvents bool   // the Observer hears when he begins and ends to talk
	Spoken     string // the sound of his name, for who announces him; "": none
}

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
	waits              bool                 // he neither hears nor is heard, whatever the two say
	toldTalks          bool                 // what the Observer knows
	told               uint64               // which of the conference's reports that was
	track              *Monitor             // he is recorded by himself
	tracked            *ConferenceRecording // as a part of
	listen, talk       int
	gone               bool
}

// ParticipantInfo is a copy of a participant's facts.
type ParticipantInfo struct {
	Channel, UniqueID                             string
	CallerID                                      CallerID
	Admin, Marked, WaitsForMarked, EndsWithMarked bool
	Muted, Talks, Waits                           bool
	Listen, Talk                                  int
	Spoken                                        string
	Joined                                        time.Time
}

// maxNews bounds what a participant has not looked at yet; more is dropped, the oldest first.
const maxNews = 64

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
		WaitsForMarked: p.cfg.WaitsForMarked, EndsWithMarked: p.cfg.EndsWithMarked, Muted: p.muted, Talks: p.talks, Waits: p.waits,
		Listen: p.listen, Talk: p.talk, Spoken: p.cfg.Spoken, Joined: p.at}
}

// Mute takes his voice out of the mix.
func (p *Participant) Mute(on bool) {
	p.conf.mu.Lock()
	changed, seat, silent := p.muted != on && !p.gone, p.seat, on || p.waits
	p.muted = on
	p.conf.mu.Unlock()
	if seat == nil || !changed {
		return // sit will see to it
	}
	seat.Mute(silent)
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
	seat, deaf := p.seat, on || p.waits
	p.conf.mu.Unlock()
	seat.Deafen(deaf)
}

// Wait takes him out of the talk, or lets him in: meanwhile he neither hears nor is heard. It is for the channel's owner.
func (p *Participant) Wait(on bool) {
	p.conf.mu.Lock()
	p.waits = on
	seat, muted, deaf := p.seat, on || p.muted, on || p.deaf
	p.conf.mu.Unlock()
	seat.Deafen(deaf)
	seat.Mute(muted)
}

// SetGain makes what he hears and says louder, in dB.
func (p *Participant) SetGain(listen, talk int) {
	p.conf.mu.Lock()
	p.listen, p.talk = listen, talk
	seat := p.seat
	p.conf.mu.Unlock()
	if seat != nil { // else he hears of it too late: he is on his way in
		seat.SetGain(listen, talk)
	}
}

// talking is called on the media's thread.
func (p *Participant) talking(on bool) {
	p.conf.mu.Lock()
	p.talks = on && !p.gone
	p.conf.mu.Unlock()
	if p.cfg.TalkEvents {
		tell(p.conf.talkers)
	}
}

// Leave ends his part. It is idempotent.
func (p *Participant) Leave() {
	info := p.Info()
	p.conf.mu.Lock()
	was, seat, track := p.gone, p.seat, p.track
	p.conf.mu.Unlock()
	if was {
		return
	}
	seat.Leave()
	if track != nil {
		track.Stop()
	}
	last := p.conf.drop(p)
	p.conf.tell(ConferenceEvent{Kind: "left", Who: info}, p)
	p.conf.core.observer.ConferenceChanged(ConferenceFact{Kind: ConferenceLeft, Conference: p.conf.name, Channel: p.ch, Who: info})
	if last {
		p.conf.core.observer.ConferenceChanged(ConferenceFact{Kind: ConferenceEnded, Conference: p.conf.name})
	}
}
