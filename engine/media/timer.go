package media

// timer is a deadline on a shard. It is embedded in what it serves and set at most once at a time; it moves with its port.
type timer struct {
	at    int64 // shard time, ns
	place int   // 1 + index in the heap; 0 = not set
	fire  func(s *shard)
}

// timers is a binary heap, the soonest first.
type timers []*timer

func (h *timers) set(t *timer, at int64) {
	t.at = at
	if t.place == 0 {
		*h = append(*h, t)
		t.place = len(*h)
	}
	h.up(t.place - 1)
	h.down(t.place - 1)
}

func (h *timers) stop(t *timer) {
	if t.place == 0 {
		return
	}
	i, last := t.place-1, len(*h)-1
	h.swap(i, last)
	(*h)[last] = nil
	*h = (*h)[:last]
	t.place = 0
	if i < last {
		h.up(i)
		h.down(i)
	}
}

// due takes the soonest timer off if its time has come.
func (h *timers) due(now int64) *timer {
	if len(*h) == 0 || (*h)[0].at > now {
		return nil
	}
	t := (*h)[0]
	h.stop(t)
	return t
}

func (h timers) swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i+1, j+1
}

func (h timers) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if h[parent].at <= h[i].at {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

func (h timers) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if child+1 < len(h) && h[child+1].at < h[child].at {
			child++
		}
		if h[i].at <= h[child].at {
			return
		}
		h.swap(i, child)
		i = child
	}
}
