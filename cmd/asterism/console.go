package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"asterism/engine/manage"

	"github.com/chzyer/readline"
	"golang.org/x/term"
)

// execute is -rx: one command, its answer, exit status 0.
func execute(t terminal, f asteriskFlags) error {
	path, err := findSocket(f)
	if err != nil {
		return err
	}
	client, err := manage.Dial(path, nil, false)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Run(f.command, t.out)
}

// interactive is -r: a console upon a running PBX.
func interactive(t terminal, f asteriskFlags) error {
	path, err := findSocket(f)
	if err != nil {
		return err
	}
	stdin, isFile := t.in.(*os.File)
	if !isFile || !term.IsTerminal(int(stdin.Fd())) {
		return piped(t, path)
	}
	return console(path, f, "Disconnected from the PBX, which goes on running.")
}

// piped runs the commands that come on stdin, a line each.
func piped(t terminal, path string) error {
	client, err := manage.Dial(path, nil, false)
	if err != nil {
		return err
	}
	defer client.Close()
	text, err := io.ReadAll(io.LimitReader(t.in, 1<<20))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if word := strings.TrimSpace(line); word == "quit" || word == "exit" {
			return nil
		}
		if err := client.Run(line, t.out); err != nil {
			return err
		}
	}
	return nil
}

// console is the terminal's line editor upon a client. It returns when the user quits or the PBX goes away.
func console(path string, f asteriskFlags, farewell string) error {
	// The client must exist before the editor, which completes through it, and the editor before the first log line.
	var client *manage.Client
	editor, err := readline.NewEx(&readline.Config{
		HistoryFile: historyFile(), HistoryLimit: 1000, HistorySearchFold: true,
		AutoComplete: completer(func(line string) []string {
			words, _ := client.Complete(line) // the PBX is gone: the next command says so
			return words
		}),
	})
	if err != nil {
		return err
	}
	defer func() { _ = editor.Close() }()
	client, err = manage.Dial(path, editor.Stdout(), !f.noColor)
	if err != nil {
		return err
	}
	defer client.Close()
	fmt.Fprintf(editor.Stdout(), "%s\nConnected. Type 'core show help' for the commands, 'quit' to leave.\n", client.Version)
	name := client.System
	if name == "" {
		name, _ = os.Hostname()
	}
	editor.SetPrompt(name + "*CLI> ")
	if f.verbose > 0 {
		if err := client.Run(fmt.Sprintf("core set verbose %d", f.verbose), io.Discard); err != nil {
			return err
		}
	}
	go func() { // ends with the client, which this function closes
		<-client.Gone()
		_ = editor.Close()
	}()
	for {
		line, err := editor.Readline()
		switch {
		case errors.Is(err, readline.ErrInterrupt):
			continue // Ctrl-C clears the line; it must not take a PBX down by accident
		case err != nil:
			select {
			case <-client.Gone():
				fmt.Println("Disconnected: the PBX has ended.")
				return nil
			default:
				fmt.Println(farewell)
				return nil
			}
		}
		line = strings.TrimSpace(line)
		switch {
		case line == "quit" || line == "exit":
			fmt.Println(farewell)
			return nil
		case line == "":
			continue
		}
		if err := client.Run(line, editor.Stdout()); err != nil && !errors.Is(err, manage.ErrDisconnected) {
			return err // else the next Readline says so
		}
	}
}

// historyFile is ~/.asterisk_history's like; "" (no history) if there is no home.
func historyFile() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".asterism_history")
}

// completer asks the PBX what the word under the cursor may become.
type completer func(line string) []string

// Do gives readline the rest of each candidate and the length of what is typed of it.
func (c completer) Do(line []rune, pos int) ([][]rune, int) {
	typed := string(line[:pos])
	word := typed[strings.LastIndexByte(typed, ' ')+1:]
	var rest [][]rune
	for _, candidate := range c(typed) {
		if len(candidate) >= len(word) {
			rest = append(rest, []rune(candidate[len(word):]+" "))
		}
	}
	return rest, len([]rune(word))
}
