package tests

import (
	"os/exec"
	"regexp"
	"slices"
	"testing"
	"time"

	"asterism/tests/process"
)

// TestFullDisk: a caller whose message finds no room is told so, and so is the log. The spool is a small file system of the PBX's own.
func TestFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("takes ten seconds")
	}
	if err := exec.Command("unshare", "-Urm", "mount", "-t", "tmpfs", "tmpfs", "/mnt").Run(); err != nil {
		t.Skipf("no namespaces for a small disk here: unshare: %v", err)
	}
	h := newHouse(t, process.NewPorts(), 10, `extensions = { internal = { ["700"] = function()
  app.VoiceMail("100", "st")
  app.Log("notice", "status " .. channel.VMSTATUS:get())
end } }`, "[general]\nformat = wav\n[default]\n100 => 1234,Anna\n")
	h.argv = []string{"unshare", "-Urm", "sh", "-c", `mount -t tmpfs -o size=40k tmpfs ` + h.dir + `/spool && exec "$@"`, "sh"}
	h.start()
	rtp := h.call("600", 4*time.Second) // 64 kB
	for _, line := range []string{`ERROR .*no space left on device`, `status FAILED`} {
		if _, err := process.WaitLog(h.log, 0, regexp.MustCompile(line), 5*time.Second); err != nil {
			t.Error(err)
		}
	}
	if !slices.ContainsFunc(rtp.Heard(0), func(v int16) bool { return v > 500 }) {
		t.Error("the caller heard nothing")
	}
}
