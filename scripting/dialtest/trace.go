package dialtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"asterism/engine/channel"
	"asterism/engine/dialplan"
)

// Entered notes that a piece of the dialplan runs (scripting.Tracer).
func (w *World) Entered(ch *channel.Channel, e dialplan.Entry) {
	w.cover.entered(e)
	w.mu.Lock()
	w.places[ch] = fmt.Sprintf("%s:%d", e.File, e.Line)
	w.mu.Unlock()
}

// Line notes where a channel's Lua is.
func (w *World) Line(ch *channel.Channel, file string, line int) {
	w.cover.ran(file, line)
	if ch == nil {
		return
	}
	w.mu.Lock()
	w.places[ch] = fmt.Sprintf("%s:%d", file, line)
	w.mu.Unlock()
}

// Application tells the story which application runs, and what became of the variables since the last one.
func (w *World) Application(ch *channel.Channel, name, data string) {
	w.changes(ch)
	p := ch.Place()
	w.mu.Lock()
	at := w.places[ch]
	w.mu.Unlock()
	w.tell(ch, Event{What: ran, Text: fmt.Sprintf("%s(%s)  [%s@%s, %s]", name, data, p.Exten, p.Context, at)})
}

// changes tells the story which variables got a new value.
func (w *World) changes(ch *channel.Channel) {
	now := ch.Variables()
	w.mu.Lock()
	before := w.vars[ch]
	w.vars[ch] = now
	w.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if old, ok := before[name]; (!ok || old != now[name]) && name != depthVariable {
			w.tell(ch, Event{What: sets, Text: name + " = " + now[name]})
		}
	}
}

// toneName is a tone list's name in the channel's country: "tone busy".
func (w *World) toneName(ch *channel.Channel, list string) string {
	if ch != nil {
		for _, name := range []string{"dial", "busy", "congestion", "ring", "info", "callwaiting", "record"} {
			if l, ok := w.tones.Tone(ch.ToneZone(), name); ok && l.String() == list {
				return "tone " + name
			}
		}
	}
	return "tone " + list
}

// writer takes the log's warnings and errors into the story.
type writer struct{ w *World }

func (o writer) Write(b []byte) (int, error) {
	var line struct{ Level, Message, Chan string }
	if json.Unmarshal(b, &line) != nil {
		return len(b), nil
	}
	first, _, _ := strings.Cut(line.Message, "\n")
	e := Event{What: logs, Text: strings.ToUpper(line.Level) + " " + first}
	if ch, ok := o.channel(line.Chan); ok {
		o.w.tell(ch, e)
	} else {
		e.At = o.w.Now()
		o.w.story.add(e)
	}
	return len(b), nil
}

func (o writer) channel(name string) (*channel.Channel, bool) {
	if o.w.core == nil || name == "" {
		return nil, false
	}
	return o.w.core.Find(name)
}
