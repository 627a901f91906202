package channel

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"asterism/engine/media"
)

// MonitorRequest says what is recorded of a channel while it goes on, and where to. The functions of it run on the media thread, except End.
type MonitorRequest struct {
	ID          string                    // "": a new one
	File        string                    // for those who look
	Rate        int                       // Hz
	Block       func(heard, said []int16) // what the party says and what it is told, 20 ms of each; it must not block or keep them
	BridgedOnly bool                      // nothing is taken outside of bridges
	End         func()                    // called once, when Block is called no more; it may wait for the disk
	Failed      <-chan struct{}           // closed when Block is in vain: it ends then; nil: never
	// Beep is what the party hears of it every BeepEvery while it is in a bridge; 0: nothing.
	Beep      func() media.Source
	BeepEvery time.Duration
}

// Monitor is a recording of a channel that goes on in bridges and out of them, until StopMonitor or the hang-up.
type Monitor struct {
	c     *Channel
	req   MonitorRequest
	began time.Time
	stop  chan struct{}
	once  sync.Once
	over  atomic.Bool
	// muteHeard and muteSaid put silence in the place of what the party says, and is told.
	muteHeard, muteSaid atomic.Bool
	silence             []int16
}

// StartMonitor begins. Its goroutine ends with the monitor; Core.WaitMonitors waits for it.
func (c *Channel) StartMonitor(req MonitorRequest) (*Monitor, error) {
	if err := c.gone(); err != nil {
		return nil, err
	}
	sound := c.leg.Media()
	if sound == nil {
		return nil, ErrNoMedia
	}
	m := &Monitor{c: c, req: req, began: c.core.clock.Now(), stop: make(chan struct{}), silence: make([]int16, req.Rate/50)}
	c.mu.Lock()
	if m.req.ID == "" {
		c.monitorCount++
		m.req.ID = fmt.Sprintf("%s-%d", c.uniqueID, c.monitorCount)
	}
	c.monitors = append(c.monitors, m)
	c.mu.Unlock()
	remove := sound.Tap(m)
	c.core.monitors.Go(func() {
		m.wait(sound)
		remove()
		m.over.Store(true)
		c.update(func() {
			c.monitors = slices.DeleteFunc(slices.Clone(c.monitors), func(x *Monitor) bool { return x == m })
		})
		req.End()
	})
	return m, nil
}

// wait returns at the monitor's end.
func (m *Monitor) wait(sound Media) {
	for {
		var beep <-chan time.Time
		stop := func() {}
		if m.req.BeepEvery > 0 {
			beep, stop = m.c.core.clock.After(m.req.BeepEvery)
		}
		select {
		case <-beep:
			if m.c.bridged.Load() { // else it would take the place of what plays
				sound.Play(m.req.Beep(), func() {})
			}
			continue
		case <-m.stop:
		case <-m.c.ctx.Done():
		case <-m.req.Failed:
		}
		stop()
		return
	}
}

// ID names the monitor among those of the channel.
func (m *Monitor) ID() string { return m.req.ID }

// File is where it records to.
func (m *Monitor) File() string { return m.req.File }

// Began is when it did.
func (m *Monitor) Began() time.Time { return m.began }

// Mute puts silence in the place of what the party says (heard) or is told (said), or lets it be recorded again.
func (m *Monitor) Mute(heard, said, on bool) {
	if heard {
		m.muteHeard.Store(on)
	}
	if said {
		m.muteSaid.Store(on)
	}
}

// Stop ends it; what is left goes to disk after that. Idempotent, safe from anywhere.
func (m *Monitor) Stop() { m.once.Do(func() { close(m.stop) }) }

// Rate is that of the blocks, Hz.
func (m *Monitor) Rate() int { return m.req.Rate }

// Block takes 20 ms on the media thread.
func (m *Monitor) Block(heard, said []int16) {
	if m.over.Load() || m.req.BridgedOnly && !m.c.bridged.Load() {
		return
	}
	if m.muteHeard.Load() {
		heard = m.silence
	}
	if m.muteSaid.Load() {
		said = m.silence
	}
	m.req.Block(heard, said)
}

// Monitors are those that run, the oldest first.
func (c *Channel) Monitors() []*Monitor {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.monitors)
}

// StopMonitor ends the monitor of that id, or with "" the oldest; false if there is none.
func (c *Channel) StopMonitor(id string) bool {
	for _, m := range c.Monitors() {
		if id == "" || m.req.ID == id {
			m.Stop()
			return true
		}
	}
	return false
}

// WaitMonitors returns when the monitors of all channels that have hung up are on disk.
func (k *Core) WaitMonitors() { k.monitors.Wait() }
