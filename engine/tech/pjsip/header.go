package pjsip

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"asterism/engine/sip"
)

// channel.Headers: a script reads those of the peer's INVITE and adds to the INVITE we are about to send.

// ownHeaders are the stack's and the dialog's; a script that wrote them would break the call.
var ownHeaders = []string{"Via", "From", "To", "Call-ID", "CSeq", "Contact", "Max-Forwards", "Route", "Record-Route", "Content-Type", "Content-Length",
	"Authorization", "Proxy-Authorization", "Session-Expires", "Min-SE", "Require", "Supported", "Allow"}

// Header is the n-th of that name in the peer's INVITE.
func (l *leg) Header(name string, n int) (string, bool) {
	if l.invite == nil {
		return "", false
	}
	values := sip.HeaderValues(l.invite, name)
	if n < 1 || n > len(values) {
		return "", false
	}
	return printable(values[n-1]), true
}

// HeaderNames are those of the peer's INVITE, by the beginning of their names.
func (l *leg) HeaderNames(prefix string) []string {
	var out []string
	if l.invite == nil {
		return nil
	}
	for _, h := range l.invite.Headers() {
		name := h.Name()
		if len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) &&
			!slices.ContainsFunc(out, func(have string) bool { return strings.EqualFold(have, name) }) {
			out = append(out, name)
		}
	}
	return out
}

var errTooLate = errors.New("the INVITE is sent already, or is the peer's: add headers in the subroutine of Dial's option b")

// AddHeader gives the INVITE another header.
func (l *leg) AddHeader(name, value string) error {
	if err := checkHeader(name, value); err != nil {
		return err
	}
	return l.changeHeaders(func() error {
		l.headers = append(l.headers, sip.NewHeader(name, value))
		return nil
	})
}

// UpdateHeader changes the n-th that was added under that name.
func (l *leg) UpdateHeader(name string, n int, value string) error {
	if err := checkHeader(name, value); err != nil {
		return err
	}
	return l.changeHeaders(func() error {
		for i, h := range l.headers {
			if strings.EqualFold(h.Name(), name) {
				if n--; n == 0 {
					l.headers[i] = sip.NewHeader(h.Name(), value)
					return nil
				}
			}
		}
		return fmt.Errorf("no header %q was added", name)
	})
}

// RemoveHeaders takes added ones off: by name, or by beginning with * at the end.
func (l *leg) RemoveHeaders(name string) (removed int, err error) {
	beginning, wild := strings.CutSuffix(name, "*")
	err = l.changeHeaders(func() error {
		before := len(l.headers)
		l.headers = slices.DeleteFunc(l.headers, func(h sip.Header) bool {
			if wild {
				return len(h.Name()) >= len(beginning) && strings.EqualFold(h.Name()[:len(beginning)], beginning)
			}
			return strings.EqualFold(h.Name(), name)
		})
		removed = before - len(l.headers)
		return nil
	})
	return removed, err
}

func (l *leg) changeHeaders(f func() error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.outgoing || l.dialog.Load() != nil {
		return errTooLate
	}
	return f()
}

// maxHeaderValue bounds a header, in bytes, so that requests stay within what peers read.
const maxHeaderValue = 2048

func checkHeader(name, value string) error {
	switch {
	case !sip.IsToken(name):
		return fmt.Errorf("header %q: no name of a header (RFC 3261 §25.1: token)", name)
	case slices.ContainsFunc(ownHeaders, func(own string) bool { return strings.EqualFold(own, name) }):
		return fmt.Errorf("header %q: the SIP stack writes it", name)
	case printable(value) != value || len(value) > maxHeaderValue:
		return fmt.Errorf("header %q: its value holds control characters, or more than %d bytes", name, maxHeaderValue)
	}
	return nil
}

// takeHeaders are those for the INVITE that is sent now.
func (l *leg) takeHeaders() []sip.Header {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.headers)
}
