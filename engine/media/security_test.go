package media_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"asterism/engine/bridge"
	"asterism/engine/media"
)

// TestThirdParty is the bar for RTP injection and bleed, in five phases of a call: before the first SDP, before the phone
// speaks, while it speaks, in its silence, after a re-INVITE. The attacker's share of what either ear hears stays below 2 %,
// and no attacker is sent anything, there having been no moment to learn it.
func TestThirdParty(t *testing.T) {
	for _, symmetric := range []bool{false, true} {
		t.Run(fmt.Sprint("symmetric ", symmetric), func(t *testing.T) {
			eachBackend(t, media.Config{StrictRTP: true, PortMin: 21000, PortMax: 21999}, func(t *testing.T, e *media.Engine) {
				for !testThirdParty(t, e, symmetric) {
					t.Log("the machine stood still while the phone was to be waited for: once more")
				}
			})
		})
	}
}

// testThirdParty says false, and nothing else, when the machine was too slow for phase 2: after 200 ms of silence from the phone a
// stranger may be learned.
func testThirdParty(t *testing.T, e *media.Engine, symmetric bool) bool {
	alice, bob := newPhone(t, "127.0.0.1", 1), newPhone(t, "127.0.0.1", 2)
	attackers := []*phone{newPhone(t, "127.0.0.66", 66), newPhone(t, "127.0.0.1", 1)} // elsewhere; and next door, with her SSRC
	c := media.PortConfig{LocalIP: netip.MustParseAddr("0.0.0.0"), Symmetric: symmetric}
	a, err := e.NewPort(c)
	if err != nil {
		t.Fatal(err)
	}
	b := newPort(t, e, c, bob.addr)
	if _, err := bridge.Join(a, b); err != nil {
		t.Fatal(err)
	}
	at := netip.AddrPortFrom(loopback, a.LocalAddr().Port())
	speak := func(p *phone, n byte) { _, _ = p.conn.WriteToUDPAddrPort(p.Packet(media.Voice(n)), at) }
	attack := func() {
		for _, p := range attackers {
			speak(p, 'x')
		}
	}
	toA := netip.AddrPortFrom(loopback, b.LocalAddr().Port())
	frame := func(aliceSpeaks bool) {
		attack()
		if aliceSpeaks {
			speak(alice, 'a')
		}
		_, _ = bob.conn.WriteToUDPAddrPort(bob.Packet(media.Voice('b')), toA)
		time.Sleep(2 * time.Millisecond)
	}
	for range 20 { // 1: before the first SDP
		frame(false)
	}
	st := media.AgreedStream(alice.addr, media.FormatULaw)
	a.SetStream(st)
	agreed := time.Now()
	for range 8 { // 2: before she speaks, well within 200 ms
		frame(false)
	}
	speak(alice, 'a')
	if time.Since(agreed) > 150*time.Millisecond {
		return false
	}
	for range 80 { // 3
		frame(true)
	}
	for range 60 { // 4: she is silent
		frame(false)
	}
	for _, held := range []bool{true, false} { // 5: re-INVITEs
		st.Held = held
		a.SetStream(st)
		for range 30 {
			frame(true)
		}
	}
	wait(t, "her voice", func() bool { return len(bob.heard()) >= 130 })
	bad := 0
	for _, p := range bob.heard() {
		if p.Payload[0] != 'a' {
			bad++
		}
	}
	if share := float64(bad) / float64(len(bob.heard())); share >= 0.02 {
		t.Errorf("the attackers are %.1f %% of what Bob hears", 100*share)
	}
	if n := len(attackers[0].heard()) + len(attackers[1].heard()); n != 0 {
		t.Errorf("the attackers were sent %d packets", n)
	}
	if len(alice.heard()) < 150 {
		t.Errorf("Alice heard %d packets", len(alice.heard()))
	}
	return true
}

// TestAttackerFirst: on a symmetric port a stranger may be learned when nobody else speaks, as phones behind NAT must be. The
// real phone gets its place at its first packet.
func TestAttackerFirst(t *testing.T) {
	eachBackend(t, media.Config{StrictRTP: true, PortMin: 21000, PortMax: 21999}, func(t *testing.T, e *media.Engine) {
		alice, attacker := newPhone(t, "127.0.0.1", 1), newPhone(t, "127.0.0.66", 66)
		learned := make(chan netip.AddrPort, 10)
		a := newPort(t, e, media.PortConfig{LocalIP: loopback, Symmetric: true, OnSource: func(s netip.AddrPort) { learned <- s }}, alice.addr)
		for i := 0; len(learned) == 0 && i < 500; i++ {
			attacker.say(a, 'x')
			time.Sleep(10 * time.Millisecond)
		}
		if got := <-learned; got != attacker.addr {
			t.Fatal("learned", got)
		}
		a.Play(media.Tone(8000, []float64{440}, nil, 0), nil)
		wait(t, "the attacker hears", func() bool { return len(attacker.heard()) > 2 })
		alice.say(a, 'a')
		if got := <-learned; got != alice.addr {
			t.Fatal("learned", got)
		}
		sent := len(attacker.heard())
		for range 20 {
			attacker.say(a, 'x')
			time.Sleep(5 * time.Millisecond)
		}
		if n := len(attacker.heard()) - sent; n > 1 {
			t.Errorf("the attacker was sent %d packets more", n)
		}
		if len(learned) != 0 {
			t.Error("learned again", <-learned)
		}
	})
}
