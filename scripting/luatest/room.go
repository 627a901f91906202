package luatest

import (
	"strings"
	"testing/fstest"
	"time"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/dialplan"
	"asterism/engine/media"
	"asterism/engine/sound"

	lua "github.com/yuin/gopher-lua"
)

// room is a faked conference room: nobody hears anybody, what is played to all takes its time.
type room struct{ *sounding }

func (w *world) newRoom(media.RoomConfig) channel.Room { return room{&sounding{w: w}} }

func (r room) Join(channel.Media, media.MemberConfig) (channel.Seat, error) { return seat{}, nil }
func (r room) Tap(int, func(mix []int16)) func()                            { return func() {} }
func (r room) Close()                                                       {}

func (r room) Play(src media.Source, done func()) func() {
	if done == nil {
		done = func() {}
	}
	return r.sounding.Play(src, done)
}

// conferences are those of the world's calls.
type conferences struct{ w *world }

func (c conferences) Conference(name string) (*channel.Conference, bool) {
	return c.w.core.Conference(name)
}
func (c conferences) Conferences() (list []channel.ConferenceInfo) {
	for _, conf := range c.w.core.Conferences() {
		list = append(list, conf.Info())
	}
	return list
}

// tape begins a recording that stays empty: nothing is mixed here.
func (w *world) tape(r channel.TapeRequest) (channel.Tape, error) {
	if !strings.HasPrefix(r.File, "/") {
		r.File = "/sounds/" + r.File
	}
	rec, err := w.archive.Create(r.File, sound.RecordOptions{Rate: 8000, Append: r.Append, Stereo: r.Stereo})
	if err != nil {
		return nil, err
	}
	return sound.NewTape(rec), nil
}

type seat struct{}

func (seat) Mute(bool)        {}
func (seat) Deafen(bool)      {}
func (seat) SetGain(int, int) {}
func (seat) Leave()           {}

// guest is t:guest{at_ms=, exten=, context=, keys=, keys_at_ms=, leaves_ms=}: another caller who runs the dialplan on his own from at_ms
// on; keys and leaving count from then.
func (w *world) guest(l *lua.LState) int {
	o := l.CheckTable(2)
	at := duration(number(o, "at_ms", 0))
	keys, keysAt, leaves := lua.LVAsString(o.RawGetString("keys")), duration(number(o, "keys_at_ms", 0)), number(o, "leaves_ms", -1)
	place := dialplan.Place{Context: "start", Exten: "s", Priority: 1}
	if v := lua.LVAsString(o.RawGetString("context")); v != "" {
		place.Context = v
	}
	if v := lua.LVAsString(o.RawGetString("exten")); v != "" {
		place.Exten = v
	}
	w.clock.At(at, func() {
		g := &leg{w: w, sound: &sounding{w: w}}
		g.ch = w.core.New(channel.Config{Tech: "PJSIP", Endpoint: "guest", Leg: g, State: channel.Ring, Place: place})
		for i, key := range keys {
			w.clock.At(keysAt+time.Duration(i)*100*time.Millisecond, func() { g.ch.Digit(key) })
		}
		if leaves >= 0 {
			w.clock.At(duration(leaves), func() { g.ch.FarEndGone(channel.NormalClearing) })
		}
		w.start(g.ch)
	})
	return 0
}

// snapshot is the configuration of t:config(file, text); nil without any.
func (w *world) snapshot() *config.Snapshot {
	if len(w.confs) == 0 {
		return nil
	}
	files := fstest.MapFS{}
	for name, text := range w.confs {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	snap, _ := config.Load(files, config.LoadOptions{})
	return snap
}
