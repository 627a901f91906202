package main

import (
	"io/fs"

	"asterism/engine"
	"asterism/engine/config"
	"asterism/scripting"
	"asterism/scripting/lint"
)

// compiler fits package scripting to what the engine asks of a dialplan. What would go wrong in a call is a warning.
func compiler(host *scripting.Host, prompts lint.Sounds) func(fs.FS, *config.Snapshot) (engine.Script, []config.Problem) {
	return func(etc fs.FS, snap *config.Snapshot) (engine.Script, []config.Problem) {
		g, problems := host.Load(etc, snap)
		if g == nil { // a nil *Generation in the interface would not be nil
			return nil, problems
		}
		return script{g}, append(problems, doubts(etc, snap, g, prompts, problems)...)
	}
}

// script shows a Generation's plugins by name.
type script struct{ *scripting.Generation }

func (s script) Applications() []string { return names(s.Generation.Applications()) }
func (s script) Functions() []string    { return names(s.Generation.Functions()) }

func (s script) Commands() []string { return names(s.Generation.Commands()) }

func names(list []scripting.Summary) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.Name
	}
	return out
}
