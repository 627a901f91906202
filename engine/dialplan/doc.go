// Package dialplan holds places in the dialplan: extension patterns, their order, and the index of one generation.
//
//	Builder ─Add/Include/Hint─► Build ─► *Index (immutable) ─Find(context, exten, cid, prio, mode)─► Entry
//
// A context has two layers, because Asterisk runs Lua as a switch beside the extensions of extensions.conf: a conf
// extension beats a Lua one, a Lua one beats conf's includes. Nothing here runs anything: an Entry carries the front-end's own Value.
package dialplan

// Place is where a channel is in the dialplan.
type Place struct {
	Context, Exten string
	Priority       int
}

// Named is a place as a person names it: the priority may be a number or a label.
type Named struct{ Context, Exten, Priority string }

// Mode says what a look-up asks of the dialled string.
type Mode uint8

const (
	// Match: the dialled string is complete.
	Match Mode = iota
	// CanMatch: the dialled string is a match, or could become one with more digits.
	CanMatch
	// MatchMore: with more digits the string could match something longer.
	MatchMore
)

// PriorityHint is the priority of a hint, as in Asterisk: no application call has it.
const PriorityHint = -1
