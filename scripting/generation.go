package scripting

import (
	"io/fs"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/dialplan"
)

// Generation is one loaded dialplan with its plugins. It is immutable and shared by all calls that began with it.
type Generation struct {
	host  *Host
	snap  *config.Snapshot
	index *dialplan.Index
}

// Load compiles every Lua file of etc and every plugin, runs extensions.lua once in a scratch state, and checks what came of it.
// All findings are returned, each with file and line; the Generation is nil only if there is no usable dialplan.
func (h *Host) Load(etc fs.FS, snap *config.Snapshot) (*Generation, []config.Problem) { return nil, nil }

// Run takes ch through the dialplan from its place to `h`. It returns when the script is done; the caller then releases ch.
// The error is for the caller's information and has been logged: nil for every normal end, hang-ups included.
func (g *Generation) Run(ch *channel.Channel) error { return nil }

// Index answers what there is to dial, before a channel exists; see Find for dialled text from the wire.
func (g *Generation) Index() *dialplan.Index { return g.index }

// Find is Index().Find for a dialled string from the wire, priority 1, mode Match, with one guard more: text that holds a character
// which means something in a dial string (& , / @ …) is found only if the pattern says that character itself. So an
// application may join EXTEN into its arguments: a caller can never add a leg, a context or an option.
func (g *Generation) Find(context, exten, cid string) (dialplan.Entry, bool) { return dialplan.Entry{}, false }

// Summary names one application, function or command of a plugin, for `core show applications`.
type Summary struct {
	Name, Plugin, Synopsis string
}

// Applications lists what app.X may be, by name.
func (g *Generation) Applications() []Summary { return nil }

// Functions lists what channel.FUNC() may be, by name.
func (g *Generation) Functions() []Summary { return nil }

// Commands lists the plugins' commands for the command line, by name.
func (g *Generation) Commands() []Summary { return nil }
