package ami

import (
	"context"
	"testing"
	"time"

	"asterism/engine/channel"
	"asterism/engine/event"
	"asterism/engine/media"

	"github.com/rs/zerolog"
)

// What a conference needs of legs, rooms and tapes where nobody listens.
type (
	quietLeg   struct{}
	quietMedia struct{ channel.Media }
	quietRoom  struct{}
	quietTape  struct{}
)

func (quietLeg) Answer(context.Context) error       { return nil }
func (quietLeg) Indicate(channel.Indication) error  { return nil }
func (quietLeg) Hangup(channel.Cause)               {}
func (quietLeg) Media() channel.Media               { return quietMedia{} }
func (quietLeg) Property(string) (string, bool)     { return "", false }
func (quietRoom) Tap(int, func(mix []int16)) func() { return func() {} }
func (quietRoom) Close()                            {}
func (quietRoom) Mute(bool)                         {}
func (quietRoom) Deafen(bool)                       {}
func (quietRoom) SetGain(int, int)                  {}
func (quietRoom) Leave()                            {}
func (quietTape) Rate() int                         { return 8000 }
func (quietTape) Write([]int16)                     {}
func (quietTape) Close(time.Duration) error         { return nil }
func (quietTape) Failed() <-chan struct{}           { return nil }
func (quietTape) Lost() time.Duration               { return 0 }
func (quietRoom) Play(media.Source, func()) func()  { return func() {} }
func (quietRoom) Join(channel.Media, media.MemberConfig) (channel.Seat, error) {
	return quietRoom{}, nil
}

func conferenceCore() *channel.Core {
	return channel.NewCore(channel.CoreConfig{Log: zerolog.Nop(), NewRoom: func(media.RoomConfig) channel.Room { return quietRoom{} },
		OpenTape: func(channel.TapeRequest) (channel.Tape, error) { return quietTape{}, nil }})
}

// enter lets a phone into the conference "board".
func (f *fixture) enter(endpoint string, p channel.ParticipantConfig) *channel.Participant {
	f.Helper()
	ch := f.pbx.core.New(channel.Config{Tech: "PJSIP", Endpoint: endpoint, Leg: quietLeg{}, State: channel.Up})
	f.Cleanup(func() { ch.Release() })
	m, err := ch.JoinConference("board", channel.ConferenceConfig{}, p)
	if err != nil {
		f.Fatal(err)
	}
	return m
}

func TestConferenceActions(t *testing.T) {
	f := start(t)
	c := f.login("admin", "s3cret")
	if m := c.ask("Action: ConfbridgeListRooms"); m.get("Message") != "No active conferences." {
		t.Error(m)
	}
	alice, bob := f.enter("alice", channel.ParticipantConfig{Admin: true, Marked: true}), f.enter("bob", channel.ParticipantConfig{})
	board := alice.Conference()
	for _, tt := range []struct {
		ask, want string
		now       func() bool
	}{
		{"Lock\nConference: board", "Conference locked", func() bool { return board.Info().Locked }},
		{"Unlock\nConference: board", "Conference unlocked", func() bool { return !board.Info().Locked }},
		{"Lock", "No Conference name provided.", nil},
		{"Lock\nConference: nowhere", "No Conference by that name found.", nil},
		{"Mute\nConference: board\nChannel: participants", "User muted", func() bool { return bob.Info().Muted && !alice.Info().Muted }},
		{"Unmute\nConference: board\nChannel: participants", "User unmuted", func() bool { return !bob.Info().Muted }},
		{"Mute\nConference: board\nChannel: nobody", "No Channel by that name found in Conference.", nil},
		{"Mute\nConference: board", "No channel name provided.", nil},
		{"StartRecord\nConference: board\nRecordFile: it.wav", "Conference Recording Started.", func() bool { return board.Info().Record != "" }},
		{"StartRecord\nConference: board", "Conference is already being recorded.", nil},
		{"StopRecord\nConference: board", "Conference Recording Stopped.", nil},
		{"Kick\nConference: board\nChannel: all", "User kicked", func() bool {
			a, _ := alice.Next(time.Second)
			b, _ := bob.Next(time.Second)
			return a.Kind == "joined" && b.Kind == "kicked" // alice has heard of bob first
		}},
	} {
		if m := c.ask("Action: Confbridge" + tt.ask); m.get("Message") != tt.want {
			t.Errorf("%s: %v", tt.ask, m)
		} else if tt.now != nil && !tt.now() {
			t.Errorf("%s has no effect", tt.ask)
		}
	}
	f.pbx.core.WaitMonitors()
	if m := c.ask("Action: ConfbridgeStopRecord\nConference: board"); m.get("Response") != "Error" {
		t.Error(m)
	}

	if m := c.ask("Action: ConfbridgeListRooms"); m.get("EventList") != "start" {
		t.Error(m)
	}
	if m := c.message(); m.get("Conference") != "board" || m.get("Parties") != "2" || m.get("Marked") != "1" || m.get("Locked") != "No" || m.get("Muted") != "No" {
		t.Error(m)
	}
	if m := c.message(); m.get("Event") != "ConfbridgeListRoomsComplete" || m.get("ListItems") != "1" {
		t.Error(m)
	}
	c.ask("Action: ConfbridgeList\nConference: board")
	if m := c.message(); m.get("Channel") != "PJSIP/alice-00000001" || m.get("Admin") != "Yes" || m.get("MarkedUser") != "Yes" || m.get("WaitMarked") != "No" {
		t.Error(m)
	}
	if m := c.message(); m.get("Channel") != "PJSIP/bob-00000002" || m.get("Admin") != "No" || m.get("Talking") != "No" {
		t.Error(m)
	}
	if m := c.message(); m.get("Event") != "ConfbridgeListComplete" || m.get("ListItems") != "2" {
		t.Error(m)
	}
	alice.Leave()
	bob.Leave()
}

func TestConferenceEvents(t *testing.T) {
	who := event.Channel{Name: "PJSIP/alice-00000001"}
	for _, tt := range []struct {
		kind, name, header, want string
		channel                  event.Channel
	}{
		{"joined", "ConfbridgeJoin", "Admin", "Yes", who},
		{"left", "ConfbridgeLeave", "Channel", who.Name, who},
		{"talking", "ConfbridgeTalking", "TalkingStatus", "on", who},
		{"silent", "ConfbridgeTalking", "TalkingStatus", "off", who},
		{"recorded", "ConfbridgeRecord", "RecordFile", "it.wav", event.Channel{}},
		{"record stopped", "ConfbridgeStopRecord", "RecordFile", "it.wav", event.Channel{}},
		{"ended", "ConfbridgeEnd", "Channel", "", event.Channel{}},
	} {
		list := describe(event.ConferenceChanged{Kind: tt.kind, Conference: "board", Channel: tt.channel, Admin: true, File: "it.wav"})
		if len(list) != 1 || list[0].get("Event") != tt.name || list[0].get(tt.header) != tt.want || list[0].get("Conference") != "board" {
			t.Errorf("%s: %v", tt.kind, list)
		}
	}
	if list := describe(event.ConferenceChanged{Kind: "locked"}); list != nil {
		t.Error(list)
	}
}
