package engine

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"asterism/engine/cdr"
	"asterism/engine/channel"
)

// recorder is channel.Records too: CDR(), CDR_PROP() and ResetCDR look at the open record of a calling channel.

// Field is one field of ch's open record, as it would be written now; of a channel that was called and has none, as if it had one.
func (r *recorder) Field(ch *channel.Channel, name string, raw, exact bool) (string, bool) {
	r.mu.Lock()
	p := r.open[ch]
	if p == nil {
		p = &pairing{rec: cdr.Record{Channel: ch.Name(), Start: ch.Created(), Answer: ch.Answered(), UniqueID: ch.UniqueID(), Disposition: cdr.NoAnswer}}
		if !ch.Answered().IsZero() {
			p.rec.Disposition = cdr.Answered
		}
	}
	rec, own := p.rec, p.own[strings.ToLower(name)]
	r.mu.Unlock()
	describe(&rec, ch)
	end := ch.Ended()
	if !end.IsZero() && !r.endsLate() {
		rec.End = end
	} else {
		end = r.now()
	}
	stop := finish(rec, end)
	stop.End = rec.End
	switch strings.ToLower(name) {
	case "clid":
		return rec.CLID, true
	case "src":
		return rec.Src, true
	case "dst":
		return rec.Dst, true
	case "dcontext":
		return rec.DContext, true
	case "channel":
		return rec.Channel, true
	case "dstchannel":
		return rec.DstChannel, true
	case "lastapp":
		return rec.LastApp, true
	case "lastdata":
		return rec.LastData, true
	case "accountcode":
		return rec.AccountCode, true
	case "peeraccount":
		return rec.PeerAccount, true
	case "uniqueid":
		return rec.UniqueID, true
	case "linkedid":
		return rec.LinkedID, true
	case "userfield":
		return rec.UserField, true
	case "sequence":
		return strconv.Itoa(rec.Sequence), true
	case "start":
		return moment(rec.Start, raw), true
	case "answer":
		return moment(rec.Answer, raw), true
	case "end":
		return moment(stop.End, raw), true
	case "duration":
		return length(stop.Duration, exact), true
	case "billsec":
		return length(stop.BillSec, exact), true
	case "disposition":
		if raw {
			return strconv.Itoa(dispositionNumbers[rec.Disposition]), true
		}
		return rec.Disposition.String(), true
	case "amaflags":
		if raw {
			return strconv.Itoa(amaNumbers[rec.AMAFlags]), true
		}
		return rec.AMAFlags.String(), true
	}
	return own, own != ""
}

// dispositionNumbers are Asterisk's, a bit each.
var dispositionNumbers = map[cdr.Disposition]int{cdr.NoAnswer: 1, cdr.Failed: 2, cdr.Busy: 4, cdr.Answered: 8, cdr.Congestion: 16}

// amaNumbers are Asterisk's.
var amaNumbers = map[cdr.AMAFlags]int{cdr.Omit: 1, cdr.Billing: 2, cdr.Documentation: 3}

// moment is Asterisk's form of a time; "" for one that has not come.
func moment(t time.Time, raw bool) string {
	switch {
	case raw && t.IsZero():
		return "0.000000"
	case raw:
		return fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000)
	case t.IsZero():
		return ""
	}
	return t.Format(time.DateTime)
}

func length(d time.Duration, exact bool) string {
	if exact {
		return fmt.Sprintf("%f", d.Seconds())
	}
	return strconv.Itoa(int(d.Seconds()))
}

// kept are the fields that follow the call and cannot be written.
var kept = strings.Fields("clid src dst dcontext channel dstchannel lastapp lastdata peeraccount uniqueid linkedid sequence start answer end duration billsec disposition")

// SetField sets accountcode, userfield and amaflags, which are the channel's, or a field of the site's own.
func (r *recorder) SetField(ch *channel.Channel, name, value string) error {
	name = strings.ToLower(name)
	switch name {
	case "accountcode":
		ch.SetAccountCode(value)
		return nil
	case "userfield":
		ch.SetUserField(value)
		return nil
	case "amaflags":
		ch.SetAMAFlags(strings.ToUpper(value))
		return nil
	}
	for _, k := range kept {
		if k == name {
			return fmt.Errorf("field %q follows the call and cannot be set", name)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.open[ch]
	if p == nil {
		return nil
	}
	if p.own == nil {
		p.own = map[string]string{}
	}
	if len(p.own) >= maxOwnFields && p.own[name] == "" {
		return fmt.Errorf("field %q: more than %d fields of its own in one record", name, maxOwnFields)
	}
	p.own[name] = value
	return nil
}

const maxOwnFields = 100

// Reset begins ch's record anew: from now on, answered now if the call is up.
func (r *recorder) Reset(ch *channel.Channel, keep bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.open[ch]
	if p == nil {
		return
	}
	p.rec.Start = time.Now()
	if !p.rec.Answer.IsZero() {
		p.rec.Answer = p.rec.Start
	}
	p.disabled = false
	if !keep {
		p.own = nil
	}
}

// Disable keeps ch's record from being written, or lets it.
func (r *recorder) Disable(ch *channel.Channel, yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.open[ch]; p != nil {
		p.disabled = yes
	}
}

// amaFlags reads the channel's word for them.
func amaFlags(word string) cdr.AMAFlags {
	switch word {
	case "OMIT", "1":
		return cdr.Omit
	case "BILLING", "2":
		return cdr.Billing
	}
	return cdr.Documentation
}

// next is the pairing of another Dial of the same call: the site's own fields go with it.
func (p *pairing) next(rec cdr.Record) pairing {
	return pairing{rec: rec, own: maps.Clone(p.own), disabled: p.disabled}
}
