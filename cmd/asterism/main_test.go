package main

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"asterism/engine/manage"

	"github.com/rogpeppe/go-internal/testscript"
)

// The commands run as real processes: this test binary under their names.
func TestMain(m *testing.M) {
	command := func() { os.Exit(realMain(os.Args, os.Stdin, os.Stdout, os.Stderr)) }
	testscript.Main(m, map[string]func(){"asterism": command, "asterisk": command, "rasterisk": command})
}

// TestScripts plays testdata/*.txtar.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", RequireExplicitExec: true, RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"booted": booted, "signal": sendSignal, "last-words": lastWords}})
}

// booted SOCKET waits until a PBX takes calls there.
func booted(ts *testscript.TestScript, _ bool, args []string) {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		client, err := manage.Dial(ts.MkAbs(args[0]), nil, false)
		if err == nil {
			err = client.Run("core waitfullybooted", io.Discard)
			client.Close()
			if err == nil {
				return
			}
		}
		if time.Now().After(deadline) {
			ts.Fatalf("not booted: %v", err)
		}
	}
}

// lastWords SOCKET COMMAND runs a command and waits until the PBX has gone.
func lastWords(ts *testscript.TestScript, _ bool, args []string) {
	client, err := manage.Dial(ts.MkAbs(args[0]), nil, false)
	ts.Check(err)
	defer client.Close()
	ts.Check(client.Run(args[1], io.Discard))
	select {
	case <-client.Gone():
	case <-time.After(20 * time.Second):
		ts.Fatalf("the PBX stays after %q", args[1])
	}
}

// sendSignal HUP|TERM|INT sends it to the commands in the background.
func sendSignal(ts *testscript.TestScript, _ bool, args []string) {
	sig := map[string]syscall.Signal{"HUP": syscall.SIGHUP, "TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL}[args[0]]
	for _, cmd := range ts.BackgroundCmds() {
		if filepath.Base(cmd.Args[0]) == "asterism" || filepath.Base(cmd.Args[0]) == "asterisk" {
			ts.Check(cmd.Process.Signal(sig))
		}
	}
}
