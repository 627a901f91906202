package scripting

import (
	"runtime"
	"testing"

	"asterism/engine/channel"

	"github.com/rs/zerolog"
)

const benchDialplan = `extensions = { default = {
  s = function() end,
  noop = function() app.noop("x") end,
  set = function() channel.X = 1; local v = channel.X:get() end,
  dial = function() app.dial("PJSIP/none", 1) end,
  turns = function()
    channel.i = 0
    repeat
      channel.i = tonumber(channel.i:get()) + 1
    until tonumber(channel.i:get()) >= 1000
  end,
} }`

func benchGeneration(b *testing.B) (*bench, *Generation) {
	bb := newBench(b, func(c *Config) { c.Log = zerolog.Nop() })
	return bb, bb.load(dialplanFile, benchDialplan)
}

// Budget: 30 µs and 24 KiB for a call's state with extensions.lua run in it (plugins load at their first use).
func BenchmarkState(b *testing.B) {
	bb, g := benchGeneration(b)
	ch := bb.channel("default", "s")
	b.ReportAllocs()
	for b.Loop() {
		c, err := g.newCall(ch, ch.Log())
		if err != nil {
			b.Fatal(err)
		}
		c.close()
	}
}

// The same with every shipped plugin loaded.
func BenchmarkStateAllPlugins(b *testing.B) {
	bb, g := benchGeneration(b)
	ch := bb.channel("default", "s")
	b.ReportAllocs()
	for b.Loop() {
		c, err := g.newCall(ch, ch.Log())
		if err != nil {
			b.Fatal(err)
		}
		for _, a := range g.applications {
			c.applicationFunction(c.l, a)
		}
		for _, f := range g.functions {
			c.functionPair(c.l, f)
		}
		c.close()
	}
}

// BenchmarkHeld reports what a live state holds.
func BenchmarkHeld(b *testing.B) {
	bb, g := benchGeneration(b)
	ch := bb.channel("default", "s")
	const n = 500
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.GC() // the second one empties the pools
		runtime.ReadMemStats(&before)
		calls := make([]*call, n)
		for i := range calls {
			calls[i], _ = g.newCall(ch, ch.Log())
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		for _, c := range calls {
			c.close()
		}
	}
	b.ReportMetric((float64(after.HeapAlloc)-float64(before.HeapAlloc))/n, "B/state")
}

// BenchmarkNoOp is what app.NoOp costs within a call: the look-up, the arguments, the protected call of the plugin.
func BenchmarkNoOp(b *testing.B) {
	benchExtension(b, "noop")
}

// BenchmarkTurns are a thousand turns of three accesses to a channel variable. Budget: 2 ms, of which a third is the collector.
func BenchmarkTurns(b *testing.B) { benchExtension(b, "turns") }

func BenchmarkSetGet(b *testing.B) { benchExtension(b, "set") }

func benchExtension(b *testing.B, exten string) {
	bb, g := benchGeneration(b)
	ch := bb.channel("default", exten)
	c, err := g.newCall(ch, ch.Log())
	if err != nil {
		b.Fatal(err)
	}
	defer c.close()
	b.ReportAllocs()
	for b.Loop() {
		if how, _, err := c.priority(); how != ended || err != nil {
			b.Fatal(how, err)
		}
	}
}

// BenchmarkCall is a whole call of one NoOp: channel, state, run loop.
func BenchmarkCall(b *testing.B) {
	bb, g := benchGeneration(b)
	b.ReportAllocs()
	for b.Loop() {
		ch := bb.core.New(channel.Config{Tech: "PJSIP", Endpoint: "a", Leg: silent{}, State: channel.Ring})
		p := ch.Place()
		p.Context, p.Exten = "default", "noop"
		ch.SetPlace(p)
		if err := g.Run(ch); err != nil {
			b.Fatal(err)
		}
		ch.Release()
	}
}
