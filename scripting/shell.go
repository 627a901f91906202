package scripting

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/rs/zerolog"
	lua "github.com/yuin/gopher-lua"
)

// commandGrace is how long commands that run may go on when the PBX ends.
const commandGrace = 5 * time.Second

// shellCommand prepares a command that is run later: ^{NAME} stands for a variable or a function, whose value is the one of now. Values
// go to the shell as its own variables, so that it never reads them as a command, whatever a caller calls himself. "" if none is wanted, or
// live_dangerously of asterisk.conf does not permit it.
func (c *call) shellCommand(l *lua.LState, command string) (string, []string) {
	if command == "" {
		return "", nil
	}
	if !c.gen.asterisk.LiveDangerously {
		c.log.Warn().Msg("command not run: asterisk.conf has no live_dangerously=yes")
		return "", nil
	}
	var out strings.Builder
	var environment []string
	for {
		before, rest, found := strings.Cut(command, "^{")
		name, after, closed := strings.Cut(rest, "}")
		out.WriteString(before)
		if !found || !closed {
			out.WriteString(command[len(before):])
			return out.String(), environment
		}
		value, _ := c.getValue(l, name)
		key := fmt.Sprintf("PBX_%d", len(environment)+1)
		out.WriteString("${" + key + "}")
		environment = append(environment, key+"="+strings.ReplaceAll(value, "\x00", ""))
		command = after
	}
}

// runCommand runs a command of shellCommand on a goroutine that Close waits for; after, at its end.
func (h *Host) runCommand(log zerolog.Logger, command string, environment []string, after func()) {
	h.commands.Go(func() {
		defer after()
		cmd := exec.CommandContext(h.running, "/bin/sh", "-c", command)
		cmd.Env = append(os.Environ(), environment...)
		cmd.WaitDelay = time.Second
		if err := cmd.Run(); err != nil {
			log.Warn().Err(err).Msg("command failed")
		}
	})
}

// stopCommands ends what still runs after commandGrace.
func (h *Host) stopCommands() {
	timer := time.AfterFunc(commandGrace, h.stopRunning)
	defer timer.Stop()
	h.commands.Wait()
	h.stopRunning()
}
