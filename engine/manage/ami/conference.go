package ami

import (
	"errors"
	"time"

	"asterism/engine/channel"
)

// Conferences, by the names of Asterisk's ConfBridge.

func conferenceOperations() []operation {
	return []operation{
		{"ConfbridgeKick", "call", "Show a channel, all, participants or last out of a conference", onMembers("User kicked", func(c *channel.Conference, who string) int {
			return c.Kick(who, "by a manager")
		})},
		{"ConfbridgeList", "reporting", "List who is in a conference", confbridgeList},
		{"ConfbridgeListRooms", "reporting", "List the conferences", confbridgeListRooms},
		{"ConfbridgeLock", "call", "Let nobody but admins into a conference", lockConference(true, "Conference locked")},
		{"ConfbridgeMute", "call", "Mute a channel, all, participants or last of a conference", onMembers("User muted", func(c *channel.Conference, who string) int {
			return c.Mute(who, true)
		})},
		{"ConfbridgeStartRecord", "system,call", "Record a conference", startRecord},
		{"ConfbridgeStopRecord", "system,call", "End the recording of a conference", stopRecord},
		{"ConfbridgeUnlock", "call", "Let everybody into a conference again", lockConference(false, "Conference unlocked")},
		{"ConfbridgeUnmute", "call", "Let members of a conference be heard again", onMembers("User unmuted", func(c *channel.Conference, who string) int {
			return c.Mute(who, false)
		})},
	}
}

// conference finds the one an action names, or says why not.
func (a *action) conference() (*channel.Conference, bool) {
	name := a.get("Conference")
	if name == "" {
		a.fail("No Conference name provided.")
		return nil, false
	}
	conf, ok := a.server.cfg.PBX.Conference(name)
	if !ok {
		a.fail("No Conference by that name found.")
	}
	return conf, ok
}

func onMembers(done string, do func(*channel.Conference, string) int) func(*action) {
	return func(a *action) {
		conf, ok := a.conference()
		if !ok {
			return
		}
		who := a.get("Channel")
		if who == "" {
			a.fail("No channel name provided.")
		} else if do(conf, who) == 0 {
			a.fail("No Channel by that name found in Conference.")
		} else {
			a.succeed(done)
		}
	}
}

func lockConference(on bool, done string) func(*action) {
	return func(a *action) {
		if conf, ok := a.conference(); ok {
			conf.Lock(on)
			a.succeed(done)
		}
	}
}

func startRecord(a *action) {
	conf, ok := a.conference()
	if !ok {
		return
	}
	switch _, err := conf.Record(a.get("RecordFile"), ""); {
	case errors.Is(err, channel.ErrRecording):
		a.fail("Conference is already being recorded.")
	case err != nil:
		a.fail("Internal error starting recording: " + err.Error())
	default:
		a.succeed("Conference Recording Started.")
	}
}

func stopRecord(a *action) {
	if conf, ok := a.conference(); !ok {
		return
	} else if conf.StopRecord() != nil {
		a.fail("Internal error while stopping recording.")
	} else {
		a.succeed("Conference Recording Stopped.")
	}
}

func confbridgeListRooms(a *action) {
	list := a.server.cfg.PBX.Conferences()
	if len(list) == 0 {
		a.fail("No active conferences.")
		return
	}
	var items []message
	for _, i := range list {
		items = append(items, message{{"Event", "ConfbridgeListRooms"}, {"Conference", i.Name}, {"Parties", itoa(len(i.Members))},
			{"Marked", itoa(i.Marked())}, {"Locked", yesNo(i.Locked)}, {"Muted", yesNo(i.Muted)}})
	}
	a.list("Confbridge conferences will follow", "ConfbridgeListRoomsComplete", items)
}

func confbridgeList(a *action) {
	conf, ok := a.conference()
	if !ok {
		return
	}
	live := map[string]channel.Info{}
	for _, i := range a.server.cfg.PBX.Channels() {
		live[i.Name] = i
	}
	info := conf.Info()
	var items []message
	for _, m := range info.Members {
		i, ok := live[m.Channel]
		if !ok {
			continue // has just hung up
		}
		item := append(message{{"Event", "ConfbridgeList"}, {"Conference", info.Name}, {"Admin", yesNo(m.Admin)}, {"MarkedUser", yesNo(m.Marked)},
			{"WaitMarked", yesNo(m.WaitsForMarked)}, {"EndMarked", yesNo(m.EndsWithMarked)}, {"Waiting", yesNo(m.Waits)},
			{"Muted", yesNo(m.Muted)}, {"Talking", yesNo(m.Talks)}, {"AnsweredTime", itoa(int(time.Since(i.Answered).Seconds()))}}, infoHeaders(i)...)
		items = append(items, item)
	}
	a.list("Confbridge user list will follow", "ConfbridgeListComplete", items)
}
