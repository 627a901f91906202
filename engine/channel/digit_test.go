package channel

import (
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// digitObserver notes the digits that are told when they are over.
type digitObserver struct {
	NoObserver
	told []string
}

func (k *digitObserver) DigitReceived(_ *Channel, d rune, dur time.Duration) {
	k.told = append(k.told, string(d)+" "+dur.String())
}

// TestDigitEnded: a key is queued when it goes down, and told with its duration when it is let go, once, unless a bridge had it.
func TestDigitEnded(t *testing.T) {
	told := &digitObserver{}
	core := NewCore(CoreConfig{Log: zerolog.Nop(), Observer: told})
	ch := core.New(Config{Tech: "FAKE", Leg: &fakeLeg{}, State: Up})
	defer ch.Release()
	ch.Digit('1')
	if d, err := ch.ReadDigit(0); d != '1' || err != nil || len(told.told) != 0 {
		t.Errorf("while it is down: %q, %v; told %q", d, err, told.told)
	}
	ch.DigitEnded('1', 80*time.Millisecond)
	ch.DigitEnded('1', 90*time.Millisecond)
	ch.DigitEnded('2', 100*time.Millisecond) // pressed while bridged
	ch.Digit('3')
	ch.Digit('4') // the end of 3 was lost
	ch.DigitEnded('4', time.Second)
	if want := []string{"1 80ms", "4 1s"}; !slices.Equal(told.told, want) {
		t.Errorf("told %q, want %q", told.told, want)
	}
}
