package engine

import (
	"sync"
	"time"

	"asterism/engine/cdr"
	"asterism/engine/channel"
	"asterism/engine/event"

	"github.com/rs/zerolog"
)

// recorder turns the facts of channels into events and call detail records. A record is a pairing: the calling channel and who it dialled;
// a second Dial of the same call begins a second record, as in Asterisk.
type recorder struct {
	channel.NoObserver
	write  func(cdr.Record) error
	now    func() time.Time
	events *event.Bus
	log    zerolog.Logger
	late   func() bool // the record ends after h and the hang-up handlers, not with the hang-up; nil: it does not

	mu       sync.Mutex // guards below; a leaf
	open     map[*channel.Channel]*pairing
	sequence int
}

// pairing is the open record of a calling channel.
type pairing struct {
	rec     cdr.Record
	ringing int  // legs of the running Dial
	dialled bool // a Dial ended: the next one begins a new record
	tagged  bool // the disposition comes from a Dial

	own      map[string]string // the site's fields
	disabled bool              // NoCDR
}

func newRecorder(w *cdr.Writer, events *event.Bus, log zerolog.Logger) *recorder {
	write := func(cdr.Record) error { return nil }
	if w != nil {
		write = w.Write
	}
	return &recorder{write: write, now: time.Now, events: events, log: log, open: map[*channel.Channel]*pairing{}}
}

// NewRecorder is what hears of the channels of an engine, for calls that have none: write gets the call detail records, now is their clock.
func NewRecorder(write func(cdr.Record) error, now func() time.Time, events *event.Bus, log zerolog.Logger) channel.Observer {
	return &recorder{write: write, now: now, events: events, log: log, open: map[*channel.Channel]*pairing{}}
}

// ChannelCreated opens a record for a channel that calls; a dialled one belongs to its caller's.
func (r *recorder) ChannelCreated(ch *channel.Channel) {
	r.events.Publish(event.ChannelCreated{At: ch.Created(), Channel: about(ch)})
	if ch.State() != channel.Ring {
		return
	}
	r.mu.Lock()
	r.open[ch] = &pairing{rec: r.begin(ch, ch.Created())}
	r.mu.Unlock()
}

// begin is an empty record of ch; the caller holds r.mu.
func (r *recorder) begin(ch *channel.Channel, start time.Time) cdr.Record {
	r.sequence++
	rec := cdr.Record{Channel: ch.Name(), Start: start, UniqueID: ch.UniqueID(), Sequence: r.sequence - 1}
	describe(&rec, ch)
	return rec
}

// describe brings a record up to the channel's present; what `h` does is no part of it.
func describe(rec *cdr.Record, ch *channel.Channel) {
	id, history := ch.CallerID(), ch.History()
	rec.Src, rec.CLID, rec.AccountCode, rec.LinkedID = id.Number, id.String(), ch.AccountCode(), ch.LinkedID()
	rec.UserField, rec.AMAFlags = ch.UserField(), amaFlags(ch.AMAFlags())
	rec.Dst, rec.DContext, rec.LastApp, rec.LastData = history.Place.Exten, history.Place.Context, history.Application, history.Data
}

// ChannelAnswered: an IVR answers before anybody is dialled.
func (r *recorder) ChannelAnswered(ch *channel.Channel) {
	r.events.Publish(event.ChannelAnswered{At: ch.Answered(), Channel: about(ch)})
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.open[ch]; p != nil && p.rec.Answer.IsZero() && p.rec.DstChannel == "" {
		p.rec.Answer, p.rec.Disposition = ch.Answered(), cdr.Answered
	}
}

// DialBegan names the called side.
func (r *recorder) DialBegan(caller, leg *channel.Channel, target channel.Target) {
	now := r.now()
	r.events.Publish(event.DialBegun{At: now, Caller: about(caller), Peer: about(leg), DialString: target.Resource})
	r.mu.Lock()
	p := r.open[caller]
	var done *cdr.Record
	if p != nil {
		if p.dialled && p.ringing == 0 {
			if !p.disabled {
				done = finish(p.rec, now)
			}
			*p = p.next(r.begin(caller, now))
			if !caller.Answered().IsZero() {
				p.rec.Answer, p.rec.Disposition = now, cdr.Answered
			}
		}
		describe(&p.rec, caller)
		p.ringing++
		if p.rec.DstChannel == "" {
			p.rec.DstChannel = leg.Name()
		}
	}
	r.mu.Unlock()
	r.keep(done)
}

