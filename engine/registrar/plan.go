package registrar

import (
	"errors"
	"slices"
	"time"

	"asterism/engine/config"
	"asterism/engine/sip"
)

// registration is one REGISTER, read.
type registration struct {
	offers []offer
	star   bool
	from   Contact // what all its contacts have in common
	path   []string
	now    time.Time
}

// plan is what a registration does to the bindings of its AOR.
type plan struct {
	keep    []*binding // registered ones that stay as they are
	refresh []refresh
	add     []*binding
	remove  []removal
}

type refresh struct {
	b    *binding
	with Contact
}

type removal struct {
	b      *binding
	reason string // as in event.ContactRemoved
}

var (
	errTooMany = errors.New("more than max_contacts")
	errOrder   = errors.New("an older REGISTER of the same Call-ID came late")
)

// reorderWindow is how long a REGISTER can be under way behind a later one (64*T1, RFC 3261 §17.1.2.2).
//
// Deviates: RFC 3261 §10.3 step 7 refuses a CSeq that did not grow as long as the binding lives. A phone that starts
// its CSeq over after a restart, with a Call-ID made of its serial number, would be locked out for an hour.
const reorderWindow = 32 * time.Second

// makePlan applies reg to the bindings of an AOR, all or nothing (RFC 3261 §10.3). It changes none of them.
func makePlan(bindings []*binding, conf *config.AOR, reg *registration) (*plan, error) {
	p := &plan{}
	for _, b := range bindings {
		if !b.Static && b.Expires.After(reg.now) {
			p.keep = append(p.keep, b)
		}
	}
	if reg.star {
		for _, b := range p.keep {
			if late(b, reg) {
				return nil, errOrder
			}
			p.remove = append(p.remove, removal{b, "unregistered"})
		}
		p.keep = nil
		return p, nil
	}
	for _, o := range reg.offers {
		if err := p.take(o, reg); err != nil {
			return nil, err
		}
	}
	return p, p.limit(conf)
}

// take adds, renews or removes the binding of one offer.
func (p *plan) take(o offer, reg *registration) error {
	if i := slices.IndexFunc(p.add, func(b *binding) bool { return sip.EqualURI(b.uri, o.uri) }); i >= 0 {
		p.add = slices.Delete(p.add, i, i+1) // named twice in this request: the last one counts
	}
	if i := slices.IndexFunc(p.refresh, func(r refresh) bool { return r.b.is(o, reg) }); i >= 0 {
		p.keep = append(p.keep, p.refresh[i].b)
		p.refresh = slices.Delete(p.refresh, i, i+1)
	}
	i := slices.IndexFunc(p.keep, func(b *binding) bool { return b.is(o, reg) })
	if i < 0 {
		if o.expires > 0 {
			p.add = append(p.add, &binding{Contact: reg.contact(o), uri: o.uri, index: -1})
		}
		return nil
	}
	b := p.keep[i]
	if late(b, reg) {
		return errOrder
	}
	p.keep = slices.Delete(p.keep, i, i+1)
	switch {
	case o.expires == 0:
		p.remove = append(p.remove, removal{b, "unregistered"})
	case b.URI != o.text: // the same phone behind another mapping of its NAT: the place to call has changed
		p.remove = append(p.remove, removal{b, "replaced"})
		p.add = append(p.add, &binding{Contact: reg.contact(o), uri: o.uri, index: -1})
	default:
		p.refresh = append(p.refresh, refresh{b, reg.contact(o)})
	}
	return nil
}

// is says whether o is the place b is.
//
// Deviates: Asterisk compares rewritten URIs only, so a phone whose NAT gives it another port takes up a second contact,
// and is refused once there are max_contacts. One that says the same Contact under the same Call-ID is the same phone.
func (b *binding) is(o offer, reg *registration) bool {
	return sip.EqualURI(b.uri, o.uri) || b.Original == o.original && b.CallID == reg.from.CallID && b.Original != b.URI
}

func late(b *binding, reg *registration) bool {
	return b.CallID == reg.from.CallID && reg.from.CSeq <= b.CSeq && reg.now.Sub(b.Registered) < reorderWindow
}

// contact is what o is bound as.
func (reg *registration) contact(o offer) Contact {
	c := reg.from
	c.URI, c.Original, c.Pruned = o.text, o.original, o.prune
	c.Path = reg.path
	c.Expires = reg.now.Add(o.expires)
	return c
}

// limit enforces max_contacts as Asterisk does: with remove_existing the bindings that are not in this request give
// way, with remove_unavailable those that are unreachable; first the unreachable (if remove_unavailable), then those
// that expire soonest.
func (p *plan) limit(conf *config.AOR) error {
	named := len(p.add) + len(p.refresh)
	excess := len(p.keep) + named - conf.MaxContacts
	if excess <= 0 || named == 0 {
		return nil // a request that only removes is never refused
	}
	victims := slices.Clone(p.keep)
	reason := "replaced"
	switch {
	case conf.RemoveExisting:
	case conf.RemoveUnavailable:
		victims = slices.DeleteFunc(victims, func(b *binding) bool { return b.Status != Unreachable })
		reason = "unavailable"
	default:
		return errTooMany
	}
	if excess > len(victims) {
		return errTooMany
	}
	slices.SortStableFunc(victims, func(a, b *binding) int {
		if conf.RemoveUnavailable && (a.Status == Unreachable) != (b.Status == Unreachable) {
			return order(a.Status != Unreachable) - order(b.Status != Unreachable)
		}
		return a.Expires.Compare(b.Expires)
	})
	for _, b := range victims[:excess] {
		p.keep = slices.DeleteFunc(p.keep, func(k *binding) bool { return k == b })
		p.remove = append(p.remove, removal{b, reason})
	}
	return nil
}
