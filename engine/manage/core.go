package manage

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"asterism/engine/config"
	"asterism/engine/manage/logger"
)

func coreCommands() []Command {
	onOff := func(c *CLI, args []string) []string { return oneOf("off", "1", "2", "3", "4", "5")(c, args) }
	return []Command{
		{Name: "core show help", Early: true, Args: "[topic]", Max: -1, Summary: "Lists the commands, or explains one", Run: showHelp,
			Complete: func(c *CLI, args []string) []string { return c.Complete(strings.Join(append(args, ""), " ")) }},
		{Name: "core show uptime", Args: "[seconds]", Max: 1, Summary: "Shows how long the PBX has been up", Run: showUptime, Complete: oneOf("seconds")},
		{Name: "core show version", Early: true, Summary: "Shows the version", Run: func(r *Request) { r.printf("%s\n", r.Version) }},
		{Name: "core show settings", Summary: "Shows settings and directories", Run: showSettings},
		{Name: "core waitfullybooted", Early: true, Summary: "Waits until the PBX takes calls", Run: waitBooted},
		{Name: "core show {applications|functions}", Args: "[like TEXT]", Max: 2, Summary: "Lists what the dialplan may call", Run: showOffered},
		{Name: "core show application", Args: "NAME", Min: 1, Max: 1, Summary: "Explains a dialplan application", Run: describe,
			Complete: func(c *CLI, args []string) []string { return oneOf(c.PBX.Applications()...)(c, args) }},
		{Name: "core show function", Args: "NAME", Min: 1, Max: 1, Summary: "Explains a dialplan function", Run: describe,
			Complete: func(c *CLI, args []string) []string { return oneOf(c.PBX.Functions()...)(c, args) }},
		{Name: "core set {verbose|debug}", Early: true, Args: "LEVEL|off", Min: 1, Max: 1, Summary: "Sets how much is logged", Run: setLevel, Complete: onOff,
			Help: "On a remote console it holds for that console, with -rx for the PBX's own log.\nVerbose 3 shows every application a call executes."},
		{Name: "core reload", Summary: "Reads the whole configuration and the dialplan again", Run: reload,
			Help: "If anything is wrong the running configuration stays and the errors are shown."},
		{Name: "module reload", Args: "[NAME]", Max: 1, Summary: "Reads the whole configuration again, whatever module is named", Run: reload},
		{Name: "core {stop|restart} {now|gracefully}", Early: true, Summary: "Ends the PBX, or starts it again", Run: stop,
			Help: "now hangs up all calls; gracefully refuses new calls and waits for those that are up."},
		{Name: "core {stop|restart} when convenient", Summary: "Ends the PBX, or starts it again, once no call is up", Run: stop},
		{Name: "logger reload", Early: true, Summary: "Reads logger.conf again and opens the log files anew", Run: loggerReload},
		{Name: "logger rotate", Early: true, Summary: "Opens the log files anew", Run: loggerReload},
		{Name: "logger show channels", Early: true, Summary: "Lists the log files", Run: loggerShow},
		{Name: "cdr show status", Summary: "Shows what call detail records are written", Run: cdrStatus},
	}
}

func showHelp(r *Request) {
	if e, ok := r.find(unalias(r.Args)); ok && len(r.Args) > 0 {
		r.text(e.usage())
		return
	}
	topic := strings.Join(r.Args, " ")
	if slices.Contains(r.pluginCommands(), topic) {
		text, _ := r.PBX.Describe("command", topic)
		r.text(text)
		return
	}
	found := false
	list := func(name, summary string) {
		if len(name) < len(topic) || !strings.EqualFold(name[:len(topic)], topic) {
			return
		}
		found = true
		r.printf("%-42s -- %s\n", name, summary)
	}
	for _, e := range r.commands {
		for _, name := range e.names() {
			list(name, e.Summary)
		}
	}
	for _, name := range r.pluginCommands() {
		text, _ := r.PBX.Describe("command", name)
		summary, _, _ := strings.Cut(text, "\n")
		list(name, summary)
	}
	if !found {
		r.printf("No such command '%s'.\n", topic)
	}
}

// names spells the alternatives out.
func (e entry) names() []string {
	names := []string{""}
	for _, alternatives := range e.words {
		var longer []string
		for _, name := range names {
			for _, word := range alternatives {
				longer = append(longer, strings.TrimSpace(name+" "+word))
			}
		}
		names = longer
	}
	return names
}

