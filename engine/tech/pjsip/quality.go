package pjsip

import "asterism/engine/media"

// MediaStats is what was counted of the leg's voice, and its codec; false before there is any.
func (l *leg) MediaStats() (s media.PortStats, codec string, ok bool) {
	l.mu.Lock()
	port, codec := l.port, l.format.Name
	l.mu.Unlock()
	if port == nil {
		return s, "", false
	}
	return port.Stats(), codec, true
}
