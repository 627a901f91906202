package config

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"time"
)

// Shell gives a ParseOptions.Exec that runs a command as Asterisk's #exec does, by /bin/sh, for at most limit.
// Hand it in only where the writer of the files may run anything anyway.
func Shell(ctx context.Context, limit time.Duration) func(command string) ([]byte, error) {
	return func(command string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		cmd := exec.CommandContext(ctx, "/bin/sh", "-c", command)
		cmd.WaitDelay = time.Second // a grandchild that holds the pipe must not hold us
		out := &bounded{full: cancel}
		cmd.Stdout = out
		err := cmd.Run()
		switch {
		case out.over:
			return nil, errors.New("it says too much")
		case errors.Is(ctx.Err(), context.DeadlineExceeded):
			return nil, errors.New("it ran too long")
		}
		return out.buf.Bytes(), err
	}
}

// bounded ends a command that says more than a file may. The buffer is no embedded one: its ReadFrom would go
// round the bound.
type bounded struct {
	buf  bytes.Buffer
	over bool
	full func()
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.buf.Len()+len(p) > maxFileSize {
		b.over = true
		b.full()
		return 0, errors.New("too much output")
	}
	return b.buf.Write(p)
}
