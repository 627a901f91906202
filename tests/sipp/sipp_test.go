package sipp

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"asterism/tests/process"
)

const caller = `
> INVITE sdp
< 180
< 200
    Contact: sip:
    body: m=audio
> ACK
pause 100
> INVITE sdp=alaw,sendonly
< 200
> ACK
< INFO
> 200
> BYE
< 200
`

const called = `
< INVITE
    !Contact: tel:
> 180
pause 50
> 200 sdp
< ACK
< INVITE
    body: a=sendonly
> 200 sdp=alaw,recvonly
< ACK
> INFO
< 200
< BYE
> 200
`

const cancels = `
> INVITE sdp
< 180
> CANCEL
< 200
< 487
> ACK
`

const cancelled = `
< INVITE
> 180
< CANCEL
> 200
> 487 INVITE
< ACK
`

// TestFlows proves the flows without a PBX: sipp calls sipp.
func TestFlows(t *testing.T) {
	if _, err := exec.LookPath("sipp"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("sipp is missing")
		}
		t.Skip("sipp is missing (Debian: sip-tester)")
	}
	for _, tt := range []struct {
		name     string
		uac, uas string
		tcp, six bool
	}{
		{"a call with re-INVITE and INFO", caller, called, false, false},
		{"the same by TCP", caller, called, true, false},
		{"the same by IPv6", caller, called, false, true},
		{"a cancelled call", cancels, cancelled, false, false},
		{"a refused call", "> INVITE sdp\n< 486\n> ACK\n", "< INVITE\n> 486\n< ACK\n", false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ports, dir, host := process.NewPorts(), t.TempDir(), "127.0.0.1"
			if tt.six {
				host = "[::1]"
			}
			start := func(name, text, remote string, port int) *Run {
				xml, err := XML(name, text)
				if err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(dir, name+".xml")
				if err := os.WriteFile(file, []byte(xml), 0o644); err != nil {
					t.Fatal(err)
				}
				r, err := Start(Config{Dir: dir, Name: name, Scenario: file, Remote: remote, Local: host, Port: port, MediaPort: port + 2, Control: port + 8,
					TCP: tt.tcp, Timeout: 8 * time.Second, Calls: 2, Keys: map[string]string{"from": name, "display": name, "rtp": "9"}})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(r.Stop)
				return r
			}
			block, err := ports.Block(20)
			if err != nil {
				t.Fatal(err)
			}
			at := func(p int) string { return fmt.Sprint(host, ":", p) }
			uas := start("called", tt.uas, at(block+10), block)
			time.Sleep(200 * time.Millisecond)
			uac := start("caller", tt.uac, at(block), block+10)
			for _, r := range []*Run{uac, uas} {
				if err := r.Wait(10 * time.Second); err != nil {
					t.Errorf("%v\n%s", err, r.Messages())
				}
			}
			if m, err := uac.Media(); strings.Contains(tt.uac, "200\n    Contact") && (err != nil || m.Port() != 9) {
				t.Errorf("media %v, %v", m, err)
			}
		})
	}
}