// DialEnded notes how a leg ended: the one that answered is the called side; otherwise the weightiest refusal counts.
func (r *recorder) DialEnded(caller, leg *channel.Channel, status string) {
	r.events.Publish(event.DialEnded{At: r.now(), Caller: about(caller), Peer: about(leg), Status: status})
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.open[caller]
	if p == nil {
		return
	}
	p.ringing--
	p.dialled = true
	if status == channel.StatusAnswer {
		p.rec.DstChannel, p.rec.PeerAccount, p.rec.Disposition = leg.Name(), leg.AccountCode(), cdr.Answered
		p.tagged = true
		if p.rec.Answer.IsZero() {
			p.rec.Answer = r.now()
		}
		return
	}
	if d := disposition(status); !p.tagged || (p.rec.Disposition != cdr.Answered && d > p.rec.Disposition) {
		p.rec.Disposition, p.tagged = d, true
	}
}

func disposition(status string) cdr.Disposition {
	switch status {
	case channel.StatusBusy:
		return cdr.Busy
	case channel.StatusCongestion:
		return cdr.Congestion
	case channel.StatusUnavailable:
		return cdr.Failed
	}
	return cdr.NoAnswer
}

// ChannelEnded closes the caller's record. It returns when the record is safe on disk: the call's goroutine ends after it.
func (r *recorder) ChannelEnded(ch *channel.Channel) {
	cause := ch.HangupCause()
	r.events.Publish(event.ChannelHungUp{At: ch.Ended(), Channel: about(ch), Cause: int(cause), CauseText: cause.String()})
	r.mu.Lock()
	p := r.open[ch]
	delete(r.open, ch)
	r.mu.Unlock()
	if p == nil || p.disabled {
		return
	}
	describe(&p.rec, ch)
	end := ch.Ended()
	if r.endsLate() {
		end = r.now()
	}
	r.keep(finish(p.rec, end))
}

func (r *recorder) endsLate() bool { return r.late != nil && r.late() }

func finish(rec cdr.Record, end time.Time) *cdr.Record {
	rec.End = end
	rec.Duration = end.Sub(rec.Start)
	if !rec.Answer.IsZero() {
		rec.BillSec = end.Sub(rec.Answer)
	}
	return &rec
}

func (r *recorder) keep(rec *cdr.Record) {
	if rec == nil {
		return
	}
	if err := r.write(*rec); err != nil {
		r.log.Error().Err(err).Str("channel", rec.Channel).Msg("call detail record not written")
	}
}

// Bridged and Unbridged are events only.
func (r *recorder) Bridged(a, b *channel.Channel) {
	for _, ch := range []*channel.Channel{a, b} {
		r.events.Publish(event.BridgeEntered{At: r.now(), Bridge: ch.Info().BridgeID, Channel: about(ch)})
	}
}

// Unbridged follows Bridged.
func (r *recorder) Unbridged(a, b *channel.Channel) {
	for _, ch := range []*channel.Channel{a, b} {
		r.events.Publish(event.BridgeLeft{At: r.now(), Channel: about(ch)})
	}
}

// StateChanged is an event only.
func (r *recorder) StateChanged(ch *channel.Channel) {
	r.events.Publish(event.ChannelStateChanged{At: r.now(), Channel: about(ch)})
}

// HoldChanged is an event only.
func (r *recorder) HoldChanged(ch *channel.Channel, held bool, class string) {
	if held {
		r.events.Publish(event.HoldBegun{At: time.Now(), Channel: about(ch), MusicClass: class})
	} else {
		r.events.Publish(event.HoldEnded{At: time.Now(), Channel: about(ch)})
	}
}

// DigitReceived is an event only.
func (r *recorder) DigitReceived(ch *channel.Channel, d rune, dur time.Duration) {
	r.events.Publish(event.DigitReceived{At: r.now(), Channel: about(ch), Digit: d, Duration: dur})
}

// about is an event's view of a channel.
func about(ch *channel.Channel) event.Channel {
	i := ch.Info()
	return event.Channel{Name: i.Name, UniqueID: i.UniqueID, LinkedID: i.LinkedID, CallID: i.CallID, Endpoint: i.Endpoint, State: int(i.State),
		StateName: i.State.String(), AccountCode: i.AccountCode, Language: i.Language, CallerName: i.CallerID.Name, CallerNumber: i.CallerID.Number,
		ConnectedName: i.Connected.Name, ConnectedNumber: i.Connected.Number, Context: i.Place.Context, Exten: i.Place.Exten, Priority: i.Place.Priority}
}