func showUptime(r *Request) {
	now := r.Now()
	up, since := now.Sub(r.PBX.Started()), now.Sub(r.PBX.Reloaded())
	if len(r.Args) == 1 {
		if !strings.EqualFold(r.Args[0], "seconds") {
			r.text("Usage: core show uptime [seconds]\n")
			return
		}
		r.printf("System uptime: %d\nLast reload: %d\n", int(up.Seconds()), int(since.Seconds()))
		return
	}
	r.printf("System uptime: %s\nLast reload: %s\n", spell(up), spell(since))
}

// spell writes a duration as Asterisk does: 1 day, 2 hours, 3 seconds.
func spell(d time.Duration) string {
	const day = 24 * time.Hour
	var parts []string
	for _, unit := range []struct {
		name string
		d    time.Duration
	}{{"year", 365 * day}, {"week", 7 * day}, {"day", day}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		if n := d / unit.d; n > 0 || unit.d == time.Second && len(parts) == 0 {
			parts = append(parts, plural(int(n), unit.name))
			d -= n * unit.d
		}
	}
	return strings.Join(parts, ", ")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func waitBooted(r *Request) {
	select {
	case <-r.PBX.Booted():
		r.printf("Asterisk has fully booted.\n")
	case <-r.Context.Done():
		r.printf("Not booted: %s\n", context.Cause(r.Context))
	}
}

func showOffered(r *Request) {
	kind, names := "application", r.PBX.Applications
	if r.Words[2] == "functions" {
		kind, names = "function", r.PBX.Functions
	}
	like := ""
	if len(r.Args) > 0 {
		if len(r.Args) != 2 || !strings.EqualFold(r.Args[0], "like") {
			r.text("Usage: core show " + r.Words[2] + " [like TEXT]\n")
			return
		}
		like = strings.ToLower(r.Args[1])
	}
	var found []string
	for _, name := range names() {
		if strings.Contains(strings.ToLower(name), like) {
			found = append(found, name)
		}
	}
	synopsis := func(name string) string {
		text, _ := r.PBX.Describe(kind, name)
		first, _, _ := strings.Cut(text, "\n")
		return first
	}
	if kind == "function" {
		r.printf("%s Custom Functions:\n%s\n", map[bool]string{true: "Installed", false: "Matching"}[like == ""], strings.Repeat("-", 80))
		for _, name := range found {
			r.printf("%-20.20s  %-35.35s  %s\n", name, name+"()", synopsis(name))
		}
		r.printf("%d %scustom functions installed.\n", len(found), map[bool]string{true: "", false: "matching "}[like == ""])
		return
	}
	word := map[bool]string{true: "Registered", false: "Matching"}[like == ""]
	r.printf("    -= %s Asterisk Applications =-\n", word)
	for _, name := range found {
		r.printf("  %20s: %s\n", name, synopsis(name))
	}
	r.printf("    -= %d Applications %s =-\n", len(found), word)
}

func describe(r *Request) {
	kind := r.Words[2]
	names := r.PBX.Applications()
	if kind == "function" {
		names = r.PBX.Functions()
	}
	name := r.Args[0]
	if i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, name) }); i >= 0 {
		name = names[i]
	}
	text, ok := r.PBX.Describe(kind, name)
	switch {
	case ok:
	case kind == "function":
		r.printf("No function by that name registered.\n")
		return
	default:
		r.printf("Your application(s) is (are) not registered\n")
		return
	}
	synopsis, rest, _ := strings.Cut(text, "\n")
	r.printf("\n  -= Info about %s '%s' =- \n\n[Synopsis]\n%s\n", strings.ToUpper(kind[:1])+kind[1:], name, synopsis)
	if rest = strings.Trim(rest, "\n"); rest != "" {
		r.printf("\n[Description]\n")
		r.text(rest)
	}
}

func setLevel(r *Request) {
	n := 0
	if !strings.EqualFold(r.Args[0], "off") {
		var err error
		if n, err = strconv.Atoi(r.Args[0]); err != nil || n < 0 || n > 1000 {
			r.text("Usage: core set " + r.Words[2] + " LEVEL|off\n       LEVEL is a number from 0 to 1000.\n")
			return
		}
	}
	what, old := "Console verbose", 0
	if r.Words[2] == "debug" {
		what = "Core debug"
		old = r.Levels.SetDebug(n)
	} else {
		old = r.Levels.SetVerbose(n)
	}
	word := func(n int) string {
		if n == 0 {
			return "OFF"
		}
		return strconv.Itoa(n)
	}
	if old == n {
		r.printf("%s is still %s.\n", what, word(old))
	} else {
		r.printf("%s was %s and is now %s.\n", what, word(old), word(n))
	}
}

