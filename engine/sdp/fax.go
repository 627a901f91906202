package sdp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Fax is T.38 by UDPTL on one leg (T.38 annex D, RFC 3362): it takes the place of the voice. What one machine says of itself reaches
// the other.
type Fax struct {
	Addr       netip.AddrPort // of our UDPTL
	Attributes []Attribute    // T38FaxVersion …: the other machine's
}

// FaxOffered returns what d says of T.38 if that is what it is about: a fax and no voice.
func FaxOffered(d *Description) (parameters []Attribute, ok bool) {
	i := activeFax(d.Media)
	if i < 0 || slices.ContainsFunc(d.Media, func(m Media) bool { return supported(&m) && m.Port != 0 }) {
		return nil, false
	}
	return faxParameters(&d.Media[i]), true
}

func activeFax(media []Media) int {
	return slices.IndexFunc(media, func(m Media) bool { return isFax(&m) && m.Port != 0 })
}

func isFax(m *Media) bool {
	return strings.EqualFold(m.Type, "image") && strings.EqualFold(m.Proto, "udptl") && len(m.Other) == 1 && strings.EqualFold(m.Other[0], "t38")
}

// faxParameters are T.38's own attributes (T.38 D.2.3).
func faxParameters(m *Media) []Attribute {
	var list []Attribute
	for _, a := range m.Attributes {
		if len(a.Name) > 3 && strings.EqualFold(a.Name[:3], "T38") {
			list = append(list, a)
		}
	}
	return list
}

// OfferFax returns an offer of T.38 in the place of the voice, within a session in which our last description was prev.
func OfferFax(prev *Description, l Local, f Fax) *Description {
	d := l.describe()
	at := 0
	if prev != nil {
		for i := range prev.Media {
			d.Media = append(d.Media, refuse(&prev.Media[i]))
		}
		if at = activeFax(prev.Media); at < 0 {
			at = activeAudio(prev.Media)
		}
	}
	if at == len(d.Media) {
		d.Media = append(d.Media, Media{})
	}
	d.Media[at] = f.media()
	return d
}

func (f *Fax) media() Media {
	return Media{Type: "image", Port: int(f.Addr.Port()), Proto: "udptl", Connection: f.Addr.Addr().Unmap(), Other: []string{"t38"}, Attributes: f.Attributes}
}

// AnswerFax accepts the T.38 of an offer and refuses what is beside it.
func AnswerFax(offer *Description, l Local, f Fax) (*Description, *Result, error) {
	d := l.describe()
	at := activeFax(offer.Media)
	if at < 0 {
		return nil, nil, fmt.Errorf("%w (no fax in it)", ErrNoCommonCodec)
	}
	r := &Result{}
	if err := r.remote(&offer.Media[at]); err != nil {
		return nil, nil, fmt.Errorf("%w (%v)", ErrNoCommonCodec, err)
	}
	for i := range offer.Media {
		if i == at {
			d.Media = append(d.Media, f.media())
			continue
		}
		d.Media = append(d.Media, refuse(&offer.Media[i]))
	}
	return d, r, nil
}

// AcceptFax reads the answer to an offer of OfferFax.
func AcceptFax(offer, answer *Description) (*Result, []Attribute, error) {
	at := activeFax(offer.Media)
	if at < 0 || at >= len(answer.Media) || !isFax(&answer.Media[at]) || answer.Media[at].Port == 0 {
		return nil, nil, fmt.Errorf("%w (the answer refuses our fax)", ErrNoCommonCodec)
	}
	r := &Result{}
	if err := r.remote(&answer.Media[at]); err != nil {
		return nil, nil, fmt.Errorf("%w (%v)", ErrNoCommonCodec, err)
	}
	return r, faxParameters(&answer.Media[at]), nil
}
