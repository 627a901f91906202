package tests

import (
	"fmt"
	"net/netip"
	"os/exec"
	"regexp"
	"slices"
	"testing"
	"time"

	"asterism/tests/process"
	"asterism/tests/wire"
)

// TestFullDisk: a caller whose message finds no room is told so, and so is the log. The spool is a small file system of the PBX's own.
func TestFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	if err := exec.Command("unshare", "-Urm", "mount", "-t", "tmpfs", "tmpfs", "/mnt").Run(); err != nil {
		t.Skipf("no namespaces for a small disk here: unshare: %v", err)
	}
	h := newHouse(t, process.NewPorts(), `extensions = { internal = { ["700"] = function()
  app.VoiceMail("100", "st")
  app.Log("notice", "status " .. channel.VMSTATUS:get())
end } }`, "[general]\nformat = wav\n[default]\n100 => 1234,Anna\n")
	h.argv = []string{"unshare", "-Urm", "sh", "-c", `mount -t tmpfs -o size=40k tmpfs ` + h.dir + `/spool && exec "$@"`, "sh"}
	h.start()
	sip, err := wire.OpenSIP("udp", "127.0.0.9", h.sip)
	if err != nil {
		t.Fatal(err)
	}
	defer sip.Close()
	port, rtp, err := newVoice()
	if err != nil {
		t.Fatal(err)
	}
	defer rtp.Close()
	if err := sip.Send(fmt.Sprintf(crowdUser, "600", port)); err != nil {
		t.Fatal(err)
	}
	if status, err := sip.Response(3 * time.Second); err != nil || status != 200 {
		t.Fatal(status, err)
	}
	m := crowdPort.FindStringSubmatch(sip.Last())
	if err := sip.Send(fmt.Sprintf(crowdACK, "600")); err != nil {
		t.Fatal(err)
	}
	if err := rtp.Tone(netip.MustParseAddrPort("127.0.0.1:"+m[1]), 0, 440, 4*time.Second); err != nil { // 64 kB
		t.Fatal(err)
	}
	for _, line := range []string{`ERROR .*no space left on device`, `status FAILED`} {
		if _, err := process.WaitLog(h.log, 0, regexp.MustCompile(line), 5*time.Second); err != nil {
			t.Error(err)
		}
	}
	if !slices.ContainsFunc(rtp.Heard(0), func(v int16) bool { return v > 500 }) {
		t.Error("the caller heard nothing")
	}
}
