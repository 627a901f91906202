package bridge

import (
	"fmt"

	"asterism/engine/media"
)

// Leg is a channel's side that has a port: what tech/* joins.
type Leg interface {
	Port() *media.Port
	// SetJoined tells the leg that a bridge carries its digits on (true), or that they are for the script (false).
	SetJoined(on bool)
}

// Companion is a Leg that wants to know whom it is joined with: for what goes beside the voice.
type Companion interface {
	// Meets tells the other leg, when both are joined and again, with nil, when they are apart.
	Meets(other any)
}

// JoinLegs joins the ports of two legs of any technology; other must be a Leg too. Digits that are kept reach the leg as if it were not
// joined. leave is idempotent.
func JoinLegs(a Leg, other any, digits Digits) (leave func(), err error) {
	b, ok := other.(Leg)
	if !ok {
		return nil, fmt.Errorf("bridge: %T has no port to join", other)
	}
	joined, err := join(a.Port(), b.Port(), digits)
	if err != nil {
		return nil, err
	}
	a.SetJoined(!digits.KeepA)
	b.SetJoined(!digits.KeepB)
	meet(a, b)
	meet(b, a)
	return func() {
		meet(a, nil)
		meet(b, nil)
		joined.Leave()
		a.SetJoined(false)
		b.SetJoined(false)
	}, nil
}

func meet(l Leg, other any) {
	if c, ok := l.(Companion); ok {
		c.Meets(other)
	}
}
