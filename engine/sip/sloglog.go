package sip

import (
	"context"
	"log/slog"

	"github.com/rs/zerolog"
)

// bridge hands sipgo's log lines to zerolog, all at debug level: what matters of them reaches us as errors anyway.
type bridge struct {
	log   zerolog.Logger
	group string
}

func newSlog(log zerolog.Logger) *slog.Logger { return slog.New(&bridge{log: log}) }

func (b *bridge) Enabled(context.Context, slog.Level) bool {
	return b.log.GetLevel() <= zerolog.DebugLevel
}

func (b *bridge) Handle(_ context.Context, r slog.Record) error {
	e := b.log.Debug()
	r.Attrs(func(a slog.Attr) bool {
		e = e.Str(b.group+a.Key, clip(a.Value.String()))
		return true
	})
	e.Msg("sipgo: " + r.Message)
	return nil
}

func (b *bridge) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := b.log.With()
	for _, a := range attrs {
		with = with.Str(b.group+a.Key, clip(a.Value.String()))
	}
	return &bridge{log: with.Logger(), group: b.group}
}

func (b *bridge) WithGroup(name string) slog.Handler {
	return &bridge{log: b.log, group: b.group + name + "."}
}

// clip keeps a foreign text short in a log line. zerolog escapes control bytes and broken UTF-8.
func clip(s string) string {
	const most = 256
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
