package scripting

import (
	"errors"
	"slices"
	"strings"
	"time"

	"asterism/engine/channel"
	"asterism/engine/dialplan"

	lua "github.com/yuin/gopher-lua"
)

// dial rings parties: chan:dial{targets={"PJSIP/100", …}, …}; annotations.go has the fields of its table and of what it returns. The peer
// is not bridged yet; it is hung up when the application ends, unless that happened before. It raises when the caller hung up.
func dial(c *call, l *lua.LState, ch *channel.Channel) int {
	t := l.CheckTable(2)
	req := dialRequest(l, t, ch)
	var hooked []*channel.Channel
	var failed error // of the function before
	if f, ok := t.RawGetString("before").(*lua.LFunction); ok {
		req.Before = func(leg *channel.Channel) error {
			c.peers, hooked = append(c.peers, leg), append(hooked, leg)
			err := c.before(l, f, leg)
			if err != nil && leg.HungUp() && !ch.HungUp() {
				return nil // the leg's own end
			}
			failed = err
			return err
		}
	}
	var res channel.DialResult
	err := c.pausing(func() (err error) {
		res, err = ch.Dial(req)
		return err
	})
	for _, leg := range hooked { // what before began for the losers ends; the winner is noted in dialResult
		c.peers = slices.DeleteFunc(c.peers, func(p *channel.Channel) bool { return p == leg })
		if leg != res.Peer {
			c.release(leg)
		}
	}
	if err != nil {
		if res.Peer != nil { // answered and gone in one moment
			res.Peer.Release()
		}
		var e *lua.ApiError
		if failed != nil && errors.As(failed, &e) && !ch.HungUp() {
			c.keepTrace(e)
			l.Error(e.Object, 0)
		}
		c.raise(l, err)
	}
	l.Push(c.dialResult(l, res))
	return 1
}

// before calls a script's function for a leg that is about to be called.
func (c *call) before(l *lua.LState, f *lua.LFunction, leg *channel.Channel) error {
	c.dog.leave() // Lua runs, so its time counts
	defer c.dog.enter()
	l.Push(f)
	l.Push(c.handleOf(leg))
	return l.PCall(1, 0, nil)
}

var ringbacks = map[string]channel.Ringback{
	"real": channel.RingbackReal, "until_media": channel.RingbackUntilMedia, "fake": channel.RingbackFake, "none": channel.RingbackNone,
}

