package media

import "time"

const (
	upkeepEvery = int64(time.Second)
	// upkeepGrid gathers the deadlines of many ports into few wake-ups of the shard.
	upkeepGrid   = int64(20 * time.Millisecond)
	comfortNoise = 13 // RFC 3389; the one payload type every peer may throw away
	// oldComfortNoise is where phones older than RFC 3389 have it (RFC 3551 §6 reserves it for their sake).
	oldComfortNoise = 19
)

// keepUp does what a port owes now and then: RTCP, watching for silence, keeping NAT open. It sets itself again.
func (p *Port) keepUp(s *shard) {
	if p.rtp == nil { // a pair has no network to look after
		p.publish()
		s.set(&p.upkeep, s.now+upkeepEvery)
		return
	}
	next := s.now + upkeepEvery
	if r := &p.reports; r.next != 0 {
		if s.now >= r.next {
			p.sendReport(s)
			r.next = s.now + jittered(s.engine.config.Load().RTCPInterval)
		}
		next = min(next, r.next)
	}
	if limit := p.silenceLimit(); limit > 0 && !p.timedOut {
		end := p.lastHeard + limit
		if s.now >= end {
			p.timedOut = true
			if p.config.OnTimeout != nil {
				p.config.OnTimeout()
			}
		} else {
			next = min(next, end)
		}
	}
	if every := int64(p.config.Keepalive); every > 0 {
		o := &p.outgoing
		if s.now >= o.touched+every {
			p.keepAlive(s)
			o.touched = s.now
		}
		next = min(next, o.touched+every)
	}
	p.publish()
	s.set(&p.upkeep, (next+upkeepGrid-1)/upkeepGrid*upkeepGrid)
}

func (p *Port) silenceLimit() int64 {
	if p.stream.Idle {
		return 0
	}
	if p.stream.Held || !p.stream.Receive {
		return int64(p.config.HoldTimeout)
	}
	return int64(p.config.Timeout)
}

// keepAlive sends a packet of comfort noise, also where the stream may not send: RFC 6263 §4 wants the path kept open then too.
func (p *Port) keepAlive(s *shard) {
	if !p.agreed || !p.dest().IsValid() {
		return
	}
	rate := p.outgoing.rate
	if rate == 0 {
		rate = 8000
	}
	_, ts := p.outgoing.next(rate, s.now)
	p.outgoing.inject(comfortNoise, false, ts, 0, &Frame{Payload: []byte{127}}) // -127 dBov: silence
}