// reload answers for core reload, module reload, pjsip reload and dialplan reload: a generation is one, and is checked as one.
func reload(r *Request) {
	problems := r.PBX.Reload()
	r.problems(problems)
	switch {
	case config.Failed(problems):
		r.printf("Not reloaded: the running configuration stays in force.\n")
	case r.Words[0] == "dialplan":
		r.printf("Dialplan reloaded.\n")
	case r.Words[0] == "module" && len(r.Args) == 1:
		r.printf("Module '%s' reloaded successfully.\n", r.Args[0])
	default:
		r.printf("Configuration reloaded.\n")
	}
}

func (r *Request) problems(list []config.Problem) {
	for _, p := range list {
		r.printf("%s\n", ProblemLine(p))
	}
}

// ProblemLine is one finding as compilers write it, so that editors can jump there: pjsip.conf:41: what; what to write
// instead. A warning has that word after the place. Foreign bytes are escaped.
func ProblemLine(p config.Problem) string {
	if p.Warning {
		p.What = "warning: " + p.What
	}
	return logger.Escape(p.Error())
}

func stop(r *Request) {
	s := Stop{When: Now, Restart: r.Words[1] == "restart"}
	switch r.Words[2] {
	case "gracefully":
		s.When = Gracefully
	case "when":
		s.When = WhenConvenient
		r.printf("Waiting for inactivity to perform %s\n", map[bool]string{false: "halt", true: "restart"}[s.Restart])
	}
	r.After = func() { r.Control.Stop(s) }
}

func loggerReload(r *Request) {
	if err := r.Log.Reload(); err != nil {
		r.printf("The old log files stay in use: %s\n", err)
		return
	}
	r.printf("Log files reopened: %d\n", len(r.Log.Files()))
}

func loggerShow(r *Request) {
	r.printf("%-50s %-8s %-10s %s\n", "Channel", "Type", "Formatter", "Configuration")
	for _, f := range r.Log.Files() {
		form := "default"
		if f.JSON {
			form = "json"
		}
		r.printf("%-50s %-8s %-10s %s\n", f.Path, "File", form, f.Mask)
	}
}

func cdrStatus(r *Request) {
	c := r.PBX.Config().CDR
	yes := map[bool]string{true: "Yes", false: "No"}
	r.printf("\nCall Detail Record (CDR) settings\n----------------------------------\n")
	if !c.Enable {
		r.printf("  Logging:                    Disabled\n  Mode:                       Simple\n\n")
		return
	}
	r.printf("  Logging:                    Enabled\n")
	r.printf("  Mode:                       Simple\n")
	r.printf("  Log calls by default:       %s\n", yes[c.ChannelDefaultEnabled])
	r.printf("  Log unanswered calls:       %s\n", yes[c.Unanswered])
	r.printf("  Log congestion:             %s\n\n", yes[c.Congestion])
	r.printf("* Registered Backends\n  -------------------\n    csv\n\n")
}

func showSettings(r *Request) {
	r.printf("\nPBX Core settings\n-----------------\n")
	line := func(name, format string, a ...any) { r.printf("  %-29s%s\n", name+":", fmt.Sprintf(format, a...)) }
	conf := r.PBX.Config().Asterisk
	line("Version", "%s", r.Version)
	if conf.MaxCalls > 0 {
		line("Maximum calls", "%d (Current %d)", conf.MaxCalls, len(r.PBX.Channels()))
	} else {
		line("Maximum calls", "Not set")
	}
	line("Root console verbosity", "%d", r.Log.Verbose())
	line("Current console verbosity", "%d", r.Levels.Verbose())
	line("Debug level", "%d", r.Log.Debug())
	line("Startup time", "%s", r.PBX.Started().Format("15:04:05"))
	line("Last reload time", "%s", r.PBX.Reloaded().Format("15:04:05"))
	line("System name", "%s", conf.SystemName)
	line("Default language", "%s", conf.DefaultLanguage)
	line("Executable includes", "%s", map[bool]string{true: "Enabled", false: "Disabled"}[conf.ExecIncludes])
	section := ""
	for _, s := range r.Settings {
		if s.Section != section {
			section = s.Section
			r.printf("\n* %s\n  -------------\n", section)
		}
		line(s.Name, "%s", s.Value)
	}
	r.printf("\n")
}

// Version is one line about the running binary, from what the Go linker recorded.
func Version(version string) string {
	revision := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision" && len(s.Value) >= 12:
				revision = " at " + s.Value[:12]
			case s.Key == "vcs.modified" && s.Value == "true":
				revision += "+"
			}
		}
	}
	return fmt.Sprintf("Asterism %s built with %s%s on %s/%s", version, runtime.Version(), revision, runtime.GOOS, runtime.GOARCH)
}