// dialRequest reads the table of chan:dial.
func dialRequest(l *lua.LState, t *lua.LTable, ch *channel.Channel) channel.DialRequest {
	length := func(name string) time.Duration {
		if ms, ok := t.RawGetString(name).(lua.LNumber); ok {
			return toDuration(float64(ms))
		}
		return 0
	}
	caller := func(name string) *channel.CallerID {
		if id, ok := t.RawGetString(name).(*lua.LTable); ok {
			shown := callerOf(id, ch.CallerID())
			return &shown
		}
		return nil
	}
	req := channel.DialRequest{
		IgnoreForwards: lua.LVAsBool(t.RawGetString("ignore_forwards")), Unshown: lua.LVAsBool(t.RawGetString("unshown")), ForwardContext: lua.LVAsString(t.RawGetString("forward_context")),
		ForwardUntimed: lua.LVAsBool(t.RawGetString("forward_untimed")), ForwardCaller: caller("forward_callerid"), CallerID: caller("callerid"),
		Timeout: length("timeout_ms"), ProgressTimeout: length("progress_timeout_ms"), Digits: lua.LVAsString(t.RawGetString("digits")),
		Cancel: channel.Cause(lua.LVAsNumber(t.RawGetString("cancel_cause"))),
	}
	if name := lua.LVAsString(t.RawGetString("ring")); name != "" {
		way, ok := ringbacks[name]
		if !ok {
			l.ArgError(2, "ring: want real, until_media, fake or none")
		}
		req.Ringback = way
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
	if delays, ok := t.RawGetString("delays_ms").(*lua.LTable); ok {
		for i := range req.Targets {
			req.Delays = append(req.Delays, toDuration(float64(lua.LVAsNumber(delays.RawGetInt(i+1)))))
		}
	}
	if vars, ok := t.RawGetString("variables").(*lua.LTable); ok {
		req.Variables = map[string]string{}
		vars.ForEach(func(k, v lua.LValue) { req.Variables[lua.LVAsString(k)] = lua.LVAsString(v) })
	}
	return req
}

func (c *call) dialResult(l *lua.LState, res channel.DialResult) *lua.LTable {
	out := l.CreateTable(0, 8)
	if res.Peer != nil {
		c.peers = append(c.peers, res.Peer)
		out.RawSetString("peer", c.handleOf(res.Peer))
		out.RawSetString("target", lua.LString(res.Target.String()))
	}
	out.RawSetString("timed_out", lua.LBool(res.TimedOut))
	if res.Digit != 0 {
		out.RawSetString("digit", lua.LString(string(res.Digit)))
	}
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

// bridge lets the channel and a peer hear each other until one leaves, or what the table says: chan:bridge(peer [, {limit_ms=, mine=,
// theirs=, pause_ms=}]) returns {peer_hung_up=, timed_out=, code=, by_peer=, duration_ms=}. mine and theirs are the codes that the two may
// press, and their names. It raises only if they were never joined; the next primitive raises if it was the channel that left.
func bridge(c *call, l *lua.LState, ch *channel.Channel) int {
	peer := channelArgument(l, 2)
	opts := bridgeOptions(l.OptTable(3, l.CreateTable(0, 0)))
	var res channel.BridgeResult
	err := c.pausing(func() (err error) {
		res, err = ch.Bridge(peer, opts)
		return err
	})
	if err != nil && (res.Duration == 0 || !ch.HungUp()) {
		c.raise(l, err)
	}
	if res.PeerMoved { // by another party: it goes there on its own
		_ = peer.Resume()
		c.sendOn(peer, peer.Place())
	}
	t := l.CreateTable(0, 4)
	t.RawSetString("peer_hung_up", lua.LBool(res.PeerHungUp))
	t.RawSetString("peer_moved", lua.LBool(res.PeerMoved))
	t.RawSetString("timed_out", lua.LBool(res.TimedOut))
	if res.Code != "" {
		t.RawSetString("code", lua.LString(res.Code))
		t.RawSetString("by_peer", lua.LBool(res.ByPeer))
	}
	setMilliseconds(t, "duration_ms", res.Duration)
	l.Push(t)
	return 1
}

func bridgeOptions(t *lua.LTable) channel.BridgeOptions {
	codes := func(name string) map[string]string {
		list, ok := t.RawGetString(name).(*lua.LTable)
		if !ok {
			return nil
		}
		out := map[string]string{}
		list.ForEach(func(code, what lua.LValue) {
			if s := lua.LVAsString(code); s != "" {
				out[s] = lua.LVAsString(what)
			}
		})
		return out
	}
	opts := channel.BridgeOptions{Mine: codes("mine"), Theirs: codes("theirs")}
	if ms, ok := t.RawGetString("limit_ms").(lua.LNumber); ok {
		opts.Limit = max(toDuration(float64(ms)), time.Millisecond)
	}
	if ms, ok := t.RawGetString("pause_ms").(lua.LNumber); ok {
		opts.Pause = toDuration(float64(ms))
	}
	return opts
}

// goOn sends a dialled peer into the dialplan on its own: peer:go_on(context, exten [, priority]). The script loses it. Sent to
// `h`, the peer is hung up and runs that only.
func goOn(c *call, l *lua.LState, ch *channel.Channel) int {
	if !slices.Contains(c.peers, ch) {
		l.ArgError(1, "only a peer that this script dialled can be sent on")
	}
	p := dialplan.Place{Context: l.CheckString(2), Exten: l.CheckString(3), Priority: l.OptInt(4, 1)}
	c.sendOn(ch, p)
	return 0
}

// sendOn gives a peer away: it goes on at p by itself. Hang-up handlers that its subroutines left are forgotten.
func (c *call) sendOn(peer *channel.Channel, p dialplan.Place) {
	c.peers = slices.DeleteFunc(c.peers, func(other *channel.Channel) bool { return other == peer })
	if owner := c.callees[peer]; owner != nil {
		delete(c.callees, peer)
		owner.close()
	}
	if p.Exten == "h" {
		peer.Hangup(0)
	}
	peer.GoOn(p)
}
