package dialog

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"asterism/engine/sip"

	"go.uber.org/goleak"
)

// actor plays one side of a call at random: it answers, refuses, re-invites, asks and hangs up, as fast as it likes.
type actor struct {
	*leg
	rng *rand.Rand
}

func act(l *leg, seed uint64) *actor {
	return &actor{leg: l, rng: rand.New(rand.NewPCG(seed, 1))}
}

// play does some things and then hangs up; it returns when the dialog is over.
func (a *actor) play() {
	d := a.d
	done := func(*sip.Response, error) {}
	switch {
	case d.uac && a.rng.IntN(3) > 0:
		a.final()
	case d.uac:
		a.pause(60) // some hang up while it rings
	default:
		a.pause(20)
		if a.rng.IntN(3) > 0 {
			d.Answer([]byte("answer"), a.rng.IntN(4) == 0)
		}
	}
	for range a.rng.IntN(8) {
		switch a.rng.IntN(7) {
		case 0:
			d.Progress(180, nil)
		case 1:
			d.Answer([]byte("answer"), false)
		case 2, 3:
			d.Reinvite([]byte("offer"), done)
		case 4:
			d.Request(sip.INFO, "text/plain", []byte("x"), done)
		case 5:
			d.Request(sip.UPDATE, "application/sdp", []byte("offer"), done)
		case 6:
			d.Request(sip.OPTIONS, "", nil, done)
		}
		if a.rng.IntN(2) == 0 {
			a.pause(5)
		}
	}
	if a.rng.IntN(2) == 0 { // the other one may hang up first
		select {
		case <-d.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
	d.Hangup(400+a.rng.IntN(100), "Q.850;cause=16")
	<-d.Done()
}

// final waits for the answer to our INVITE.
func (a *actor) final() {
	for timeout := time.After(soon); ; {
		select {
		case e := <-a.events:
			if !strings.HasPrefix(e, "provisional") {
				return
			}
		case <-timeout:
			return
		}
	}
}

// pause sleeps up to so many milliseconds: the interleaving is the point.
func (a *actor) pause(most int) { time.Sleep(time.Duration(a.rng.IntN(most*1000)) * time.Microsecond) }

// Hundreds of calls between two layers, each side doing what it likes: in the end there is no dialog, no goroutine, no remnant, and each
// handler heard its end once. Transactions left over, as CANCELs that crossed, are the stacks' to forget.
func TestStress(t *testing.T) {
	for _, proto := range []string{"udp", "tcp"} {
		t.Run(proto, func(t *testing.T) {
			defer goleak.VerifyNone(t)
			calls := 400
			if testing.Short() {
				calls = 100
			}
			a, b := startPBX(t, proto, Config{T1: hasty}), startPBX(t, proto, Config{T1: hasty})
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			var wg sync.WaitGroup
			answering, stopAnswering := context.WithCancel(context.Background())
			wg.Go(func() {
				for n := uint64(0); ; n++ {
					select {
					case l := <-b.legs:
						wg.Go(act(l, seed+n<<32).play)
					case <-answering.Done():
						return
					}
				}
			})
			gate := make(chan struct{}, 30) // calls at a time
			var callers sync.WaitGroup
			for n := range uint64(calls) {
				gate <- struct{}{}
				l := a.leg()
				c := Call{Target: *sip.NewAddrURI("b", b.tr.LocalAddr()), Hop: sip.Hop{Transport: a.tr, Addr: b.tr.LocalAddr()},
					From: "<sip:a@example.com>", To: "<sip:b@example.com>", Offer: []byte("offer")}
				l.d = a.layer.Invite(c, l, a.options())
				callers.Go(func() {
					act(l, seed^n).play()
					<-gate
				})
			}
			callers.Wait()
			begin := time.Now()
			for b.layer.Len() > 0 && time.Since(begin) < soon {
				time.Sleep(time.Millisecond)
			}
			if n := a.layer.Len() + b.layer.Len(); n != 0 {
				t.Errorf("%d dialogs are left before Close", n)
			}
			stopAnswering()
			a.stop()
			b.stop()
			wg.Wait()
			mix := tally(a, b) // on a busy machine some of it is rare
			if mix["accepted"] == 0 || mix["ended"] == 0 {
				t.Error("no call was answered")
			}
			t.Logf("%v", mix)
			if n := a.stack.Stats().Panics + b.stack.Stats().Panics; n != 0 {
				t.Errorf("%d panics", n)
			}
		})
	}
}

// tally counts what the legs heard.
func tally(of ...*pbx) map[string]int {
	mix := map[string]int{}
	for _, x := range of {
		for _, l := range x.made {
			for _, e := range l.heard {
				if kind, what, _ := strings.Cut(e, " "); kind == "ended" && (what == "BYE" || what == "CANCEL") {
					mix[e]++
				} else {
					mix[kind]++
				}
			}
		}
	}
	return mix
}
