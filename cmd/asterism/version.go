package main

import (
	"fmt"
	"runtime/debug"

	"asterism/engine/manage"
)

type versionCommand struct{}

// Run prints what the Go linker recorded.
func (*versionCommand) Run(t terminal) error {
	_, err := fmt.Fprintln(t.out, manage.Version(version()))
	return err
}

// version is the module's: a tag, a pseudo-version, or "devel" for a build out of a work tree.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
