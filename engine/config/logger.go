package config

import (
	"slices"
	"strings"
)

var loggerSchema = &schema[Logger]{
	kind: "logger",
	fields: append([]field[Logger]{
		text("dateformat", func(g *Logger) *string { return &g.DateFormat }),
		yes("use_callids", func(g *Logger) *bool { return &g.UseCallIDs }),
		yes("display_callids", func(g *Logger) *bool { return &g.UseCallIDs }),
		yes("appendhostname", func(g *Logger) *bool { return &g.AppendHostname }),
		yes("queue_log", func(g *Logger) *bool { return &g.QueueLog }),
		oneOf("rotatestrategy", func(g *Logger) *string { return &g.RotateStrategy }, "sequential", "rotate", "timestamp", "none"),
	},
		// The queue log comes with queues; rotation is the system's logrotate with us.
		silent[Logger]("queue_log_to_file", "queue_log_name", "queue_log_realtime_use_gmt", "exec_after_rotate", "logger_queue_limit",
			"custom_levels", "event_log", "events")...),
}

// logLevels are Asterisk's; verbose may have a number, and "*" is all.
var logLevels = []string{"debug", "trace", "notice", "warning", "error", "verbose", "dtmf", "fax", "security", "*"}

func (l *loader) logger() {
	g := Logger{UseCallIDs: true, QueueLog: true, RotateStrategy: "sequential"}
	f := l.snap.files["logger.conf"]
	section(l, loggerSchema, &g, f, "general")
	custom := parseList(strings.ToLower(value(f.Section("general"), "custom_levels")))
	if s := f.Section("logfiles"); s != nil {
		for _, o := range s.Options {
			l.logFile(&g, o, custom)
		}
	}
	l.snap.Logger = g
}

// logFile reads "name => [format]level,level".
func (l *loader) logFile(g *Logger, o Option, custom []string) {
	file := LogFile{Pos: o.Pos, Name: o.Name, Format: "default"}
	v := o.Value
	where := object{"[logfiles]", o.Name}
	if strings.HasPrefix(v, "[") {
		format, rest, ok := strings.Cut(v[1:], "]")
		if format = strings.ToLower(strip(format)); !ok || !slices.Contains([]string{"default", "plain", "json"}, format) {
			l.report(where, o.Pos, bad("write [default], [plain] or [json]", "format %q is unknown", clip(format)))
			return
		}
		file.Format, v = format, rest
	}
	for _, word := range parseList(strings.ToLower(v)) {
		name, _, _ := strings.Cut(word, "(")
		name = strip(name)
		if !slices.Contains(logLevels, name) && !slices.Contains(custom, name) {
			l.report(where, o.Pos, odd(DidYouMean(name, logLevels), "level %q is unknown", clip(name)))
			continue
		}
		file.Levels = append(file.Levels, word)
	}
	if strings.EqualFold(o.Name, "console") {
		g.Console = file.Levels
		return
	}
	g.Files = append(g.Files, file)
}
