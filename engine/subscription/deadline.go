package subscription

import (
	"container/heap"
	"time"
)

// deadlines is a heap of subscriptions by what is due first.
type deadlines []*subscription

func (s *subscription) due() time.Time {
	if !s.notBefore.IsZero() && s.notBefore.Before(s.expires) {
		return s.notBefore
	}
	return s.expires
}

func (d deadlines) Len() int           { return len(d) }
func (d deadlines) Less(i, j int) bool { return d[i].due().Before(d[j].due()) }
func (d deadlines) Swap(i, j int)      { d[i], d[j] = d[j], d[i]; d[i].index, d[j].index = i, j }
func (d *deadlines) Push(x any)        { s := x.(*subscription); s.index = len(*d); *d = append(*d, s) }
func (d *deadlines) Pop() any {
	last := len(*d) - 1
	s := (*d)[last]
	(*d)[last] = nil
	*d = (*d)[:last]
	s.index = -1
	return s
}

// fixLocked puts a subscription where its deadline belongs.
func (n *Notifier) fixLocked(s *subscription) {
	if s.index < 0 {
		heap.Push(&n.deadlines, s)
	} else {
		heap.Fix(&n.deadlines, s.index)
	}
	n.poke()
}
