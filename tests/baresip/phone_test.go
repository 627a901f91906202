package baresip

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"asterism/tests/audio"
	"asterism/tests/process"
)

// TestTwoPhones proves the ear of the scenes without a PBX: each of two phones hears the other's tone and not its own.
func TestTwoPhones(t *testing.T) {
	if _, err := exec.LookPath("baresip"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("baresip is missing")
		}
		t.Skip("baresip is missing (Debian: baresip-core)")
	}
	ports := process.NewPorts()
	alice, bob := start(t, ports, "alice", 440, "pcmu"), start(t, ports, "bob", 620, "pcmu")
	for _, p := range []*Phone{alice, bob} {
		peer := map[*Phone]*Phone{alice: bob, bob: alice}[p]
		if err := p.AddAccount(p.cfg.Name, "", peer.Address(), "udp", 0); err != nil {
			t.Fatal(err)
		}
	}
	do(t, alice, "dial", "sip:bob@"+bob.Address())
	wait(t, bob, "CALL_INCOMING")
	do(t, bob, "accept", "")
	wait(t, bob, "CALL_ESTABLISHED")
	wait(t, alice, "CALL_ESTABLISHED")
	a, b := alice.Now(), bob.Now()
	time.Sleep(1200 * time.Millisecond)
	check(t, alice, a, 620, 440)
	check(t, bob, b, 440, 620)

	do(t, bob, "hold", "")
	time.Sleep(300 * time.Millisecond)
	a = alice.Now()
	time.Sleep(600 * time.Millisecond)
	if pcm, rate := alice.Heard(a); !silent(pcm, rate, 620) {
		t.Error("bob goes on talking on hold")
	}
	do(t, bob, "resume", "")
	do(t, alice, "sndcode", "42")
	for _, digit := range []string{"4", "2"} {
		if e := wait(t, bob, "CALL_DTMF_START"); e.Param != digit {
			t.Errorf("digit %q, want %q", e.Param, digit)
		}
	}
	do(t, alice, "hangup", "")
	wait(t, bob, "CALL_CLOSED")
	if !strings.Contains(bob.Trace(), "BYE sip:") {
		t.Error("the trace has no BYE")
	}
}

func start(t *testing.T, ports *process.Ports, name string, tone int, codecs string) *Phone {
	t.Helper()
	first, err := ports.Block(24)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Start(Config{Dir: t.TempDir(), Name: name, Address: "127.0.0.1", SIPPort: first + 20, CtrlPort: first + 22,
		RTPPort: first, Tone: tone, Codecs: codecs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s:\n%s", name, p.Trace())
		}
	})
	return p
}

func do(t *testing.T, p *Phone, command, params string) {
	t.Helper()
	if _, err := p.Command(command, params); err != nil {
		t.Fatal(err)
	}
}

func wait(t *testing.T, p *Phone, kind string) Event {
	t.Helper()
	e, err := p.Wait(kind, "", 3*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func check(t *testing.T, p *Phone, since Mark, hears, not float64) {
	t.Helper()
	pcm, rate := p.Heard(since)
	if ok, level := audio.Hears(pcm, rate, hears, 500*time.Millisecond); !ok {
		t.Errorf("%s does not hear %v Hz in %d samples: %v", p.cfg.Name, hears, len(pcm), level)
	}
	if ok, level := audio.Silent(pcm, rate, not); !ok {
		t.Errorf("%s hears %v Hz: %v", p.cfg.Name, not, level)
	}
}

func silent(pcm []int16, rate int, freq float64) bool {
	ok, _ := audio.Silent(pcm, rate, freq)
	return ok
}
