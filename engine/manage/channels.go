package manage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"asterism/engine/channel"
	"asterism/engine/dialplan"
)

func channelCommands() []Command {
	names := func(extra ...string) func(*CLI, []string) []string {
		return func(c *CLI, args []string) []string {
			words := slices.Clone(extra)
			for _, ch := range c.PBX.Channels() {
				words = append(words, ch.Name)
			}
			return oneOf(words...)(c, args)
		}
	}
	return []Command{
		{Name: "core show channels", Args: "[concise|verbose|count]", Max: 1, Summary: "Lists the channels that are up", Run: showChannels,
			Help:     "concise has one line a channel with '!' between: channel, context, extension, priority, state, application,\ndata, caller, account, peer's account, AMA flags, seconds, bridge, unique id.",
			Complete: oneOf("concise", "verbose", "count")},
		{Name: "core show calls", Args: "[seconds]", Max: 1, Summary: "Counts the calls", Run: func(r *Request) { r.countCalls(r.PBX.Channels()) }},
		{Name: "core show channel", Args: "CHANNEL", Min: 1, Max: 1, Summary: "Shows everything about a channel", Run: showChannel, Complete: names()},
		{Name: "channel redirect", Args: "CHANNEL [[CONTEXT,]EXTEN,]PRIORITY", Min: 2, Max: 2, Summary: "Moves a channel to another place of the dialplan", Run: redirect, Complete: names()},
		{Name: "channel originate", Args: "TECH/RESOURCE extension [EXTEN@][CONTEXT] | application NAME [DATA]", Min: 2, Max: 20, Summary: "Calls somebody and connects him to the dialplan or an application", Run: originate,
			Help: "The extension is s and the context default if they are not given. The call may ring for 30 seconds; the command does not wait."},
		{Name: "channel request hangup", Args: "CHANNEL|all", Min: 1, Max: 1, Summary: "Hangs a channel up, or all of them", Run: requestHangup, Complete: names("all")},
	}
}

// line is one channel as the listings show it.
type line struct {
	channel.Info
	peerAccount, app string
	seconds          int
}

func (c *CLI) lines() []line {
	now, channels := c.Now(), c.PBX.Channels()
	lines := make([]line, len(channels))
	for i, ch := range channels {
		l := line{Info: ch, app: cmp.Or(ch.Application, "(None)"), seconds: int(now.Sub(ch.Created).Seconds())}
		if j := slices.IndexFunc(channels, func(o channel.Info) bool { return o.Name == ch.Peer }); ch.Peer != "" && j >= 0 {
			l.peerAccount = channels[j].AccountCode
		}
		lines[i] = l
	}
	return lines
}

func showChannels(r *Request) {
	form := ""
	if len(r.Args) == 1 {
		form = strings.ToLower(r.Args[0])
	}
	switch form {
	case "concise":
		const amaDocumentation = 3
		for _, l := range r.lines() {
			r.printf("%s!%s!%s!%d!%s!%s!%s!%s!%s!%s!%d!%d!%s!%s\n", l.Name, l.Place.Context, l.Place.Exten, l.Place.Priority, l.State, l.app, l.Data,
				l.CallerID.Number, l.AccountCode, l.peerAccount, amaDocumentation, l.seconds, l.BridgeID, l.UniqueID)
		}
		return
	case "verbose":
		const row = "%-80.80s %-24.24s %-24.24s %-4.4s %-7.7s %-12.12s %-25.25s %-15.15s %8.8s %-11.11s %-11.11s %-20.20s\n"
		r.printf(row, "Channel", "Context", "Extension", "Priority", "State", "Application", "Data", "CallerID", "Duration", "Accountcode", "PeerAccount", "BridgeID")
		for _, l := range r.lines() {
			r.printf(row, l.Name, l.Place.Context, l.Place.Exten, fmt.Sprintf("%4d", l.Place.Priority), l.State, l.app, cmp.Or(l.Data, "(Empty)"),
				l.CallerID.Number, clock(l.seconds), l.AccountCode, l.peerAccount, l.BridgeID)
		}
	case "":
		const row = "%-64.64s %-32.32s %-7.7s %-30.30s\n"
		r.printf(row, "Channel", "Location", "State", "Application(Data)")
		for _, l := range r.lines() {
			at, app := "(None)", "(None)"
			if l.Place.Exten != "" {
				at = fmt.Sprintf("%s@%s:%d", l.Place.Exten, l.Place.Context, l.Place.Priority)
			}
			if l.Application != "" {
				app = l.Application + "(" + l.Data + ")"
			}
			r.printf(row, l.Name, at, l.State, app)
		}
	case "count":
	default:
		r.text("Usage: core show channels [concise|verbose|count]\n")
		return
	}
	channels := r.PBX.Channels()
	r.printf("%d active channel%s\n", len(channels), ending(len(channels)))
	r.countCalls(channels)
}

