package channel

import (
	"sync/atomic"
	"time"
)

// RecordRequest says how Record listens.
type RecordRequest struct {
	Rate        int               // Hz of the PCM that Write gets
	Write       func(pcm []int16) // what the party says, in blocks of 20 ms; on the media thread: it must not block, and not keep pcm
	Failed      <-chan struct{}   // closed when Write is in vain; nil: never
	Max         time.Duration     // of the recording; 0: no bound
	Silence     time.Duration     // that ends it; 0: none does
	Threshold   int               // mean amplitude below which a block is silent; 0: 256, as Asterisk's
	Terminators string            // digits that end it
	Wanted      func(d rune) bool // other digits that end it; nil: none. All others are dropped
}

// RecordResult is how a recording ended.
type RecordResult struct {
	Why      string        // "digit", "silence", "timeout", "error", "hangup"
	Digit    rune          // with "digit"
	Duration time.Duration // of what was written
	Silence  time.Duration // at its end
}

// defaultThreshold is dsp.conf's silencethreshold.
const defaultThreshold = 256

// Record hands what the party says to req.Write until one of req's ends, or the hang-up, which is no error here: the result tells it, and
// the next primitive returns it. It returns when Write is called no more.
func (c *Channel) Record(req RecordRequest) (RecordResult, error) {
	if err := c.gone(); err != nil {
		return RecordResult{}, err
	}
	m := c.leg.Media()
	if m == nil {
		return RecordResult{}, ErrNoMedia
	}
	c.StopTone()
	c.StopMusic()
	if req.Threshold <= 0 {
		req.Threshold = defaultThreshold
	}
	r := &recording{req: req, silent: make(chan struct{}, 1), full: make(chan struct{}, 1), most: -1}
	if req.Max > 0 {
		r.most = int64(req.Max.Seconds() * float64(req.Rate))
	}
	remove := m.Tap(r)
	res := c.awaitEnd(req, r)
	remove()
	r.over.Store(true)
	res.Duration, res.Silence = r.duration(r.taken.Load()), r.duration(r.quiet.Load())
	return res, nil
}

func (c *Channel) awaitEnd(req RecordRequest, r *recording) RecordResult {
	var timer <-chan time.Time
	if req.Max > 0 {
		var stop func()
		timer, stop = c.core.clock.After(req.Max + time.Second) // should the media thread give less than it owes
		defer stop()
	}
	for {
		for d := c.digits.pop(); d != 0; d = c.digits.pop() {
			if contains(req.Terminators, d) || req.Wanted != nil && req.Wanted(d) {
				return RecordResult{Why: "digit", Digit: d}
			}
		}
		select {
		case <-c.digits.signal:
		case <-r.silent:
			return RecordResult{Why: "silence"}
		case <-r.full:
			return RecordResult{Why: "timeout"}
		case <-timer:
			return RecordResult{Why: "timeout"}
		case <-req.Failed:
			return RecordResult{Why: "error"}
		case <-c.stopped():
			return RecordResult{Why: "hangup"}
		}
	}
}

func contains(set string, d rune) bool {
	for _, s := range set {
		if s == d {
			return true
		}
	}
	return false
}

// recording is a running Record, as the media thread sees it.
type recording struct {
	req    RecordRequest
	most   int64         // samples; < 0: no bound
	silent chan struct{} // room for one
	full   chan struct{} // room for one
	over   atomic.Bool
	taken  atomic.Int64 // samples
	quiet  atomic.Int64 // of them, silent at the end
}

// Rate is that of the blocks, Hz.
func (r *recording) Rate() int { return r.req.Rate }

func (r *recording) duration(samples int64) time.Duration {
	return time.Duration(float64(samples) / float64(r.req.Rate) * float64(time.Second))
}

// Block takes 20 ms on the media thread.
func (r *recording) Block(heard, _ []int16) {
	if r.over.Load() {
		return
	}
	taken := r.taken.Load()
	if r.most >= 0 && taken+int64(len(heard)) > r.most {
		heard = heard[:max(0, r.most-taken)]
	}
	if len(heard) == 0 {
		return
	}
	r.req.Write(heard)
	taken += int64(len(heard))
	r.taken.Store(taken)
	if taken == r.most {
		tell(r.full)
	}
	if level(heard) >= r.req.Threshold {
		r.quiet.Store(0)
		return
	}
	quiet := r.quiet.Add(int64(len(heard)))
	if r.req.Silence > 0 && r.duration(quiet) >= r.req.Silence {
		tell(r.silent)
	}
}

// tell wakes who waits for signal, which has room for one.
func tell(signal chan<- struct{}) {
	select {
	case signal <- struct{}{}:
	default:
	}
}

// level is the mean amplitude.
func level(pcm []int16) int {
	sum := 0
	for _, s := range pcm {
		sum += max(int(s), -int(s))
	}
	return sum / len(pcm)
}
