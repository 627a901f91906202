package config

import (
	"context"
	"testing"
	"time"
)

func TestShell(t *testing.T) {
	run := Shell(context.Background(), 10*time.Second)
	if out, err := run("echo x = 1"); string(out) != "x = 1\n" || err != nil {
		t.Errorf("got %q, %v", out, err)
	}
	if _, err := run("exit 3"); err == nil {
		t.Error("a failure is no error")
	}
	if _, err := run("yes"); err == nil {
		t.Error("endless output is no error")
	}
	if _, err := Shell(context.Background(), time.Millisecond)("exec cat /dev/zero"); err == nil {
		t.Error("a command that does not end is no error")
	}
}
