package scripting

import (
	"strings"
	"time"

	"asterism/engine/channel"

	lua "github.com/yuin/gopher-lua"
)

// dial rings parties: chan:dial{targets={"PJSIP/100", …}, timeout_ms=…, ring=true, ignore_forwards=true, forward_context=…,
// callerid={…}, variables={…}}. It returns a table: peer (nil if nobody answered), target, timed_out, ring_ms, progress_ms, cause,
// legs = {{target=, channel=, cause=, status=, created=, forward=}, …}. The peer is not bridged yet; it is hung up when the
// application ends, unless that happened before. It raises when the caller hung up.
func dial(c *call, l *lua.LState, ch *channel.Channel) int {
	t := l.CheckTable(2)
	req := channel.DialRequest{
		FakeRinging:    lua.LVAsBool(t.RawGetString("ring")),
		IgnoreForwards: lua.LVAsBool(t.RawGetString("ignore_forwards")),
		ForwardContext: lua.LVAsString(t.RawGetString("forward_context")),
	}
	if ms, ok := t.RawGetString("timeout_ms").(lua.LNumber); ok {
		req.Timeout = toDuration(float64(ms))
	}
	targets, ok := t.RawGetString("targets").(*lua.LTable)
	if !ok {
		l.ArgError(2, "targets: a list of Tech/resource expected")
	}
	for i := 1; i <= targets.Len(); i++ {
		tech, resource, ok := strings.Cut(lua.LVAsString(targets.RawGetInt(i)), "/")
		if !ok {
			l.ArgError(2, "targets: Tech/resource expected")
		}
		req.Targets = append(req.Targets, channel.Target{Tech: tech, Resource: resource})
	}
	if id, ok := t.RawGetString("callerid").(*lua.LTable); ok {
		shown := callerOf(id, ch.CallerID())
		req.CallerID = &shown
	}
	if vars, ok := t.RawGetString("variables").(*lua.LTable); ok {
		req.Variables = map[string]string{}
		vars.ForEach(func(k, v lua.LValue) { req.Variables[lua.LVAsString(k)] = lua.LVAsString(v) })
	}
	var res channel.DialResult
	c.waiting(l, func() (err error) {
		res, err = ch.Dial(req)
		if err != nil && res.Peer != nil { // answered and gone in one moment
			res.Peer.Release()
		}
		return err
	})
	l.Push(c.dialResult(l, res))
	return 1
}

func (c *call) dialResult(l *lua.LState, res channel.DialResult) *lua.LTable {
	out := l.CreateTable(0, 8)
	if res.Peer != nil {
		c.peers = append(c.peers, res.Peer)
		out.RawSetString("peer", c.handleOf(res.Peer))
		out.RawSetString("target", lua.LString(res.Target.String()))
	}
	out.RawSetString("timed_out", lua.LBool(res.TimedOut))
	out.RawSetString("cause", lua.LNumber(res.Cause))
	setMilliseconds(out, "ring_ms", res.RingTime)
	setMilliseconds(out, "progress_ms", res.ProgressTime)
	legs := l.CreateTable(len(res.Legs), 0)
	for _, leg := range res.Legs {
		t := l.CreateTable(0, 6)
		t.RawSetString("target", lua.LString(leg.Target.String()))
		t.RawSetString("channel", lua.LString(leg.Channel))
		t.RawSetString("cause", lua.LNumber(leg.Cause))
		t.RawSetString("status", lua.LString(leg.Status))
		t.RawSetString("created", lua.LBool(leg.Created))
		t.RawSetString("forward", lua.LString(leg.Forward))
		legs.Append(t)
	}
	out.RawSetString("legs", legs)
	return out
}

// setMilliseconds leaves the field nil for a time that never came (negative).
func setMilliseconds(t *lua.LTable, name string, d time.Duration) {
	if d >= 0 {
		t.RawSetString(name, lua.LNumber(d.Milliseconds()))
	}
}

// bridge lets the channel and a peer hear each other until one leaves: chan:bridge(peer) returns {peer_hung_up=, duration_ms=}. It
// raises only if they were never joined; the next primitive raises if it was the channel that left.
func bridge(c *call, l *lua.LState, ch *channel.Channel) int {
	peer := channelArgument(l, 2)
	var res channel.BridgeResult
	err := c.pausing(func() (err error) {
		res, err = ch.Bridge(peer, channel.BridgeOptions{})
		return err
	})
	if err != nil && (res.Duration == 0 || !ch.HungUp()) {
		c.raise(l, err)
	}
	t := l.CreateTable(0, 2)
	t.RawSetString("peer_hung_up", lua.LBool(res.PeerHungUp))
	setMilliseconds(t, "duration_ms", res.Duration)
	l.Push(t)
	return 1
}
