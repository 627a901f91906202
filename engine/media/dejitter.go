package media

import "time"

// dejitter evens out what a port receives before it goes to the sink: packets, not PCM, each when it is due. Losses stay losses.
type dejitter struct {
	port   *Port
	jitter *jitterBuffer
	timer  timer
	frame  Frame
}

// Default sizes of Asterisk's JITTERBUFFER().
var (
	FixedJitterBuffer    = JitterBuffer{Fixed: true, Max: 200 * time.Millisecond, Resync: time.Second}
	AdaptiveJitterBuffer = JitterBuffer{Max: 200 * time.Millisecond, Resync: time.Second, Extra: 40 * time.Millisecond}
)

// SetJitterBuffer puts a jitter buffer between what the port receives and the bridge or echo it goes to; nil takes it out. Digits for
// OnDigit do not wait. Without one, packets are relayed as they come.
func (p *Port) SetJitterBuffer(b *JitterBuffer) {
	p.post(func(s *shard) {
		if p.dejitter != nil {
			p.dejitter.flush(s)
			s.timers.stop(&p.dejitter.timer)
			p.dejitter = nil
		}
		if b == nil || p.closed {
			return
		}
		d := &dejitter{port: p, jitter: newJitterBuffer(*b)}
		d.timer.fire = d.release
		p.dejitter = d
	})
}

func (d *dejitter) put(s *shard, f *Frame, event bool) {
	j := d.jitter
	if j.started && (f.Source != j.source || !event && int64(f.Format.Rate) != j.rate) {
		d.flush(s) // what waits belongs before another stream
	}
	kind := heldVoice
	if event {
		kind = heldOther
	}
	if !j.started && event {
		_ = d.port.sink.WriteFrame(f)
		return
	}
	j.put(f, kind, s.now)
	d.release(s)
}

// release sends on what is due and sets the timer for the rest.
func (d *dejitter) release(s *shard) {
	j := d.jitter
	for j.count > 0 {
		p := j.first()
		due := j.due(p.pos)
		if p.kind == heldOther && p.seq == j.next {
			due = s.now
		}
		if due > s.now {
			s.set(&d.timer, due)
			return
		}
		d.send(p)
	}
	s.timers.stop(&d.timer)
}

func (d *dejitter) flush(*shard) {
	for d.jitter.count > 0 {
		d.send(d.jitter.first())
	}
}

func (d *dejitter) send(p *held) {
	d.jitter.release(p)
	d.jitter.fresh = false
	d.frame = Frame{Format: p.format, Payload: p.payload, Timestamp: p.ts, Seq: p.seq, Marker: p.marker, Samples: p.samples, Source: d.jitter.source}
	was := d.port.busy
	d.port.busy = true
	_ = d.port.sink.WriteFrame(&d.frame)
	d.port.busy = was
}
