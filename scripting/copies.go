package scripting

import (
	"errors"
	"path"
	"time"

	"github.com/rs/zerolog"

	"asterism/engine/channel"
	"asterism/engine/sound"
	"asterism/engine/voicemail"

	lua "github.com/yuin/gopher-lua"
)

// copies are the mailboxes that get a message of what a monitor has recorded.
type copies struct {
	to      []copyTo
	message voicemail.Message
}

type copyTo struct {
	box    voicemail.Box
	folder string
	most   int
}

// copiesOf reads mailboxes={{context=, box=, folder=, max=}, …} and callerid= of a monitor.
func (c *call) copiesOf(l *lua.LState, ch *channel.Channel, t *lua.LTable) (k copies) {
	list, ok := t.RawGetString("mailboxes").(*lua.LTable)
	if !ok || list.Len() == 0 {
		return k
	}
	c.mailboxes(l) // which raises if there are none
	list.ForEach(func(_, v lua.LValue) {
		if b, ok := v.(*lua.LTable); ok {
			text := func(field string) string { return lua.LVAsString(b.RawGetString(field)) }
			k.to = append(k.to, copyTo{voicemail.Box{Context: text("context"), Name: text("box")}, text("folder"), int(lua.LVAsNumber(b.RawGetString("max")))})
		}
	})
	at := ch.Place()
	k.message = voicemail.Message{Context: at.Context, Exten: at.Exten, Priority: at.Priority, RDNIS: "unknown", CallerChan: ch.Name(),
		CallerID: lua.LVAsString(t.RawGetString("callerid")), Time: c.gen.host.cfg.Clock.Now()}
	return k
}

// deposit puts a recording of that length into every mailbox. It waits for the disk.
func (k *copies) deposit(host *Host, log zerolog.Logger, tape *sound.Tape, file string) {
	for _, to := range k.to {
		m, err := k.one(host, to, file, tape.Duration())
		switch {
		case errors.Is(err, voicemail.ErrFull):
			log.Warn().Stringer("mailbox", to.box).Msg("the mailbox is full: no copy of the recording")
		case err != nil:
			log.Error().Err(err).Stringer("mailbox", to.box).Msg("no copy of the recording in the mailbox")
		default:
			log.Info().Stringer("mailbox", to.box).Str("message", m.Path).Msg("copy of the recording")
		}
	}
}

func (k *copies) one(host *Host, to copyTo, file string, length time.Duration) (m voicemail.Message, err error) {
	in, err := host.cfg.Recordings.Open(file)
	if err != nil {
		return m, err
	}
	defer in.Close()
	m = k.message
	m.OrigMailbox, m.Duration = to.box.Name, length
	return host.cfg.Mailboxes.Deposit(in, path.Ext(in.Name()), to.box, to.folder, to.most, m)
}
