package scripting

import (
	"errors"
	"os"
	"time"

	"asterism/engine/channel"
	"asterism/engine/sound"

	lua "github.com/yuin/gopher-lua"
)

// Recordings is where scripts record to; sound.Archive is one.
type Recordings interface {
	Create(name string, o sound.RecordOptions) (*sound.Recorder, error)
	Has(name string) bool
	Remove(name string) error
	Open(name string) (*os.File, error)
}

var errNoRecordings = errors.New("no place to record to is configured")

// tape begins a file at its own rate, or at rate if that is not 0.
func (c *call) tape(name string, rate int, o sound.RecordOptions) (*sound.Tape, error) {
	if c.gen.host.cfg.Recordings == nil {
		return nil, errNoRecordings
	}
	if o.Rate = rate; rate == 0 {
		own, err := sound.RateOf(name)
		if err != nil {
			return nil, err
		}
		o.Rate = own
	}
	r, err := c.gen.host.cfg.Recordings.Create(name, o)
	if err != nil {
		return nil, err
	}
	return sound.NewTape(r), nil
}

// The ends of a recording that Asterisk cuts off: of the silence that ended it all but a second, and of the key that did, its tone.
const (
	keptSilence = time.Second
	keyTail     = 250 * time.Millisecond
)

// record is chan:record{…}: it writes what the party says to a file and returns {why=, key=, duration_ms=, silence_ms=}, or nil and why it
// could not begin. A hang-up is told in why and raised by the next primitive.
func record(c *call, l *lua.LState, ch *channel.Channel) int {
	t := l.CheckTable(2)
	flag := func(name string) bool { return lua.LVAsBool(t.RawGetString(name)) }
	span := func(name string) time.Duration {
		return toDuration(max(0, float64(lua.LVAsNumber(t.RawGetString(name)))))
	}
	var res channel.RecordResult
	var kept time.Duration
	err := c.pausing(func() error {
		tape, err := c.tape(lua.LVAsString(t.RawGetString("file")), 0, sound.RecordOptions{Append: flag("append")})
		if err != nil {
			return err
		}
		res, err = ch.Record(channel.RecordRequest{Rate: tape.Rate(), Write: tape.Write, Failed: tape.Failed(), Max: span("max_ms"), Silence: span("silence_ms"),
			Threshold: int(lua.LVAsNumber(t.RawGetString("threshold"))), Terminators: lua.LVAsString(t.RawGetString("terminators"))})
		kept = res.Duration
		if err != nil || res.Why == "hangup" && !flag("keep") || kept < span("min_ms") {
			return errors.Join(err, tape.Discard())
		}
		trim := time.Duration(0)
		if flag("trim") {
			switch res.Why {
			case "silence":
				trim = max(0, res.Silence-keptSilence)
			case "digit":
				trim = keyTail
			}
		}
		kept = max(0, kept-trim)
		err = tape.Close(trim)
		if lost := tape.Lost(); lost > 0 {
			c.log.Warn().Str("file", tape.Name()).Dur("lost", lost).Msg("recording has a hole: the disk is too slow")
		}
		if errors.Is(err, sound.ErrCut) {
			c.log.Error().Err(err).Msg("recording ends early")
			res.Why, err = "error", nil
		}
		return err
	})
	if err != nil {
		return c.outcome(l, ch, err)
	}
	out := l.CreateTable(0, 4)
	out.RawSetString("why", lua.LString(res.Why))
	if res.Digit != 0 {
		out.RawSetString("key", lua.LString(string(res.Digit)))
	}
	setMilliseconds(out, "duration_ms", kept)
	setMilliseconds(out, "silence_ms", res.Silence)
	l.Push(out)
	return 1
}

// pbxRecorded is pbx.recorded(name): whether there is a recording of that name, with its extension.
func (c *call) pbxRecorded(l *lua.LState) int {
	r := c.gen.host.cfg.Recordings
	l.Push(lua.LBool(r != nil && r.Has(l.CheckString(1))))
	return 1
}

// removeRecording is pbx.remove_recording(file).
func (c *call) removeRecording(l *lua.LState) int {
	name := l.CheckString(1)
	err := c.pausing(func() error {
		if c.gen.host.cfg.Recordings == nil {
			return errNoRecordings
		}
		return c.gen.host.cfg.Recordings.Remove(name)
	})
	l.Push(lua.LBool(err == nil))
	return 1
}
