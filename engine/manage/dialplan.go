package manage

import (
	"fmt"
	"slices"
	"strings"

	"asterism/engine/config"
	"asterism/engine/dialplan"
)

func dialplanCommands() []Command {
	return []Command{
		{Name: "dialplan show", Args: "[[EXTEN@]CONTEXT]", Max: 1, Summary: "Shows the dialplan, one context, or who answers a number", Run: showDialplan,
			Complete: func(c *CLI, args []string) []string {
				var names []string
				for _, ctx := range c.PBX.Dialplan().Contexts() {
					names = append(names, ctx.Name)
				}
				return oneOf(names...)(c, args)
			}},
		{Name: "dialplan show errors", Summary: "Shows what the last reload found wrong, and the errors calls ended with", Run: dialplanErrors},
		{Name: "dialplan show globals", Summary: "Lists the global variables", Run: showGlobals},
		{Name: "dialplan set global", Args: "NAME VALUE", Min: 2, Max: 2, Summary: "Sets a global variable", Run: setGlobal},
		{Name: "voicemail reload", Summary: "Reads voicemail.conf and the rest of the configuration again", Run: reload},
		{Name: "dialplan reload", Summary: "Reads the dialplan and the configuration again", Run: reload},
		{Name: "core show hints", Summary: "Lists the hints and the state of their devices", Run: showHints},
	}
}

func dialplanErrors(r *Request) {
	problems, failures := r.PBX.Problems(), r.PBX.Failures()
	if len(problems)+len(failures) == 0 {
		r.printf("No errors.\n")
		return
	}
	r.problems(problems)
	if config.Failed(problems) {
		r.printf("The dialplan before these errors stays in force.\n")
	}
	if len(failures) > 0 {
		r.printf("Errors that scripts ended with since the start, the latest last:\n")
	}
	for _, f := range failures {
		r.printf("\n")
		r.text(f)
		r.printf("\n")
	}
}

func showDialplan(r *Request) {
	exten, context := "", ""
	if len(r.Args) == 1 {
		context = r.Args[0]
		if i := strings.LastIndexByte(context, '@'); i >= 0 {
			exten, context = context[:i], context[i+1:]
		}
	}
	all := r.PBX.Dialplan().Contexts()
	views := all
	if context != "" {
		views = slices.DeleteFunc(slices.Clone(all), func(v dialplan.ContextView) bool { return v.Name != context })
		if len(views) == 0 {
			r.printf("There is no existence of '%s' context\n", context)
			return
		}
	}
	if exten != "" {
		views = matching(all, views, exten)
		switch {
		case len(views) > 0:
		case context != "":
			r.printf("There is no existence of %s@%s extension\n", exten, context)
			return
		default:
			r.printf("There is no existence of '%s' extension in all contexts\n", exten)
			return
		}
	}
	extensions, priorities := 0, 0
	for _, v := range views {
		r.text(v.String())
		r.printf("\n")
		extensions += len(v.Extensions)
		for _, x := range v.Extensions {
			priorities += len(x.Entries)
		}
	}
	counted := func(n int, one, many string) string {
		if n == 1 {
			return "1 " + one
		}
		return fmt.Sprintf("%d %s", n, many)
	}
	r.printf("-= %s (%s) in %s. =-\n", counted(extensions, "extension", "extensions"), counted(priorities, "priority", "priorities"),
		counted(len(views), "context", "contexts"))
}

// matching follows the includes of the views, each context once, and keeps those with an extension for the number.
func matching(all, views []dialplan.ContextView, exten string) []dialplan.ContextView {
	var found []dialplan.ContextView
	seen := map[string]bool{}
	var visit func(v dialplan.ContextView)
	visit = func(v dialplan.ContextView) {
		if seen[v.Name] {
			return
		}
		seen[v.Name] = true
		if m := v.Match(exten); len(m.Extensions) > 0 {
			m.Includes = nil
			found = append(found, m)
		}
		for _, in := range v.Includes {
			if i := slices.IndexFunc(all, func(v dialplan.ContextView) bool { return v.Name == in.Name }); i >= 0 {
				visit(all[i])
			}
		}
	}
	for _, v := range views {
		visit(v)
	}
	return found
}

func showHints(r *Request) {
	hints := r.PBX.Dialplan().Hints()
	if len(hints) == 0 {
		r.printf("There are no registered dialplan hints\n")
		return
	}
	r.printf("\n    -= Registered Asterisk Dial Plan Hints =-\n")
	for _, h := range hints {
		r.printf("%-20.20s: %-20.20s  State:%-15.15s Presence:%-15.15s Watchers %2d\n", h.Pattern+"@"+h.Context, h.Data, hintWords[r.PBX.ExtensionState(h.Data)], "", r.watchers(h.Context, h.Pattern))
	}
	r.printf("----------------\n- %d hints registered\n", len(hints))
}

func showGlobals(r *Request) {
	globals := r.PBX.Globals()
	for _, name := range sortedKeys(globals) {
		r.printf("   %s=%s\n", name, globals[name])
	}
	r.printf("\n    -- %d variable%s\n", len(globals), ending(len(globals)))
}

func setGlobal(r *Request) {
	r.PBX.SetVariable("", r.Args[0], r.Args[1])
	r.printf("    -- Global variable '%s' set to '%s'\n", r.Args[0], r.Args[1])
}
