package media

import (
	"testing"
	"time"
)

// TestShed: one step at a late pass, the next when the first has not helped, back one by one after quiet seconds.
func TestShed(t *testing.T) {
	var h shed
	const ms = int64(time.Millisecond)
	for i, step := range []struct {
		at, took int64 // ms
		level    int
	}{
		{0, 1, 0}, {20, 5, 0}, {40, 6, 1}, {60, 30, 1}, {230, 30, 1}, {240, 6, 2}, {260, 50, 2}, {2000, 9, 2},
		{2020, 1, 2}, {6990, 1, 2}, {7000, 1, 1}, {7020, 1, 1}, {11990, 2, 1}, {12000, 5, 0}, {20000, 0, 0}, {20020, 8, 1},
	} {
		before := h.level
		if changed := h.pass(step.at*ms, step.took*ms); h.level != step.level || changed != (before != h.level) {
			t.Errorf("%d: at %d ms a pass of %d ms: level %d, told of a change: %v; want level %d", i, step.at, step.took, h.level, changed, step.level)
		}
	}
}

// order notes whose frames come.
type order struct {
	out  *Out
	name byte
	log  *[]byte
	late bool
}

func (o *order) WriteFrame(f *Frame) error {
	if !o.late {
		second := *o
		second.late = true
		return o.out.Later(f, &second)
	}
	*o.log = append(*o.log, o.name, f.Payload[0])
	return nil
}

// TestLater: what was put off comes in order, whole, after all else; the queue's end does not lose a frame.
func TestLater(t *testing.T) {
	s := &shard{loop: &arrivals{}}
	p := &Port{at: s}
	o := &Out{port: p}
	var log []byte
	sink := &order{out: o, name: 'o', log: &log}
	payload := []byte{0}
	for i := range byte(3) {
		payload[0] = i
		_ = sink.WriteFrame(&Frame{Payload: payload})
		log = append(log, 'r', i)
	}
	payload[0] = 99
	s.runLate()
	if got := string(log); got != "r\x00r\x01r\x02o\x00o\x01o\x02" {
		t.Errorf("%q", got)
	}
	log = nil
	for range mostLate + 3 {
		_ = sink.WriteFrame(&Frame{Payload: payload})
	}
	if len(log) != 6 {
		t.Errorf("%d frames served at once, want 3", len(log)/2)
	}
	s.runLate()
	if len(log) != 2*(mostLate+3) {
		t.Errorf("%d frames in all", len(log)/2)
	}
	f := &Frame{Payload: payload}
	later := &order{out: o, name: 'o', log: &log, late: true}
	if n := testing.AllocsPerRun(100, func() {
		log = log[:0]
		_ = o.Later(f, later)
		s.runLate()
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}
