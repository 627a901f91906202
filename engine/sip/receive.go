package sip

import (
	"net/netip"
	"strconv"
	"strings"
)

// receive is called by sipgo for each message, on the goroutine that read it: messages of one socket or connection come in
// order. Nothing in here may block for long.
func (t *Transport) receive(m Message) {
	s := t.stack
	defer s.recovered("taking a message")
	src, ok := t.sourceOf(m)
	if !ok {
		return
	}
	m.SetTransport(strings.ToUpper(t.proto))
	m.SetSource(src.addr.String())
	switch m := m.(type) {
	case *Request:
		m.Method = m.CSeq().MethodName // sipgo turns methods into upper case; the guard has compared them as they are
		if f := checkRequest(m); f != nil {
			t.reject(headOf(m, f), src)
			return
		}
		s.request(t, m, src)
	case *Response:
		if checkResponse(m) {
			s.response(t, m)
		} else {
			s.stats.malformed.Add(1)
		}
	}
}

func (t *Transport) sourceOf(m Message) (source, bool) {
	if t.guard != nil {
		return t.guard.from, true
	}
	addr, err := netip.ParseAddrPort(m.Source())
	if err != nil {
		return source{}, false
	}
	c := t.stream(addr)
	if c == nil {
		return source{}, false // closed meanwhile: nothing could be answered
	}
	return c.src, true
}

// checkRequest looks at the values of header fields; the guard has seen that the mandatory ones are there. What could not be
// read is an untyped header field now. Fields nobody needs to act on may be broken (RFC 3261 §8.2).
func checkRequest(m *Request) *fault {
	for _, h := range m.Headers() {
		switch name := h.Name(); name {
		case "Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards", "Contact":
			if !isTyped(h) {
				return &fault{status: StatusBadRequest, reason: "Malformed " + name + " header"}
			}
		}
	}
	return nil
}

func checkResponse(m *Response) bool {
	for _, h := range m.Headers() {
		switch h.Name() {
		case "Via", "From", "To", "Call-ID", "CSeq":
			if !isTyped(h) {
				return false
			}
		}
	}
	return m.Via() != nil && m.CSeq() != nil && m.CallID() != nil && m.From() != nil && m.To() != nil
}

// headOf gives a parsed request back the shape reject wants.
func headOf(m *Request, f *fault) *head {
	h := &head{request: true, method: string(m.Method), fault: f}
	for _, hf := range m.Headers() {
		h.fields = append(h.fields, field{hf.Name(), headerText(hf)})
	}
	return h
}

// request finds or opens the server transaction of a request (RFC 3261 §17.2.3, §9.2).
func (s *Stack) request(t *Transport, req *Request, src source) {
	dst := stampVia(req.Via(), src.addr)
	key := t.serverKey(req, src, req.Method)
	switch req.Method {
	case ACK:
		s.ack(t, req, key)
		return
	case CANCEL:
		if s.cancel(t, req, src, dst) {
			return
		}
	}
	tx, old := s.openServerTx(key, src.addr.Addr(), func() *ServerTx {
		return newServerTx(t, req, src.addr, key, &link{t: t, dst: dst, local: src.local, stream: src.stream})
	})
	switch {
	case old != nil:
		old.retransmitted()
	case tx != nil:
		tx.start()
	}
}

// ack passes an ACK to the INVITE transaction it belongs to, or up when it is one of a 2xx.
func (s *Stack) ack(t *Transport, req *Request, key string) {
	if old := s.serverTx(key); old != nil && old.acked(req) {
		return
	}
	if f := s.cfg.OnACK; f != nil {
		f(t, req)
	}
}

// cancel answers a CANCEL that matches an INVITE, itself a transaction, and cancels that one.
func (s *Stack) cancel(t *Transport, req *Request, src source, dst netip.AddrPort) bool {
	old := s.serverTx(t.serverKey(req, src, INVITE))
	if old == nil {
		return false
	}
	invite, tag := old.cancelled(req)
	res := NewResponse(req, StatusOK, "", nil)
	setToTag(res, tag) // RFC 3261 §9.2: the same tag as the INVITE's responses
	s.identify(res)
	// A CANCEL's retransmission comes here again and gets the same answer: it needs no transaction of its own.
	if err := (&link{t: t, dst: dst, local: src.local, stream: src.stream}).WriteMsg(res); err != nil {
		t.log.Debug().Err(err).Msg("sip: answer to CANCEL")
	}
	if invite != nil {
		invite.cancelNow(req)
	}
	return true
}

// response hands a response to its client transaction (RFC 3261 §17.1.3).
func (s *Stack) response(t *Transport, res *Response) {
	branch, _ := res.Via().Params.Get("branch")
	method := res.CSeq().MethodName
	if !strings.HasPrefix(branch, s.branchPrefix) || len(headersNamed(res, "Via")) != 1 {
		s.stats.strays.Add(1) // not ours: RFC 3261 §18.1.2
		return
	}
	if s.clientResponse(branch+"|"+string(method), res) {
		return
	}
	if method == INVITE && res.IsSuccess() {
		if f := s.cfg.OnResponse; f != nil {
			f(t, res)
			return
		}
	}
	s.stats.strays.Add(1)
}

// serverKey is what makes a request part of a transaction (RFC 3261 §17.2.3): branch, sent-by and method, ACK and (by
// asking so) CANCEL counting as INVITE. Without the magic cookie it is what RFC 2543 compares. A bare cookie is no branch.
//
// Deviates: the listener and the source's address count too, because phones behind different NATs share private addresses, and
// nobody else shall cancel a call whose branch he saw.
func (t *Transport) serverKey(req *Request, src source, method Method) string {
	if method == ACK {
		method = INVITE
	}
	via := req.Via()
	branch, _ := via.Params.Get("branch")
	sentBy := strings.ToLower(via.Host) + ":" + strconv.Itoa(via.Port)
	parts := []string{t.id, src.addr.Addr().String(), string(method), sentBy, branch}
	if len(branch) <= len(magicCookie) || !strings.HasPrefix(branch, magicCookie) {
		parts = append(parts, FromTag(req), req.CallID().Value(), strconv.FormatUint(uint64(req.CSeq().SeqNo), 10), req.Recipient.String())
	}
	return strings.Join(parts, "|")
}

func setToTag(res *Response, tag string) {
	if to := res.To(); to != nil && !to.Params.Has("tag") {
		to.Params.Add("tag", tag)
	}
}
