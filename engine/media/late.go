package media

import (
	"time"

	"asterism/engine/media/packetio"
)

// lateFrame is a frame whose way takes long (Opus): it is served when all that arrived with it has gone on.
type lateFrame struct {
	frame Frame
	sink  Sink
	size  int
	data  [packetio.MaxDatagram]byte
}

// mostLate bounds the frames that wait within a pass; those beyond it are served at once.
const mostLate = 256

// Later hands f to sink in the same pass of the shard, after everything that is quick. f is copied.
func (o *Out) Later(f *Frame, sink Sink) error {
	s := o.port.at
	if len(s.late) == mostLate || len(f.Payload) > packetio.MaxDatagram {
		return sink.WriteFrame(f)
	}
	if len(s.late) == cap(s.late) {
		s.late = append(s.late, lateFrame{})
	} else {
		s.late = s.late[:len(s.late)+1]
	}
	l := &s.late[len(s.late)-1]
	l.frame, l.sink = *f, sink
	l.frame.Payload = nil
	copy(l.data[:], f.Payload)
	l.size = len(f.Payload)
	return nil
}

// Shed is how far a shard that is late has to save: encoders of codecs that can be cheaper should be, 0 not at all, at most mostShed.
func (o *Out) Shed() int { return o.port.at.shed.level }

// runLate serves what was put off; what else there is to send has gone out before.
func (s *shard) runLate() {
	if len(s.late) == 0 {
		return
	}
	s.loop.Flush()
	for i := range s.late {
		l := &s.late[i]
		l.frame.Payload = l.data[:l.size]
		_ = l.sink.WriteFrame(&l.frame)
		l.sink = nil
	}
	s.late = s.late[:0]
}

// shed takes work from a shard whose passes last too long, and gives it back when they have not for a while.
type shed struct {
	level int
	at    int64 // shard time of the last change, or of the last late pass
}

const (
	mostShed  = 2
	latePass  = int64(5 * time.Millisecond)
	shedEvery = int64(200 * time.Millisecond) // what was shed shows first
	shedRests = int64(5 * time.Second)
)

// pass notes that a pass at shard time now took so long; true when the level has changed.
func (h *shed) pass(now, took int64) bool {
	switch {
	case took > latePass && h.level < mostShed && (h.level == 0 || now-h.at >= shedEvery):
		h.level++
		h.at = now
		return true
	case took > latePass:
		if h.level == mostShed {
			h.at = now
		}
	case h.level > 0 && now-h.at >= shedRests:
		h.level--
		h.at = now
		return true
	}
	return false
}

// measure ends a pass: it tells of a change in the metric and once in the log.
func (s *shard) measure() {
	took := s.engine.clock() - s.now
	if !s.shed.pass(s.now, took) {
		return
	}
	s.shedding.Store(int32(s.shed.level))
	s.engine.log.Warn().Int("shard", s.index).Int("level", s.shed.level).Dur("pass", time.Duration(took)).
		Msg("media: the load changes what Opus may cost: level 0 is complexity as configured, 1 at most 2, 2 at most 0")
}
