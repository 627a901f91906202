package manage

import "time"

// Monitor is a recording of a channel that goes on.
type Monitor struct {
	ID, File string
	Age      time.Duration
}

// Recordings are those that MixMonitor began.
type Recordings interface {
	// Monitors lists a channel's, the oldest first; false when there is no such channel.
	Monitors(channel string) ([]Monitor, bool)
	// StopMonitor ends one by its id, "" the oldest; whether there was one.
	StopMonitor(channel, id string) bool
}

func monitorCommands() []Command {
	names := func(c *CLI, args []string) []string {
		var words []string
		for _, ch := range c.PBX.Channels() {
			words = append(words, ch.Name)
		}
		return oneOf(words...)(c, args)
	}
	return []Command{
		{Name: "mixmonitor list", Args: "CHANNEL", Min: 1, Max: 1, Summary: "Lists what is recorded of a channel", Run: listMonitors, Complete: names},
		{Name: "mixmonitor stop", Args: "CHANNEL [ID]", Min: 1, Max: 2, Summary: "Ends a recording of a channel", Run: stopMonitor, Complete: names},
	}
}

func listMonitors(r *Request) {
	var list []Monitor
	ok := false
	if r.Recordings != nil {
		list, ok = r.Recordings.Monitors(r.Args[0])
	}
	if !ok {
		r.printf("No channel matching '%s' found.\n", r.Args[0])
		return
	}
	r.printf("%-24s %8s  %s\n", "MixMonitor ID", "Seconds", "File")
	for _, m := range list {
		r.printf("%-24s %8d  %s\n", m.ID, int(m.Age.Seconds()), m.File)
	}
}

func stopMonitor(r *Request) {
	id := ""
	if len(r.Args) > 1 {
		id = r.Args[1]
	}
	if r.Recordings == nil || !r.Recordings.StopMonitor(r.Args[0], id) {
		r.printf("No such recording of '%s'.\n", r.Args[0])
		return
	}
	r.printf("Recording of '%s' stopped.\n", r.Args[0])
}
