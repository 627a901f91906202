package luatest

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"asterism/engine/channel"
)

// headers are a faked INVITE's: those the test gave, or those the script adds.
type headers struct {
	came  map[string]string
	added [][2]string
}

// Transfer redirects a call that is not up; for one that is, the report comes a tenth of a second later, if the test gave one.
func (l *leg) Transfer(target string, done func(channel.Transferred)) {
	l.mu.Lock()
	l.transferred = target
	l.mu.Unlock()
	if l.ch.State() != channel.Up {
		done(channel.Transferred{OK: true})
		l.ch.FarEndGone(channel.RedirectedToNew)
		return
	}
	if status := l.report; status != 0 {
		l.w.clock.At(100*time.Millisecond, func() { done(channel.Transferred{OK: status < 300, Protocol: status}) })
	}
}

// Header is one of those the test gave.
func (l *leg) Header(name string, n int) (string, bool) {
	v, ok := l.headers.came[strings.ToLower(name)]
	return v, ok && n == 1
}

// HeaderNames are theirs.
func (l *leg) HeaderNames(prefix string) []string {
	var out []string
	for name := range l.headers.came {
		if strings.HasPrefix(name, strings.ToLower(prefix)) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

var errTooLate = errors.New("the call is not to be made any more")

// AddHeader notes it.
func (l *leg) AddHeader(name, value string) error {
	if l.phone == nil {
		return errTooLate
	}
	l.headers.added = append(l.headers.added, [2]string{name, value})
	return nil
}

// UpdateHeader changes the n-th of that name.
func (l *leg) UpdateHeader(name string, n int, value string) error {
	for i, h := range l.headers.added {
		if strings.EqualFold(h[0], name) {
			if n--; n == 0 {
				l.headers.added[i][1] = value
				return nil
			}
		}
	}
	return errTooLate
}

// RemoveHeaders takes them off.
func (l *leg) RemoveHeaders(name string) (int, error) {
	if l.phone == nil {
		return 0, errTooLate
	}
	before := len(l.headers.added)
	beginning, wild := strings.CutSuffix(name, "*")
	l.headers.added = slices.DeleteFunc(l.headers.added, func(h [2]string) bool {
		return strings.EqualFold(h[0], name) || wild && strings.HasPrefix(strings.ToLower(h[0]), strings.ToLower(beginning))
	})
	return before - len(l.headers.added), nil
}

// records are faked call detail records: fields as they are set, and what was asked.
type records struct {
	mu     sync.Mutex // guards below; a leaf
	fields map[string]string
	did    []string
}

func (r *records) note(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.did = append(r.did, what)
}

// Field is what was set, with the form asked for.
func (r *records) Field(_ *channel.Channel, name string, raw, exact bool) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.fields[name]
	if raw {
		v += "/raw"
	}
	if exact {
		v += "/exact"
	}
	return v, ok
}

// SetField refuses "src".
func (r *records) SetField(_ *channel.Channel, name, value string) error {
	if name == "src" {
		return errors.New("field src follows the call")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fields[name] = value
	return nil
}

// Reset and Disable are noted.
func (r *records) Reset(_ *channel.Channel, keep bool) {
	r.note(map[bool]string{true: "reset keep", false: "reset"}[keep])
}

// Disable is noted.
func (r *records) Disable(_ *channel.Channel, yes bool) {
	r.note(map[bool]string{true: "disable", false: "enable"}[yes])
}
