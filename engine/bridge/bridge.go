// Package bridge joins the ports of two legs.
//
//	a receives ─► direction ─► b.Out        same codec: as it is        µ-law ↔ A-law: by table
//	b receives ─► direction ─► a.Out        others: decode ► resample ► encode        telephone-events: as they are
//
// A bridge of two has no clock and no jitter buffer: losses, gaps and jitter pass through to the phone, which has both. Where voice is
// transcoded, what was lost is made up when the next packet comes.
package bridge

import (
	"fmt"

	"asterism/engine/media"
)

// Bridge is two ports joined.
type Bridge struct{ link *media.Link }

// Digits says whose telephone-events a bridge does not relay: a script waits for them.
type Digits struct{ KeepA, KeepB bool }

// Join relays voice and telephone-events between two ports until Leave, or until one of them is closed or joined with another.
// It returns when that is in force; media.ErrClosed if one of them is closed. It must not be called from a port's callbacks.
func Join(a, b *media.Port) (*Bridge, error) { return join(a, b, Digits{}) }

func join(a, b *media.Port, digits Digits) (*Bridge, error) {
	if a == b {
		return nil, fmt.Errorf("bridge: %w", media.ErrSame)
	}
	link, err := media.Connect(a, b, newDirection(b.Out(), digits.KeepA), newDirection(a.Out(), digits.KeepB))
	if err != nil {
		return nil, fmt.Errorf("bridge: %w", err)
	}
	return &Bridge{link}, nil
}

// Leave takes the ports apart, if they are still joined by this bridge; both discard what they receive from then on. It is
// idempotent, and returns at once.
func (b *Bridge) Leave() { b.link.Disconnect() }
