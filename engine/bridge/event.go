package bridge

import (
	"encoding/binary"

	"asterism/codecs"
	"asterism/engine/media"
)

const telephoneEvent = "telephone-event"

// chooseEvent: events pass when the other leg has them, at its clock.
func (d *direction) chooseEvent(f codecs.Format) {
	if d.mute {
		d.way = noEvent
		return
	}
	voice, _, _ := d.out.Preferred()
	if d.coder == nil && d.out.Accepts(f) && f.Rate == voice.Rate {
		d.way, d.target = pass, f
		return
	}
	target, ok := d.out.EventFormat(voice.Rate)
	if !ok {
		d.way = noEvent
		return
	}
	d.way, d.target = event, target
}

// writeEvent sends an event on whose clock is not the voice's: its duration in the other leg's units.
func (d *direction) writeEvent(f *media.Frame) error {
	n := reclock(d.payload[:], f, d.target.Rate)
	if n == 0 {
		d.out.Skip(f)
		return nil
	}
	d.frame = *f
	d.frame.Format, d.frame.Payload = d.target, d.payload[:n]
	return d.out.WriteFrame(&d.frame)
}

// writeEvent sends an event within a transcoded voice: it takes a number and a time of that.
func (t *transcoder) writeEvent(f *media.Frame, target codecs.Format) error {
	n := reclock(t.data[:], f, target.Rate)
	if n == 0 {
		return nil
	}
	if !t.line.started || f.Source != t.line.source {
		t.line.begin(f)
		t.have = 0
	}
	t.inSeq = f.Seq
	t.seq++
	t.frame = media.Frame{Format: target, Payload: t.data[:n], Timestamp: t.line.at(f.Timestamp), Seq: t.seq, Marker: f.Marker,
		Source: f.Source | transcoded}
	return t.out.WriteFrame(&t.frame)
}

// reclock copies an event payload (RFC 4733 §2.3) with its duration at another clock; 0 if it is none.
func reclock(dst []byte, f *media.Frame, rate int) int {
	const size = 4
	if len(f.Payload) < size || f.Format.Rate <= 0 {
		return 0
	}
	copy(dst, f.Payload[:size])
	duration := int(binary.BigEndian.Uint16(f.Payload[2:])) * rate / f.Format.Rate
	binary.BigEndian.PutUint16(dst[2:], uint16(min(duration, 0xFFFF)))
	return size
}
