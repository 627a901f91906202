package scripting

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"asterism/engine/channel"
	"asterism/engine/sound"

	lua "github.com/yuin/gopher-lua"
)

// play plays prompts, one after the other without a gap: chan:play(names [, keys]). names is a name, several joined with &, or a list;
// a key of keys stops it and stays queued. true and the key; or nil, why what cannot be played was left out, and the key.
func play(c *call, l *lua.LState, ch *channel.Channel) int {
	names, interrupt := soundNames(l, 2), l.OptString(3, "")
	var key rune
	var missing error
	err := c.pausing(func() error {
		clips, err := c.openSounds(ch, names)
		missing = err
		if len(clips) == 0 {
			return err
		}
		key, err = ch.Play(sound.NewPlayer(clips...), interrupt)
		return err
	})
	if err != nil && (ch.HungUp() || ch.Interrupted() != nil) {
		c.raise(l, err)
	}
	switch {
	case err == nil && missing == nil:
	case missing != nil: // also what was all there was to play
		l.Push(lua.LNil)
		return 1 + pushString(l, strings.ReplaceAll(missing.Error(), "\n", "; ")) + pushDigit(l, key)
	default:
		l.Push(lua.LNil)
		return 1 + pushString(l, fmt.Sprintf("cannot play '%s': %v", printable(strings.Join(names, "&")), err))
	}
	l.Push(lua.LTrue)
	return 1 + pushDigit(l, key)
}

// soundNames reads "a&b&c" or a list of names; empty ones are left out.
func soundNames(l *lua.LState, i int) (names []string) {
	add := func(s string) {
		for name := range strings.SplitSeq(s, "&") {
			if name != "" {
				names = append(names, name)
			}
		}
	}
	switch v := l.Get(i).(type) {
	case *lua.LTable:
		for n := 1; n <= v.Len(); n++ {
			add(lua.LVAsString(v.RawGetInt(n)))
		}
	default:
		add(l.CheckString(i))
	}
	return names
}

// openSounds opens names in ch's language at the rate ch plays; what cannot be opened is left out and told in the error.
func (c *call) openSounds(ch *channel.Channel, names []string) (clips []*sound.Clip, err error) {
	return c.openSoundsIn(ch.Language(), ch.PlayRate(), names)
}

// openSoundsIn is openSounds in a language, at a rate in Hz.
func (c *call) openSoundsIn(language string, rate int, names []string) (clips []*sound.Clip, err error) {
	if c.gen.host.cfg.Sounds == nil {
		return nil, errors.New("no sounds are configured")
	}
	var missing []error
	for _, name := range names {
		clip, err := c.gen.host.cfg.Sounds.OpenAt(name, language, rate)
		if err != nil {
			missing = append(missing, fmt.Errorf("cannot play '%s': %w", printable(name), err))
			continue
		}
		clips = append(clips, clip)
	}
	if len(clips) == 0 && len(missing) == 0 {
		missing = append(missing, errors.New("no sound is named"))
	}
	return clips, errors.Join(missing...)
}

// pbxHasPrompt is pbx.has_prompt(name [, language]).
func (c *call) pbxHasPrompt(l *lua.LState) int {
	language := ""
	if c.ch != nil {
		language = c.ch.Language()
	}
	sounds := c.gen.host.cfg.Sounds
	l.Push(lua.LBool(sounds != nil && sounds.Has(l.CheckString(1), l.OptString(2, language))))
	return 1
}

// playing is a sound under control, as Lua has it.
type playing struct {
	ch     *channel.Channel
	player *sound.Player
	play   *channel.Playback
}

