package scripting

import (
	"time"

	"asterism/engine/channel"

	lua "github.com/yuin/gopher-lua"
)

// listen is chan:listen{sound=, keys=, timeout_ms=, min_ms=, max_ms=, pause_ms=, within_ms=, silence_ms=, noise_ms=, threshold=}: what came first,
// as {why=, key=, talk_ms=}; the key is taken from the queue. Or nil and why it cannot listen.
func listen(c *call, l *lua.LState, ch *channel.Channel) int {
	t := l.CheckTable(2)
	span := func(name string) time.Duration {
		return toDuration(max(0, float64(lua.LVAsNumber(t.RawGetString(name)))))
	}
	req := channel.ListenRequest{Keys: lua.LVAsString(t.RawGetString("keys")), Timeout: span("timeout_ms"), Min: span("min_ms"), Max: span("max_ms"),
		Pause: span("pause_ms"), Within: span("within_ms"), Silence: span("silence_ms"), Noise: span("noise_ms"),
		Threshold: int(lua.LVAsNumber(t.RawGetString("threshold")))}
	if ud, ok := t.RawGetString("sound").(*lua.LUserData); ok {
		p, ok := ud.Value.(*playing)
		if !ok {
			l.ArgError(2, "sound: what chan:start_play returned expected")
		}
		req.Playback = p.play
	}
	var res channel.ListenResult
	err := c.pausing(func() (err error) {
		res, err = ch.Listen(req)
		return err
	})
	if err != nil {
		return c.outcome(l, ch, err)
	}
	out := l.CreateTable(0, 3)
	out.RawSetString("why", lua.LString(res.Why))
	if res.Digit != 0 {
		ch.TakeDigit(res.Digit)
		out.RawSetString("key", lua.LString(string(res.Digit)))
	}
	if res.Why == "speech" {
		setMilliseconds(out, "talk_ms", res.Talk)
	}
	l.Push(out)
	return 1
}
