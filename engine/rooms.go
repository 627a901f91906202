package engine

import (
	"fmt"
	"time"

	"asterism/engine/bridge"
	"asterism/engine/channel"
	"asterism/engine/event"
	"asterism/engine/media"
)

// room lets legs of any technology into a media.Room.
type room struct{ *media.Room }

func (e *Engine) newRoom(c media.RoomConfig) channel.Room { return room{e.media.NewRoom(c)} }

// Join brings the leg's port in.
func (r room) Join(m channel.Media, c media.MemberConfig) (channel.Seat, error) {
	leg, ok := m.(bridge.Leg)
	if !ok {
		return nil, fmt.Errorf("engine: %T has no port for a conference", m)
	}
	return r.Room.Join(leg.Port(), c)
}

// ConferenceChanged is an event only.
func (r *recorder) ConferenceChanged(f channel.ConferenceFact) {
	ev := event.ConferenceChanged{At: time.Now(), Kind: conferenceKinds[f.Kind], Conference: f.Conference, File: f.File}
	if f.Channel != nil {
		ev.Channel = about(f.Channel)
		ev.Admin, ev.Marked, ev.Muted = f.Who.Admin, f.Who.Marked, f.Who.Muted
	}
	r.events.Publish(ev)
}

var conferenceKinds = map[channel.ConferenceKind]string{channel.ConferenceStarted: "started", channel.ConferenceEnded: "ended",
	channel.ConferenceJoined: "joined", channel.ConferenceLeft: "left", channel.ConferenceMuted: "muted", channel.ConferenceUnmuted: "unmuted",
	channel.ConferenceLocked: "locked", channel.ConferenceUnlocked: "unlocked",
	channel.ConferenceTalking: "talking", channel.ConferenceSilent: "silent", channel.ConferenceRecorded: "recorded",
	channel.ConferenceRecordStopped: "record stopped"}

// Conferences lists those that are going on, by name.
func (e *Engine) Conferences() []channel.ConferenceInfo {
	list := e.core.Conferences()
	out := make([]channel.ConferenceInfo, len(list))
	for i, c := range list {
		out[i] = c.Info()
	}
	return out
}

// Conference finds one that is going on.
func (e *Engine) Conference(name string) (*channel.Conference, bool) { return e.core.Conference(name) }
