package scripting

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"asterism/engine/event"

	"github.com/rs/zerolog"
)

func TestFactsArePublished(t *testing.T) {
	bus := event.NewBus(zerolog.Nop())
	defer bus.Close()
	sub := bus.Subscribe("test")
	b := newBench(t, func(c *Config) { c.Events = bus })
	if _, err := b.script(`app.noop("a"); channel._X = 1; error("broken")`); err == nil {
		t.Fatal("no error")
	}
	var got []string
	for len(got) < 3 {
		select {
		case e := <-sub.C():
			switch e := e.(type) {
			case event.ExtensionEntered:
				got = append(got, fmt.Sprintf("%s(%s) at %s,%s", e.Application, e.Data, e.Channel.Context, e.Channel.Exten))
			case event.VariableSet:
				got = append(got, e.Name+"="+e.Value)
			case event.ScriptFailed:
				got = append(got, e.Message)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("only %q", got)
		}
	}
	if want := "NoOp(a) at default,s|X=1|extensions.lua:2: broken"; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUserEvent(t *testing.T) {
	bus := event.NewBus(zerolog.Nop())
	defer bus.Close()
	sub := bus.Subscribe("test", event.Is[event.UserEvent])
	b := newBench(t, func(c *Config) { c.Events = bus })
	if _, err := b.script(`app.userevent("ChannelAnswered", "Door: front", " B :b\r\nc", "no pair")`); err != nil {
		t.Fatal(err)
	}
	select {
	case e := <-sub.C():
		own := e.(event.UserEvent)
		if got := fmt.Sprint(own.Name, own.Fields); got != "ChannelAnswered[{B b  c} {Door front}]" {
			t.Error(got)
		}
		if name := factName(own); name != "UserEvent" { // it must not pass for the PBX's own
			t.Errorf("plugins hear it as %s", name)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("no event")
	}
}
