package dialog

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"asterism/engine/sip"
)

// Plain is a dialog that no INVITE made but a request of the peer's, a SUBSCRIBE (RFC 6665 §4.4.1): identity, route set, remote target and
// CSeq of RFC 3261 §12. It has no goroutine and no lock: its owner brings it the requests, and uses it from one goroutine at a time.
type Plain struct {
	us   ourside
	peer peer
	seq  uint32
}

// Origin is what a Plain dialog is made of. The request has been checked to have a Contact.
type Origin struct {
	Request *sip.Request
	Tag     string  // ours
	Hop     sip.Hop // where the request came in, and from where
	Contact string  // our Contact, address part
	Rewrite bool    // rewrite_contact
}

// NewPlain is the dialog that a request of the peer's makes.
func NewPlain(o Origin) *Plain {
	req := o.Request
	p := &Plain{us: ourside{callID: req.CallID().Value(), tag: o.Tag, uri: sip.AddressWithoutTag(req.To()), remote: sip.AddressWithoutTag(req.From()),
		contact: o.Contact, rewrite: o.Rewrite}, seq: firstCSeq()}
	p.peer = peer{tag: sip.FromTag(req), routes: sip.HeaderValues(req, "Record-Route"), next: o.Hop, seq: req.CSeq().SeqNo, seqSet: true}
	p.peer.refresh(req.Contact())
	return p
}

// Key names the dialog among ours; KeyOf that of a request within it.
func (p *Plain) Key() string { return key(p.us.callID, p.us.tag) }

// KeyOf is the Key of the dialog a request belongs to, by its Call-ID and our tag.
func KeyOf(req *sip.Request) string { return key(req.CallID().Value(), sip.ToTag(req)) }

// Local is our address as From and To have it, Remote the peer's.
func (p *Plain) Local() string { return p.us.uri }

// Remote is the peer's address.
func (p *Plain) Remote() string { return p.us.remote }

// Contact is our Contact header's value.
func (p *Plain) Contact() string { return p.us.contact }

// Seq is the CSeq of the last request of ours.
func (p *Plain) Seq() uint32 { return p.seq }

// Take notes a request of the peer's, which came in at hop: 0, or the status that refuses it (§12.2.2).
func (p *Plain) Take(req *sip.Request, hop sip.Hop) int {
	switch seq := req.CSeq().SeqNo; {
	case sip.FromTag(req) != p.peer.tag:
		return sip.StatusCallDoesNotExist
	case seq <= p.peer.seq:
		return sip.StatusServerError
	default:
		p.peer.seq = seq
	}
	p.peer.refresh(req.Contact())
	if hop.Transport != nil {
		p.peer.seen(&p.us, hop.Transport, hop.Addr)
	}
	return 0
}

// Request is the next request to the peer; where says where it goes, and may be called without the owner's care for the dialog. It may
// look up a name for as long as ctx allows; without an answer it is where the peer was last.
func (p *Plain) Request(method sip.Method, headers ...sip.Header) (req *sip.Request, where func(ctx context.Context, stack Stack) sip.Hop) {
	p.seq++
	req = p.us.request(&p.peer, method, p.seq, nil)
	for _, h := range headers {
		req.AppendHeader(h)
	}
	us, to := p.us, p.peer
	return req, func(ctx context.Context, stack Stack) sip.Hop {
		hop, _, _ := locate(ctx, stack, &us, &to)
		return hop
	}
}

// Saved is a Plain dialog as it can be kept.
type Saved struct {
	CallID   string   `json:"call_id"`
	Tag      string   `json:"tag"`
	Local    string   `json:"local"`
	Remote   string   `json:"remote"`
	Contact  string   `json:"contact"`
	Rewrite  bool     `json:"rewrite,omitempty"`
	PeerTag  string   `json:"peer_tag"`
	Target   string   `json:"target"`
	Routes   []string `json:"routes,omitempty"`
	Listener string   `json:"listener"`
	Source   string   `json:"source"` // address:port
	Seq      uint32   `json:"cseq"`
	PeerSeq  uint32   `json:"peer_cseq"`
}

// Save says all that Restore needs.
func (p *Plain) Save() Saved {
	s := Saved{CallID: p.us.callID, Tag: p.us.tag, Local: p.us.uri, Remote: p.us.remote, Contact: p.us.contact, Rewrite: p.us.rewrite,
		PeerTag: p.peer.tag, Target: p.peer.target.String(), Routes: p.peer.routes, Seq: p.seq, PeerSeq: p.peer.seq}
	if t := p.peer.next.Transport; t != nil {
		s.Listener = t.Name()
	}
	if a := p.peer.next.Addr; a.IsValid() {
		s.Source = a.String()
	}
	return s
}

// wordBytes are those of a Call-ID (RFC 3261 §25.1: word "@" word).
const wordBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~()<>:\\\"/[]?{}@"

// Restore is the dialog again; transports are the listeners there are now. What is not as it should be is an error.
func (s Saved) Restore(transports []*sip.Transport) (*Plain, error) {
	target, err := sip.ParseURI(s.Target)
	if err != nil {
		return nil, err
	}
	for _, text := range append([]string{s.Local, s.Remote, s.Contact}, s.Routes...) {
		if _, err := sip.ParseAddress(text); err != nil {
			return nil, err
		}
	}
	word := func(s string) bool { return s != "" && strings.Trim(s, wordBytes) == "" }
	if !word(s.CallID) || !sip.IsToken(s.Tag) || s.PeerTag != "" && !sip.IsToken(s.PeerTag) || s.Seq >= 1<<31 {
		return nil, fmt.Errorf("dialog: %.60q: no identity", s.CallID)
	}
	p := &Plain{us: ourside{callID: s.CallID, tag: s.Tag, uri: s.Local, remote: s.Remote, contact: s.Contact, rewrite: s.Rewrite}, seq: s.Seq}
	p.peer = peer{tag: s.PeerTag, target: *target, routes: s.Routes, moved: true, seq: s.PeerSeq, seqSet: true}
	if addr, err := netip.ParseAddrPort(s.Source); err == nil {
		p.peer.next.Addr = addr
	}
	for _, t := range transports {
		if t.Name() == s.Listener {
			p.peer.next.Transport = t
		}
	}
	return p, nil
}
