package manage

import (
	"time"

	"asterism/engine/channel"
)

// Conferences are those that are going on.
type Conferences interface {
	Conferences() []channel.ConferenceInfo
	Conference(name string) (*channel.Conference, bool)
}

func conferenceCommands() []Command {
	return []Command{
		{Name: "confbridge list", Args: "[CONFERENCE]", Max: 1, Summary: "Lists the conferences, or who is in one", Run: confbridgeList, Complete: conferenceNames},
		{Name: "confbridge kick", Args: "CONFERENCE CHANNEL|all|participants|last", Min: 2, Max: 2, Summary: "Shows members out of a conference",
			Run: onMembers("kicked", func(c *channel.Conference, who string) int { return c.Kick(who, "by an operator") }), Complete: conferenceNames},
		{Name: "confbridge lock", Args: "CONFERENCE", Min: 1, Max: 1, Summary: "Lets nobody but admins in", Run: lockConference(true), Complete: conferenceNames},
		{Name: "confbridge unlock", Args: "CONFERENCE", Min: 1, Max: 1, Summary: "Lets everybody in again", Run: lockConference(false), Complete: conferenceNames},
		{Name: "confbridge mute", Args: "CONFERENCE CHANNEL|all|participants|last", Min: 2, Max: 2, Summary: "Mutes members of a conference",
			Run: onMembers("muted", func(c *channel.Conference, who string) int { return c.Mute(who, true) }), Complete: conferenceNames},
		{Name: "confbridge unmute", Args: "CONFERENCE CHANNEL|all|participants|last", Min: 2, Max: 2, Summary: "Lets members be heard again",
			Run: onMembers("unmuted", func(c *channel.Conference, who string) int { return c.Mute(who, false) }), Complete: conferenceNames},
		{Name: "confbridge record start", Args: "CONFERENCE [FILE]", Min: 1, Max: 2, Summary: "Records a conference into a file", Run: withConference(startRecord), Complete: conferenceNames},
		{Name: "confbridge record stop", Args: "CONFERENCE", Min: 1, Max: 1, Summary: "Ends the recording of a conference", Complete: conferenceNames,
			Run: recordState("Recording of conference '%s' stopped.\n", (*channel.Conference).StopRecord)},
		{Name: "confbridge record mute", Args: "CONFERENCE", Min: 1, Max: 1, Summary: "Records silence in the place of a conference", Complete: conferenceNames,
			Run: recordState("Recording of conference '%s' muted.\n", func(c *channel.Conference) error { return c.MuteRecord(true) })},
		{Name: "confbridge record unmute", Args: "CONFERENCE", Min: 1, Max: 1, Summary: "Records a conference again", Complete: conferenceNames,
			Run: recordState("Recording of conference '%s' unmuted.\n", func(c *channel.Conference) error { return c.MuteRecord(false) })},
	}
}

func conferenceNames(c *CLI, args []string) []string {
	var names []string
	for _, i := range c.PBX.Conferences() {
		if len(args) == 0 {
			names = append(names, i.Name)
		} else if i.Name == args[0] {
			for _, m := range i.Members {
				names = append(names, m.Channel)
			}
		}
	}
	return names
}

func confbridgeList(r *Request) {
	list := r.PBX.Conferences()
	if len(r.Args) == 0 {
		r.printf("%-32s %6s %6s %-6s\n", "Conference Bridge Name", "Users", "Marked", "Locked")
		for _, i := range list {
			r.printf("%-32s %6d %6d %-6s\n", i.Name, len(i.Members), i.Marked(), yesNo(i.Locked))
		}
		return
	}
	for _, i := range list {
		if i.Name != r.Args[0] {
			continue
		}
		r.printf("%-30s %-5s %-20s %8s\n", "Channel", "Flags", "CallerID", "Seconds")
		for _, m := range i.Members {
			r.printf("%-30s %-5s %-20s %8d\n", m.Channel, memberFlags(m), m.CallerID.Number, int(r.Now().Sub(m.Joined)/time.Second))
		}
		if i.Record != "" {
			r.printf("Recorded to %s%s\n", i.Record, map[bool]string{true: " (muted)"}[i.Paused])
		}
		return
	}
	r.printf("No conference bridge named '%s' found!\n", r.Args[0])
}

// memberFlags are A admin, M marked, W waits for one who is, E leaves with the last, m muted, w waits now, T talks.
func memberFlags(m channel.ParticipantInfo) string {
	flags := ""
	for _, f := range []struct {
		on     bool
		letter string
	}{{m.Admin, "A"}, {m.Marked, "M"}, {m.WaitsForMarked, "W"}, {m.EndsWithMarked, "E"}, {m.Muted, "m"}, {m.Waits, "w"}, {m.Talks, "T"}} {
		if f.on {
			flags += f.letter
		}
	}
	return flags
}

func yesNo(b bool) string {
	if b {
		return "Yes"
	}
	return "No"
}

// withConference finds the conference that is named first.
func withConference(run func(*Request, *channel.Conference)) func(*Request) {
	return func(r *Request) {
		conf, ok := r.PBX.Conference(r.Args[0])
		if !ok {
			r.printf("No conference bridge named '%s' found!\n", r.Args[0])
			return
		}
		run(r, conf)
	}
}

func startRecord(r *Request, conf *channel.Conference) {
	file := ""
	if len(r.Args) > 1 {
		file = r.Args[1]
	}
	name, err := conf.Record(file, "")
	if err != nil {
		r.printf("Conference '%s' is not recorded: %v\n", conf.Name(), err)
		return
	}
	r.printf("Conference '%s' is recorded to %s\n", conf.Name(), name)
}

// recordState runs what changes a recording; done has the conference's name in it.
func recordState(done string, do func(*channel.Conference) error) func(*Request) {
	return withConference(func(r *Request, conf *channel.Conference) {
		if err := do(conf); err != nil {
			r.printf("Conference '%s' is not being recorded.\n", conf.Name())
			return
		}
		r.printf(done, conf.Name())
	})
}

func lockConference(on bool) func(*Request) {
	return withConference(func(r *Request, conf *channel.Conference) {
		conf.Lock(on)
		r.printf("Conference '%s' is %s.\n", conf.Name(), map[bool]string{true: "locked", false: "unlocked"}[on])
	})
}

func onMembers(done string, do func(*channel.Conference, string) int) func(*Request) {
	return withConference(func(r *Request, conf *channel.Conference) {
		if n := do(conf, r.Args[1]); n == 0 {
			r.printf("No channel '%s' in conference '%s'.\n", r.Args[1], conf.Name())
		} else {
			r.printf("%d %s in conference '%s'.\n", n, done, conf.Name())
		}
	})
}