func clock(seconds int) string {
	return fmt.Sprintf("%02d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
}

func ending(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// countCalls: channels with one linked id are one call.
func (r *Request) countCalls(channels []channel.Info) {
	calls := map[string]bool{}
	for _, ch := range channels {
		calls[ch.LinkedID] = true
	}
	if m := r.PBX.Config().Asterisk.MaxCalls; m > 0 {
		r.printf("%d of %d max active call%s (%5.2f%% of capacity)\n", len(calls), m, ending(len(calls)), 100*float64(len(calls))/float64(m))
	} else {
		r.printf("%d active call%s\n", len(calls), ending(len(calls)))
	}
	n := r.PBX.CallsProcessed()
	r.printf("%d call%s processed\n", n, ending(int(n)))
}

func showChannel(r *Request) {
	lines := r.lines()
	i := slices.IndexFunc(lines, func(l line) bool { return strings.EqualFold(l.Name, r.Args[0]) })
	if i < 0 {
		r.printf("%s is not a known channel\n", r.Args[0])
		return
	}
	l := lines[i]
	na := func(s string) string { return cmp.Or(s, "(N/A)") }
	elapsed := time.Duration(l.seconds) * time.Second
	row := func(name, value string) { r.printf("%15s: %s\n", name, value) }
	r.printf(" -- General --\n")
	row("Name", l.Name)
	row("Type", l.Tech)
	row("UniqueID", l.UniqueID)
	row("LinkedID", l.LinkedID)
	row("Caller ID", na(l.CallerID.Number))
	row("Caller ID Name", na(l.CallerID.Name))
	r.printf("Connected Line ID: %s\n", na(l.Connected.Number))
	r.printf("Connected Line ID Name: %s\n", na(l.Connected.Name))
	row("DNID Digits", na(l.DNID))
	row("Language", l.Language)
	row("State", fmt.Sprintf("%s (%d)", l.State, l.State))
	row("Elapsed Time", fmt.Sprintf("%dh%dm%ds", int(elapsed.Hours()), int(elapsed.Minutes())%60, l.seconds%60))
	row("Bridge ID", cmp.Or(l.BridgeID, "(Not bridged)"))
	if l.Peer != "" {
		row("Bridged to", l.Peer)
	}
	r.printf(" --   PBX   --\n")
	row("Context", l.Place.Context)
	row("Extension", l.Place.Exten)
	row("Priority", fmt.Sprint(l.Place.Priority))
	row("Application", na(l.Application))
	row("Data", cmp.Or(l.Data, "(Empty)"))
	row("Call Identifier", "["+l.CallID+"]")
	r.printf("%15s:\n", "Variables")
	for _, name := range sortedKeys(l.Variables) {
		r.printf("%s=%s\n", name, l.Variables[name])
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func requestHangup(r *Request) {
	name := r.Args[0]
	if strings.EqualFold(name, "all") {
		for _, ch := range r.PBX.Channels() {
			if r.PBX.HangupChannel(ch.Name, channel.NormalClearing) {
				r.printf("Requested Hangup on channel '%s'\n", ch.Name)
			}
		}
		return
	}
	if !r.PBX.HangupChannel(name, channel.NormalClearing) {
		r.printf("%s is not a known channel\n", name)
		return
	}
	r.printf("Requested Hangup on channel '%s'\n", name)
}

// redirect: what the place leaves out is the channel's own.
func redirect(r *Request) {
	name, text := r.Args[0], r.Args[1]
	i := slices.IndexFunc(r.PBX.Channels(), func(c channel.Info) bool { return c.Name == name })
	if i < 0 {
		r.printf("Channel '%s' not found\n", name)
		return
	}
	at := r.PBX.Channels()[i].Place
	to := dialplan.Named{Context: at.Context, Exten: at.Exten}
	parts := strings.Split(text, ",")
	switch n := len(parts); {
	case n > 3:
		r.printf("'%s' is no place; want [[CONTEXT,]EXTEN,]PRIORITY\n", text)
		return
	case n == 3:
		to.Context = cmp.Or(parts[0], at.Context)
		fallthrough
	case n == 2:
		to.Exten = cmp.Or(parts[n-2], at.Exten)
	}
	to.Priority = parts[len(parts)-1]
	if err := r.PBX.Redirect(name, to); err != nil {
		r.printf("Could not redirect channel '%s' to '%s': %v\n", name, text, err)
		return
	}
	r.printf("Channel '%s' successfully redirected to %s\n", name, text)
}

// originateTimeout is how long a call that the command line asked for may ring.
const originateTimeout = 30 * time.Second

func originate(r *Request) {
	o := channel.Origination{Channel: r.Args[0], Timeout: originateTimeout}
	rest := strings.Join(r.Args[2:], " ")
	switch kind := strings.ToLower(r.Args[1]); {
	case kind == "application" && len(r.Args) > 2:
		o.Application, o.Data = r.Args[2], strings.Join(r.Args[3:], " ")
	case kind == "extension" && len(r.Args) < 4:
		exten, context, _ := strings.Cut(rest, "@")
		o.Place = dialplan.Named{Context: cmp.Or(context, "default"), Exten: cmp.Or(exten, "s"), Priority: "1"}
	default:
		r.text("Usage: channel originate TECH/RESOURCE extension [EXTEN@][CONTEXT], or … application NAME [DATA]\n")
		return
	}
	if err := r.PBX.BeginOriginate(o); err != nil {
		r.printf("%v\n", err)
	}
}
