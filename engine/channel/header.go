package channel

import "errors"

// Headers is a Leg whose signalling has headers that a script may read and write: PJSIP_HEADER().
type Headers interface {
	// Header is the n-th one (from 1) of that name that came with the call.
	Header(name string, n int) (string, bool)
	// HeaderNames are those that came and begin with prefix, each once.
	HeaderNames(prefix string) []string
	// AddHeader gives the call that will be sent another header.
	AddHeader(name, value string) error
	// UpdateHeader changes the n-th one that was added.
	UpdateHeader(name string, n int, value string) error
	// RemoveHeaders takes those off that were added, by name or, with * at the end, by beginning; how many there were.
	RemoveHeaders(name string) (int, error)
}

// ErrNoHeaders is what a technology without headers says.
var ErrNoHeaders = errors.New("channel: its technology has no headers")

// Headers are those of the channel's leg.
func (c *Channel) Headers() (Headers, error) {
	h, ok := c.leg.(Headers)
	if !ok {
		return nil, ErrNoHeaders
	}
	return h, nil
}
