package channel

// Records is what keeps the call detail records of channels; the engine's is in the core's configuration. Every method does nothing, or
// says that there is nothing, for a channel without an open record (one that was dialled).
type Records interface {
	// Field is one of the record, by its name in CDR(). raw is the form of option u: seconds since 1970, numbers for words; exact the
	// form of option f: durations with microseconds.
	Field(ch *Channel, name string, raw, exact bool) (string, bool)
	// SetField sets a field of the site's own; an error for those the engine keeps.
	SetField(ch *Channel, name, value string) error
	// Reset begins the record anew, with the site's own fields or without them.
	Reset(ch *Channel, keep bool)
	// Disable keeps the record from being written, or takes that back.
	Disable(ch *Channel, yes bool)
}

// Records keeps the call detail records of this channel.
func (c *Channel) Records() Records { return c.core.records }

type noRecords struct{}

func (noRecords) Field(*Channel, string, bool, bool) (string, bool) { return "", false }
func (noRecords) SetField(*Channel, string, string) error           { return nil }
func (noRecords) Reset(*Channel, bool)                              {}
func (noRecords) Disable(*Channel, bool)                            {}
