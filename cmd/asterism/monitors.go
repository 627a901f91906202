package main

import (
	"time"

	"asterism/engine"
	"asterism/engine/manage"
)

// monitors shows the command line what is recorded.
type monitors struct{ engine *engine.Engine }

// Monitors lists a channel's recordings.
func (m monitors) Monitors(channel string) (list []manage.Monitor, ok bool) {
	running, ok := m.engine.Monitors(channel)
	for _, r := range running {
		list = append(list, manage.Monitor{ID: r.ID(), File: r.File(), Age: time.Since(r.Began())})
	}
	return list, ok
}

// StopMonitor ends one.
func (m monitors) StopMonitor(channel, id string) bool { return m.engine.StopMonitor(channel, id) }
