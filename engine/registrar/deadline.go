package registrar

import (
	"container/heap"
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// deadlines is a heap of bindings by what is due first: expiry or the next OPTIONS.
type deadlines []*binding

func (b *binding) due() time.Time {
	if b.qualify.IsZero() || !b.Expires.IsZero() && b.Expires.Before(b.qualify) {
		return b.Expires
	}
	return b.qualify
}

func (d deadlines) Len() int           { return len(d) }
func (d deadlines) Less(i, j int) bool { return d[i].due().Before(d[j].due()) }
func (d deadlines) Swap(i, j int)      { d[i], d[j] = d[j], d[i]; d[i].index, d[j].index = i, j }
func (d *deadlines) Push(x any)        { b := x.(*binding); b.index = len(*d); *d = append(*d, b) }
func (d *deadlines) Pop() any {
	last := len(*d) - 1
	b := (*d)[last]
	(*d)[last] = nil
	*d = (*d)[:last]
	b.index = -1
	return b
}

// scheduleLocked puts the binding where its deadlines belong, after it or its AOR's options have changed.
//
// The first OPTIONS goes out within a moment for a phone that has just registered, and within one qualify_frequency for
// those of a start or reload, so that a thousand phones are not asked at once.
func (r *Registrar) scheduleLocked(b *binding, now time.Time) {
	frequency := b.aor.conf.QualifyFrequency
	if r.ask == nil {
		frequency = 0
	}
	if frequency != b.frequency || frequency > 0 && b.qualify.IsZero() && !b.busy {
		b.frequency = frequency
		switch {
		case frequency == 0:
			b.qualify = time.Time{}
			b.Status, b.RTT = NonQualified, 0
		case !b.Static && b.Registered.Equal(now):
			b.qualify = now.Add(rand.N(min(500*time.Millisecond, frequency)))
		default:
			within := frequency
			if most := r.pjsip.Global.MaxInitialQualifyTime; most > 0 {
				within = min(within, most)
			}
			b.qualify = now.Add(rand.N(within))
		}
		if frequency > 0 && b.Status == NonQualified {
			b.Status = Unknown
		}
	}
	if b.Status == Unreachable && b.Registered.Equal(now) && (b.Pruned || frequency == 0) {
		b.Status = Unknown // it was taken for gone, and nobody else would find out that it is not
		if frequency == 0 {
			b.Status = NonQualified
		}
	}
	r.fixLocked(b)
}

func (r *Registrar) fixLocked(b *binding) {
	switch {
	case b.due().IsZero():
		r.unscheduleLocked(b)
		return
	case b.index < 0:
		heap.Push(&r.deadlines, b)
	default:
		heap.Fix(&r.deadlines, b.index)
	}
	if b.index == 0 {
		r.poke()
	}
}

func (r *Registrar) unscheduleLocked(b *binding) {
	if b.index >= 0 {
		heap.Remove(&r.deadlines, b.index)
	}
}

// poke makes Run look at the heap again.
func (r *Registrar) poke() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run removes expired contacts and sends the OPTIONS of qualify until ctx ends. It waits for what it started. It returns
// nil, and is to be called once.
func (r *Registrar) Run(ctx context.Context) error {
	var asked sync.WaitGroup
	defer asked.Wait()
	for {
		next := r.work(ctx, &asked)
		var fired <-chan time.Time
		stop := func() {}
		if !next.IsZero() {
			fired, stop = r.cfg.Clock.After(max(0, next.Sub(r.cfg.Clock.Now())))
		}
		select {
		case <-fired:
		case <-r.wake:
		case <-ctx.Done():
			stop()
			return nil
		}
		stop()
	}
}

// work does what is due and says when something will be.
func (r *Registrar) work(ctx context.Context, asked *sync.WaitGroup) (next time.Time) {
	now := r.cfg.Clock.Now()
	var expired []*binding
	r.mu.Lock()
	for len(r.deadlines) > 0 {
		b := r.deadlines[0]
		if b.due().After(now) {
			next = b.due()
			break
		}
		if !b.Static && !b.Expires.After(now) {
			r.removeLocked(b)
			expired = append(expired, b)
			continue
		}
		// qualify is due; it is set again when the answer is there, or not
		b.qualify = time.Time{}
		b.busy = true
		r.waiting = append(r.waiting, b)
		r.fixLocked(b)
	}
	r.askLocked(ctx, asked)
	r.mu.Unlock()
	for _, b := range expired {
		r.removed(b, "expired", now) // the store has forgotten it by itself
	}
	return next
}
