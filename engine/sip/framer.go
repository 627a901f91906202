package sip

import (
	"errors"
	"time"
)

// A framer cuts a byte stream into messages (RFC 3261 §18.3). However the bytes are split into reads, the messages are the
// same. It never allocates by a length the peer claims: the buffer grows with what has arrived, up to size.
type framer struct {
	size, fields int // Limits.MessageSize, Limits.Headers

	buf   []byte
	scan  endFinder
	end   int       // of the header in buf; 0: not there yet
	head  *head     // read from buf[:end]
	crlf  int       // line breaks in a row between messages
	first time.Time // when the message in buf began; zero between messages
	count int       // messages so far
}

var errTooLarge = errors.New("sip: header beyond the limit")

// frame is one message. Its bytes are not touched again.
type frame struct {
	head *head
	raw  []byte
	body []byte
}

// next reads until a message is whole. With an error the stream is over; a frame may still come with it, to be answered.
// pong is called for each double CRLF between messages (RFC 5626 §3.5.1).
func (f *framer) next(read func([]byte) (int, error), pong func() error) (*frame, error) {
	for {
		if err := f.skipBlank(pong); err != nil {
			return nil, err
		}
		if fr, err := f.cut(); fr != nil || err != nil {
			return fr, err
		}
		if err := f.fill(read); err != nil {
			return f.broken(), err
		}
	}
}

// skipBlank drops line breaks between messages, answering pings.
func (f *framer) skipBlank(pong func() error) error {
	if f.end > 0 || !f.first.IsZero() {
		return nil
	}
	i := 0
	for i < len(f.buf) {
		switch {
		case f.buf[i] == '\n':
			i++
		case f.buf[i] != '\r':
			f.crlf = 0
			f.drop(i)
			f.first = time.Now()
			return nil
		case i+1 == len(f.buf): // the LF may follow
			f.drop(i)
			return nil
		case f.buf[i+1] == '\n':
			i += 2
			if f.crlf++; f.crlf == 2 {
				f.crlf = 0
				if err := pong(); err != nil {
					return err
				}
			}
		default:
			i++
		}
	}
	f.drop(i)
	return nil
}

// cut returns the message at the head of the buffer if it is whole.
func (f *framer) cut() (*frame, error) {
	if f.first.IsZero() {
		return nil, nil
	}
	if f.end == 0 {
		end := f.scan.find(f.buf)
		if end < 0 {
			if len(f.buf) < f.size {
				return nil, nil
			}
			return f.broken(), errTooLarge
		}
		h, err := parseHead(f.buf[:end], f.fields)
		if err != nil {
			return nil, err
		}
		f.end, f.head = end, h
	}
	h := f.head
	switch {
	case h.fault != nil && h.fault.lost:
	case h.length < 0:
		h.lose(StatusBadRequest, "Missing Content-Length header") // RFC 3261 §20.14: streams need it
	case f.end+h.length > f.size:
		h.lose(StatusMessageTooLarge, ReasonPhrase(StatusMessageTooLarge))
	case len(f.buf) < f.end+h.length:
		return nil, nil
	}
	if h.fault != nil && h.fault.lost {
		return &frame{head: h, raw: f.buf[:f.end]}, h.fault
	}
	total := f.end + h.length
	fr := &frame{head: h, raw: f.buf[:total:total], body: f.buf[f.end:total:total]}
	if f.buf = f.buf[total:]; len(f.buf) == 0 {
		f.buf = nil // an idle connection holds no memory
	}
	f.scan, f.end, f.head, f.first = endFinder{}, 0, nil, time.Time{}
	f.count++
	return fr, nil
}

// broken is what can be answered of a message whose rest does not come: it is too long, too slow, or the stream ended.
func (f *framer) broken() *frame {
	if f.first.IsZero() {
		return nil
	}
	end := f.end
	if end == 0 {
		end = f.scan.line // whole lines only
	}
	h, err := parseHead(f.buf[:end], f.fields)
	if err != nil {
		return nil
	}
	if h.fault == nil || !h.fault.lost {
		if len(f.buf) >= f.size {
			h.lose(StatusMessageTooLarge, ReasonPhrase(StatusMessageTooLarge))
		} else {
			h.lose(StatusBadRequest, "Incomplete message")
		}
	}
	return &frame{head: h, raw: f.buf}
}

// fill reads more. The buffer doubles as bytes arrive.
func (f *framer) fill(read func([]byte) (int, error)) error {
	if len(f.buf) == cap(f.buf) {
		grown := make([]byte, len(f.buf), min(max(2*len(f.buf), 2048), f.size+1))
		copy(grown, f.buf)
		f.buf = grown
	}
	n, err := read(f.buf[len(f.buf):cap(f.buf)])
	f.buf = f.buf[:len(f.buf)+n]
	if n > 0 {
		return nil // an error comes again
	}
	return err
}

func (f *framer) drop(n int) { f.buf = f.buf[n:] }

// deadline is until when the next bytes must come (slow loris).
func (f *framer) deadline(now, opened time.Time, l Limits) time.Time {
	switch {
	case f.end > 0:
		return f.first.Add(l.MessageTimeout)
	case !f.first.IsZero():
		return f.first.Add(l.HeaderTimeout)
	case f.count == 0:
		return opened.Add(l.MessageTimeout)
	}
	return now.Add(l.IdleTimeout)
}
