package media

import "errors"

// ErrSame is returned for a link of a port with itself.
var ErrSame = errors.New("media: cannot join a port with itself")

// Link is two ports whose received frames go to two sinks; a bridge makes the sinks.
type Link struct {
	a, b   *Port
	ab, ba Sink // what a receives; what b receives
}

// Connect brings both ports to one shard, with all they are linked to, and sends what a receives to ab and what b receives to
// ba. Former links of the two are cut. It returns when this is in force; ErrClosed if one of the ports is closed. It must not
// be called from a port's callbacks.
func Connect(a, b *Port, ab, ba Sink) (*Link, error) {
	if a == b {
		return nil, ErrSame
	}
	m := &meeting{link: &Link{a: a, b: b, ab: ab, ba: ba}, result: make(chan error, 1)}
	a.post(m.atA)
	if err := <-m.result; err != nil {
		return nil, err
	}
	return m.link, nil
}

// Disconnect cuts the link, if it is still the ports'; both discard from then on, or echo. It returns at once.
func (l *Link) Disconnect() {
	l.a.post(func(s *shard) {
		if l.a.link == l {
			l.cut(s)
		}
	})
}

func (l *Link) sinkOf(p *Port) Sink {
	if p == l.a {
		return l.ab
	}
	return l.ba
}

// cut runs on the shard of both.
func (l *Link) cut(s *shard) {
	l.a.releaseAll(s)
	l.b.releaseAll(s)
	l.a.link, l.b.link = nil, nil
	l.a.route()
	l.b.route()
}

// meeting brings two ports together. It runs as a command of one of them, sees where the other is, and either goes there as a
// command of the other or takes its own port there. Meetings with common ports may undo each other's moves; after a few
// such rounds ports only move to lower shards, so it ends.
type meeting struct {
	link   *Link
	rounds int
	result chan error
}

const patience = 6

func (m *meeting) atA(s *shard) { m.at(s, m.link.a, m.link.b, m.atB) }
func (m *meeting) atB(s *shard) { m.at(s, m.link.b, m.link.a, m.atA) }

func (m *meeting) at(s *shard, here, there *Port, goThere func(*shard)) {
	if here.closed {
		m.result <- ErrClosed
		return
	}
	home, moving := there.home()
	switch {
	case home == s && !moving:
		m.join()
	case moving: // look again when it has arrived
		there.post(goThere)
	case m.rounds == 0 || (m.rounds >= patience && s.index < home.index):
		m.rounds++ // the other one comes here
		there.post(goThere)
	default:
		m.rounds++
		s.move(here.company(), home)
		there.post(goThere)
	}
}

// join: both are on this shard.
func (m *meeting) join() {
	l := m.link
	if l.a.closed || l.b.closed {
		m.result <- ErrClosed
		return
	}
	for _, p := range []*Port{l.a, l.b} {
		if p.link != nil {
			p.link.cut(p.at)
		}
		if p.member != nil {
			p.member.leave()
		}
	}
	l.a.link, l.b.link = l, l
	l.a.route()
	l.b.route()
	for _, p := range []*Port{l.a, l.b} {
		if p.config.Kind == KindVideo {
			p.askPicture(loss) // who begins to see can make nothing of changes to a picture he has not got
		}
	}
	m.result <- nil
}

// company is p and every port that must be on its shard.
func (p *Port) company() []*Port {
	list := []*Port{p}
	add := func(q *Port) {
		for _, have := range list {
			if have == q {
				return
			}
		}
		list = append(list, q)
	}
	for i := 0; i < len(list); i++ {
		q := list[i]
		if q.pair != nil {
			add(q.pair)
		}
		if q.link != nil {
			add(q.link.a)
			add(q.link.b)
		}
	}
	return list
}
