package scripting

import (
	"bytes"
	"context"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/dialplan"
	"asterism/engine/store"
	"asterism/plugins"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// silent is a leg without a wire.
type silent struct{}

func (silent) Answer(context.Context) error        { return nil }
func (silent) Indicate(channel.Indication) error   { return nil }
func (silent) Hangup(channel.Cause)                {}
func (silent) Media() channel.Media                { return nil }
func (silent) Property(name string) (string, bool) { return "", false }

// lines takes the log.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.ReplaceAll(l.b.String(), `\"`, `"`)
}

type bench struct {
	t    testing.TB
	host *Host
	core *channel.Core
	log  *lines
}

func newBench(t testing.TB, more func(*Config)) *bench {
	log := &lines{}
	z := zerolog.New(log)
	cfg := Config{Plugins: []fs.FS{plugins.FS}, Store: store.NewMemory(time.Now), Log: z}
	if more != nil {
		more(&cfg)
	}
	b := &bench{t: t, host: New(cfg), core: channel.NewCore(channel.CoreConfig{Log: cfg.Log}), log: log}
	t.Cleanup(func() {
		b.host.Close()
		_ = cfg.Store.Close()
	})
	return b
}

func files(pairs ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return m
}

// load wants a generation without errors.
func (b *bench) load(pairs ...string) *Generation {
	b.t.Helper()
	g, problems := b.host.Load(files(pairs...), nil)
	for _, p := range problems {
		if !p.Warning {
			b.t.Fatalf("load: %v", p.Error())
		}
	}
	return g
}

func (b *bench) channel(context, exten string) *channel.Channel {
	ch := b.core.New(channel.Config{Tech: "PJSIP", Endpoint: "alice", Leg: silent{}, State: channel.Ring, Place: dialplan.Place{Context: context, Exten: exten, Priority: 1},
		CallerID: channel.CallerID{Name: "Alice", Number: "100"}})
	b.t.Cleanup(ch.Release)
	return ch
}

// run runs extensions.lua text from default,s on a fresh channel.
func (b *bench) run(text string) (*channel.Channel, error) {
	b.t.Helper()
	ch := b.channel("default", "s")
	return ch, b.load(dialplanFile, text).Run(ch)
}

// script runs body as the extension default,s.
func (b *bench) script(body string) (*channel.Channel, error) {
	b.t.Helper()
	return b.run("extensions = { default = { s = function(context, extension)\n" + body + "\nend } }")
}

func get(t testing.TB, ch *channel.Channel, name string) string {
	t.Helper()
	v, ok := ch.Get(name)
	if !ok {
		return "(unset)"
	}
	return v
}

func texts(problems []config.Problem) string {
	var out []string
	for _, p := range problems {
		kind := "error "
		if p.Warning {
			kind = "warning "
		}
		out = append(out, kind+p.Error())
	}
	return strings.Join(out, "\n")
}
