package media

import "time"

// pace decides how long a shard lets packets gather before its next pass. While it is idle they go on at once; when it is busy
// a pass costs more than the packets in it (a sleep, a wake-up, cold caches), so it waits for enough of them to share that.
//
//	packets a second   below paceIdle       nothing is added
//	                   above                until pacePackets have come on average, at most paceMost
//	                   none goes anywhere   paceMost: what only waits for digits (a menu, music) is in no hurry
//
// So a packet is held paceMost at worst and half of that on average; what the clock owes is never held.
type pace struct {
	since  int64 // shard time the window began
	count  int   // packets in it
	onward int   // those of them that went on to somebody
	gather int64 // ns from the beginning of one pass to the next
}

const (
	paceWindow  = int64(20 * time.Millisecond) // a talker says 50 packets a second: each is seen once
	paceIdle    = 1500                         // packets a second: 15 calls
	pacePackets = 128
	paceMost    = int64(5 * time.Millisecond)
)

// pass notes that a pass at shard time now handed over n packets, onward of which have gone on to a listener.
func (p *pace) pass(now int64, n, onward int) {
	p.count += n
	p.onward += onward
	span := now - p.since
	if span < paceWindow {
		return
	}
	rate := int64(p.count) * int64(time.Second) / span
	p.gather = 0
	switch {
	case rate >= paceIdle:
		p.gather = min(paceMost, pacePackets*int64(time.Second)/rate)
	case p.count > 0 && p.onward == 0:
		p.gather = paceMost
	}
	p.since, p.count, p.onward = now, 0, 0
}