// startPlay begins to play prompts, as play does, and returns: chan:start_play(names [, {offset_ms=, volume_db=, speed=}]). The object has
//
//	wait([keys [, ms]])  "ended"; a key of keys, which is taken from the queue; or nil when ms have passed
//	pause() resume() seek(ms) seek_to(ms) position() duration() volume(db) speed(factor) stop()
//
// or nil and why nothing can be played; or the object and why what cannot be played was left out. It is stopped when the application ends.
func startPlay(c *call, l *lua.LState, ch *channel.Channel) int {
	names, options := soundNames(l, 2), l.OptTable(3, l.CreateTable(0, 0))
	p := &playing{ch: ch}
	var missing error
	err := c.pausing(func() error {
		clips, err := c.openSounds(ch, names)
		missing = err
		if len(clips) == 0 {
			return err
		}
		p.player = sound.NewPlayer(clips...)
		if v, ok := options.RawGetString("offset_ms").(lua.LNumber); ok {
			p.player.SeekTo(toDuration(float64(v)))
		}
		if v, ok := options.RawGetString("volume_db").(lua.LNumber); ok {
			p.player.SetVolume(float64(v))
		}
		if v, ok := options.RawGetString("speed").(lua.LNumber); ok {
			p.player.SetSpeed(float64(v))
		}
		p.play, err = ch.StartPlay(p.player)
		return err
	})
	if err != nil {
		if ch.HungUp() || ch.Interrupted() != nil {
			c.raise(l, err)
		}
		l.Push(lua.LNil)
		return 1 + pushString(l, err.Error())
	}
	c.playings = append(c.playings, p)
	l.Push(&lua.LUserData{Value: p, Metatable: c.playMethods(), Env: c.l.Env})
	if missing != nil {
		return 1 + pushString(l, strings.ReplaceAll(missing.Error(), "\n", "; "))
	}
	return 1
}

// dropPlayings stops the sounds beyond the first keep: those an application left behind.
func (c *call) dropPlayings(keep int) {
	for _, p := range c.playings[min(keep, len(c.playings)):] {
		p.play.Stop()
	}
	c.playings = c.playings[:min(keep, len(c.playings))]
}

// playMethods is the metatable of what start_play returns.
func (c *call) playMethods() *lua.LTable {
	if c.playMeta != nil {
		return c.playMeta
	}
	methods := c.l.CreateTable(0, 12)
	for name, f := range map[string]func(*call, *lua.LState, *playing) int{
		"wait":     waitPlaying,
		"stop":     func(_ *call, _ *lua.LState, p *playing) int { p.play.Stop(); return 0 },
		"pause":    func(_ *call, _ *lua.LState, p *playing) int { p.player.Pause(true); return 0 },
		"resume":   func(_ *call, _ *lua.LState, p *playing) int { p.player.Pause(false); return 0 },
		"seek":     func(_ *call, l *lua.LState, p *playing) int { p.player.Seek(signedMilliseconds(l, 2)); return 0 },
		"seek_to":  func(_ *call, l *lua.LState, p *playing) int { p.player.SeekTo(signedMilliseconds(l, 2)); return 0 },
		"volume":   func(_ *call, l *lua.LState, p *playing) int { p.player.SetVolume(float64(l.CheckNumber(2))); return 0 },
		"speed":    func(_ *call, l *lua.LState, p *playing) int { p.player.SetSpeed(float64(l.CheckNumber(2))); return 0 },
		"position": func(_ *call, l *lua.LState, p *playing) int { return pushMilliseconds(l, p.player.Position()) },
		"duration": func(_ *call, l *lua.LState, p *playing) int { return pushMilliseconds(l, p.player.Duration()) },
	} {
		methods.RawSetString(name, c.l.NewFunction(func(l *lua.LState) int {
			if ud, ok := l.Get(1).(*lua.LUserData); ok {
				if p, ok := ud.Value.(*playing); ok {
					return f(c, l, p)
				}
			}
			l.ArgError(1, "what chan:start_play returned expected; write p:"+name+"(), not p."+name+"()")
			return 0
		}))
	}
	c.playMeta = c.l.CreateTable(0, 2)
	c.playMeta.RawSetString("__index", methods)
	c.playMeta.RawSetString("__metatable", lua.LString("playback"))
	return c.playMeta
}

func waitPlaying(c *call, l *lua.LState, p *playing) int {
	keys, timeout := l.OptString(2, ""), milliseconds(l, 3, -1)
	var key rune
	var ended bool
	c.waiting(l, func() (err error) {
		key, ended, err = p.play.Wait(keys, timeout)
		return err
	})
	if ended {
		return pushString(l, "ended")
	}
	if key != 0 {
		p.ch.TakeDigit(key)
	}
	return pushDigit(l, key)
}

// signedMilliseconds reads a span of time that may go backwards.
func signedMilliseconds(l *lua.LState, i int) time.Duration {
	ms := float64(l.CheckNumber(i))
	if ms < 0 {
		return -toDuration(-ms)
	}
	return toDuration(ms)
}

func pushMilliseconds(l *lua.LState, d time.Duration) int {
	l.Push(lua.LNumber(d.Milliseconds()))
	return 1
}

// startMusic is chan:start_music([class]).
func startMusic(c *call, l *lua.LState, ch *channel.Channel) int {
	return c.outcome(l, ch, ch.StartMusic(l.OptString(2, "")))
}
