package channel

import (
	"errors"
	"time"
)

// Transferrer is a Leg whose far end can be told to call somebody else in our stead.
type Transferrer interface {
	// Transfer tells it: a redirection before the call is answered, a request within the call after. done is called with what became of it,
	// once and from any goroutine, or not at all when the call ends first.
	Transfer(target string, done func(Transferred))
}

// Transferred is what became of a transfer. Protocol is the technology's last word on it, a SIP status for example; 0 if it has none.
type Transferred struct {
	OK       bool
	Protocol int
}

// ErrNoTransfer is what a technology without transfers says.
var ErrNoTransfer = errors.New("channel: its technology has no transfers")

// maxTransfer bounds the wait for the far end's report: as long as an INVITE may ring (Timer C, RFC 3261 §16.6).
const maxTransfer = 3 * time.Minute

// Transfer sends the far end to target and waits for its report. A far end that hangs up without one has not been transferred; the next
// primitive returns the error of that.
func (c *Channel) Transfer(target string) (Transferred, error) {
	if err := c.gone(); err != nil {
		return Transferred{}, err
	}
	t, ok := c.leg.(Transferrer)
	if !ok {
		return Transferred{}, ErrNoTransfer
	}
	reports := make(chan Transferred, 1)
	t.Transfer(target, func(r Transferred) { reports <- r })
	timer, stop := c.core.clock.After(maxTransfer)
	defer stop()
	select {
	case r := <-reports:
		return r, nil
	case <-timer:
		return Transferred{Protocol: 408}, nil
	case <-c.stopped():
		select {
		case r := <-reports: // it came just before the hang-up it brought
			return r, nil
		default:
			return Transferred{}, nil
		}
	}
}
