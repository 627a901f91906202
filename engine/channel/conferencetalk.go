package channel

import "time"

// talkEvery is the least time between two reports of a conference on who talks.
const talkEvery = 200 * time.Millisecond

// report starts the goroutine that tells the Observer who talks; it ends with the conference, and Core.WaitMonitors waits for it.
func (conf *Conference) report() {
	conf.mu.Lock()
	was := conf.reporting || conf.ended
	conf.reporting = true
	conf.mu.Unlock()
	if was {
		return
	}
	conf.core.monitors.Go(func() {
		for {
			select {
			case <-conf.talkers:
			case <-conf.done:
				return
			}
			for p, talks := conf.changed(); p != nil; p, talks = conf.changed() {
				kind := ConferenceSilent
				if talks {
					kind = ConferenceTalking
				}
				conf.core.observer.ConferenceChanged(ConferenceFact{Kind: kind, Conference: conf.name, Channel: p.ch, Who: p.Info()})
				pause, stop := conf.core.clock.After(talkEvery)
				select {
				case <-pause:
				case <-conf.done:
					stop()
					return
				}
			}
		}
	})
}

// changed is a member of whom the Observer does not know yet that he talks, or does no more. Who waited longest comes first: he goes to the
// end of the queue, so that a talkative member does not hide others.
func (conf *Conference) changed() (p *Participant, talks bool) {
	conf.mu.Lock()
	defer conf.mu.Unlock()
	for _, m := range conf.members {
		if m.cfg.TalkEvents && m.talks != m.toldTalks && (p == nil || m.told < p.told) {
			p = m
		}
	}
	if p == nil {
		return nil, false
	}
	conf.reports++
	p.toldTalks, p.told = p.talks, conf.reports
	return p, p.talks
}
