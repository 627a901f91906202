package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadme: the dialplan on the first screen is one.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(readme), "```lua\n")
	code, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("no dialplan in README.md")
	}
	etc := t.TempDir()
	for name, text := range map[string]string{
		"extensions.lua": code,
		"pjsip.conf":     "[udp]\ntype = transport\nprotocol = udp\nbind = 127.0.0.1\n[100]\ntype = endpoint\ncontext = internal\n",
	} {
		if err := os.WriteFile(filepath.Join(etc, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := findPlaces("", etc, etc)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range check(p) {
		t.Error(problem)
	}
}
