package config

import (
	"context"
	"errors"
	"os/exec"
	"time"
)

// Shell gives a ParseOptions.Exec that runs a command as Asterisk's #exec does, by /bin/sh, for at most limit.
// It is given only to files whose writer may run anything: execincludes=yes says so.
func Shell(ctx context.Context, limit time.Duration) func(command string) ([]byte, error) {
	return func(command string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
		cmd.WaitDelay = time.Second // a grandchild that holds the pipe must not hold us
		out, err := cmd.Output()
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, errors.New("it ran too long")
		}
		return out, err
	}
}
