package channel

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"asterism/engine/dialplan"
)

func TestRedirect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core := NewCore(CoreConfig{})
		ch := core.New(Config{Tech: "Test", Leg: &fakeLeg{}, State: Up, Place: dialplan.Place{Context: "a", Exten: "1", Priority: 1}})
		defer ch.Release()
		there := dialplan.Place{Context: "b", Exten: "2", Priority: 3}
		go func() {
			time.Sleep(time.Second)
			ch.Redirect(dialplan.Place{Context: "never", Exten: "x", Priority: 1})
			ch.Redirect(there)
		}()
		if err := ch.Wait(time.Minute); !errors.Is(err, ErrRedirected) {
			t.Fatalf("Wait: %v", err)
		}
		synctest.Wait()
		if _, err := ch.ReadDigit(-1); !errors.Is(err, ErrRedirected) {
			t.Errorf("a later primitive: %v", err)
		}
		if ch.Place().Context != "a" {
			t.Errorf("moved before Resume: %v", ch.Place())
		}
		if err := ch.Resume(); !errors.Is(err, ErrRedirected) || ch.Place() != there {
			t.Errorf("Resume: %v, at %v", err, ch.Place())
		}
		if err := ch.Resume(); err != nil {
			t.Errorf("a second Resume: %v", err)
		}
		if err := ch.Wait(time.Second); err != nil {
			t.Errorf("after Resume: %v", err)
		}
	})
}

func TestHangupComesBeforeAnInterruption(t *testing.T) {
	core := NewCore(CoreConfig{})
	ch := core.New(Config{Tech: "Test", Leg: &fakeLeg{}, State: Up})
	defer ch.Release()
	ch.Interrupt(ErrAbsoluteTimeout)
	if err := ch.Wait(time.Hour); !errors.Is(err, ErrAbsoluteTimeout) {
		t.Fatalf("Wait: %v", err)
	}
	ch.Hangup(UserBusy)
	var gone *HangupError
	if err := ch.Wait(time.Hour); !errors.As(err, &gone) || gone.Cause != UserBusy {
		t.Errorf("Wait after the hang-up: %v", err)
	}
	if err := ch.Resume(); err != nil {
		t.Errorf("Resume of a dead channel: %v", err)
	}
}
