package lint

import (
	"maps"
	"slices"
	"strings"

	"asterism/engine/config"
	"asterism/engine/dialplan"
	"asterism/scripting"

	"github.com/yuin/gopher-lua/ast"
)

// global looks at a name that is no local.
func (w *walker) global(n *ast.IdentExpr) {
	if _, ok := w.find(n.Value); ok || w.own[n.Value] {
		return
	}
	if _, ok := w.globals[n.Value]; ok || n.Value == "arg" {
		return
	}
	names := slices.Collect(maps.Keys(w.globals))
	for _, s := range w.scopes {
		names = slices.AppendSeq(names, maps.Keys(s))
	}
	names = slices.AppendSeq(names, maps.Keys(w.own))
	if len(n.Value) < 3 {
		names = nil
	}
	fix := meant(n.Value, names, "write local, or set it in extensions.lua")
	switch n.Value {
	case "io", "debug":
		fix = "the sandbox has it when [sandbox] in asterism.conf opens it: files, execute or debug"
	case "module", "newproxy", "setfenv", "getfenv":
		fix = "the sandbox has only what Lua 5.1 computes with"
	}
	w.say(codeGlobal, Warning, n.Line(), n.Value, fix,
		"global %q is set nowhere: it is nil", n.Value)
}

// libraryField finds string.trim: a library that Lua has, with a name it has not.
func (w *walker) libraryField(n *ast.AttrGetExpr) {
	of, ok := n.Object.(*ast.IdentExpr)
	key, isName := n.Key.(*ast.StringExpr)
	if !ok || !isName {
		return
	}
	known := w.globals[of.Value]
	if _, local := w.find(of.Value); local || len(known) == 0 || of.Value == "package" || slices.Contains(known, key.Value) || w.sets(of.Value, key.Value) {
		return
	}
	w.say(codeField, Warning, key.Line(), key.Value, meant(key.Value, known, "the sandbox has only what Lua 5.1 computes with"),
		"%s has no %q: it is nil", of.Value, key.Value)
}

// sets tells whether the site adds a field to a library itself; that is rare, so the text is searched.
func (w *walker) sets(library, field string) bool {
	for _, lines := range w.files {
		for _, line := range lines {
			if strings.Contains(line, "function "+library+"."+field) || strings.Contains(line, library+"."+field+" =") {
				return true
			}
		}
	}
	return false
}

// member is the name in app.NAME or channel["NAME"], if of is that global.
func (w *walker) member(e ast.Expr, of string) (name string, line int, ok bool) {
	n, ok := e.(*ast.AttrGetExpr)
	if !ok {
		return "", 0, false
	}
	id, ok := n.Object.(*ast.IdentExpr)
	if !ok || id.Value != of {
		return "", 0, false
	}
	if _, local := w.find(of); local {
		return "", 0, false
	}
	name = w.fold(n.Key)
	return name, max(n.Key.Line(), n.Line()), !strings.Contains(name, unknown)
}

// call looks at a function call: an application, a dialplan function, or a method of a channel variable.
func (w *walker) call(n *ast.FuncCallExpr) {
	if n.Receiver != nil {
		return
	}
	if name, line, ok := w.member(n.Func, "app"); ok {
		args := make([]string, len(n.Args))
		for i, a := range n.Args {
			args[i] = w.fold(a)
		}
		at := place{pos: w.pos(line), context: w.context, name: name}
		w.application(at, name, strings.Join(args, ","))
		return
	}
	if name, line, ok := w.member(n.Func, "channel"); ok {
		w.dialplanFunction(w.pos(line), name)
		return
	}
	method, ok := n.Func.(*ast.AttrGetExpr)
	if !ok {
		return
	}
	key, ok := method.Key.(*ast.StringExpr)
	if !ok || key.Value != "get" && key.Value != "set" {
		return
	}
	object := method.Object
	if c, ok := object.(*ast.FuncCallExpr); ok && c.Receiver == nil {
		object = c.Func
	}
	if name, _, ok := w.member(object, "channel"); ok {
		w.say(codeDot, Error, key.Line(), "."+key.Value, "write channel."+name+":"+key.Value, "channel.%s.%s is called with '.'", name, key.Value)
	}
}

// channelKey finds the function in channel["FUNC(args)"].
func (w *walker) channelKey(n *ast.AttrGetExpr) {
	if name, line, ok := w.member(n, "channel"); ok {
		if function, _, ok := strings.Cut(name, "("); ok {
			w.dialplanFunction(w.pos(line), function)
		}
	}
}

func (c *checker) dialplanFunction(pos config.Pos, name string) {
	name = strings.TrimSpace(name)
	if c.functions[name] || strings.Contains(name, unknown) {
		return
	}
	c.add(codeFunction, Error, pos, c.column(pos.File, pos.Line, name), meant(name, slices.Collect(maps.Keys(c.functions)), "see core show functions"),
		"no function %s()", name)
}

// place is where an application is called; context "" is not known.
type place struct {
	pos     config.Pos
	context string
	exten   string // of extensions.conf; "" in Lua, where an extension is one function
	name    string // of the application, as written
}

// report adds a finding at word, or at the application where the word comes from elsewhere.
func (c *checker) report(p place, word, code string, severity Severity, fix, format string, args ...any) {
	c.add(code, severity, p.pos, c.column(p.pos.File, p.pos.Line, word, p.name), fix, format, args...)
}

// application looks at one call of an application with its arguments as far as they are known.
func (c *checker) application(p place, name, data string) {
	a, ok := c.applications[strings.ToLower(name)]
	if !ok {
		names := make([]string, 0, len(c.applications))
		for _, a := range c.applications {
			names = append(names, a.Name)
		}
		c.report(p, name, codeApplication, Error, meant(name, names, "see core show applications"), "no application %s", name)
		return
	}
	takes := splitWords(a.Arguments.Takes)
	switch {
	case len(takes) == 1 && takes[0] == "place":
		c.target(p, data)
		return
	case len(takes) == 1 && takes[0] == "branches":
		c.branches(p, data)
		return
	}
	for i, arg := range scripting.SplitArguments(data) {
		if i >= len(takes) || arg == "" {
			continue
		}
		switch takes[i] {
		case "targets":
			c.targets(p, arg)
		case "prompts":
			c.prompts(p, arg)
		case "options":
			c.options(p, a, arg)
		}
	}
}

func splitWords(takes string) []string {
	words := strings.Split(takes, ",")
	for i, w := range words {
		words[i] = strings.TrimSpace(w)
	}
	return words
}

// options looks at the letters of "tL(60:5)g"; from what is not known on, nothing can be said.
func (c *checker) options(p place, a scripting.Summary, text string) {
	if a.Arguments.Options == "" && a.Arguments.Ignored == "" {
		return
	}
	depth := 0
	for _, letter := range text {
		switch {
		case string(letter) == unknown:
			return
		case letter == '(':
			depth++
		case letter == ')':
			depth--
		case depth > 0 || letter == ' ' || letter == '"':
		case strings.ContainsRune(a.Arguments.Options, letter):
		case strings.ContainsRune(a.Arguments.Ignored, letter):
			c.report(p, text, codeIgnored, Warning, "", "%s: option %q has no effect yet", a.Name, string(letter))
		default:
			c.report(p, text, codeOption, Warning, "the letters are "+sorted(a.Arguments.Options+a.Arguments.Ignored), "%s has no option %q", a.Name, string(letter))
		}
	}
}

func sorted(letters string) string {
	list := strings.Split(letters, "")
	slices.Sort(list)
	return strings.Join(slices.Compact(list), " ")
}

// prompts looks for names joined by &.
func (c *checker) prompts(p place, names string) {
	if c.in.Sounds == nil {
		return
	}
	for name := range strings.SplitSeq(names, "&") {
		if name == "" || strings.ContainsAny(name, unknown+"${") || strings.Contains(name, "://") || c.in.Sounds.Has(name, "en") || c.hasInSomeLanguage(name) {
			continue
		}
		c.report(p, name, codePrompt, Warning, "put a file of that name into the sounds folder", "prompt %q is missing", name)
	}
}

func (c *checker) hasInSomeLanguage(name string) bool {
	for _, e := range c.in.Snapshot.PJSIP.Endpoints {
		if e.Language != "" && c.in.Sounds.Has(name, e.Language) {
			return true
		}
	}
	return false
}

// technologies are those that can be dialled.
var technologies = []string{"PJSIP", "Local"}

// targets looks at what Dial is given.
func (c *checker) targets(p place, list string) {
	for one := range strings.SplitSeq(list, "&") {
		one = strings.TrimSpace(one)
		if one == "" {
			continue
		}
		tech, resource, ok := strings.Cut(one, "/")
		switch {
		case !ok && strings.Contains(one, unknown):
		case ok && resource == "":
			c.report(p, one, codeTarget, Error, "write who is dialled too, as "+one+"100", "%q is no Tech/resource", one)
		case !ok:
			c.report(p, one, codeTarget, Error, "write the technology too, as PJSIP/"+one, "%q is no Tech/resource", one)
		case strings.Contains(tech, unknown):
		case !slices.ContainsFunc(technologies, func(t string) bool { return strings.EqualFold(t, tech) }):
			c.report(p, one, codeTechnology, Error, "write PJSIP/ or Local/", "technology %s is not here", tech)
		case strings.Contains(resource, unknown):
		case strings.EqualFold(tech, "Local"):
			c.localTarget(p, resource)
		default:
			c.endpoint(p, resource, "")
		}
	}
}

// localTarget is exten@context[/options].
func (c *checker) localTarget(p place, resource string) {
	address, _, _ := strings.Cut(resource, "/")
	exten, context, ok := strings.Cut(address, "@")
	if !ok {
		context = "default"
	}
	c.destination(p, []string{context}, exten, "1")
}

// endpoint looks at the forms endpoint, user@endpoint and endpoint/aor.
func (c *checker) endpoint(p place, resource, of string) {
	name, rest, _ := strings.Cut(resource, "/")
	if strings.HasPrefix(resource, "sip:") || strings.HasPrefix(resource, "sips:") {
		return
	}
	if _, at, ok := strings.Cut(name, "@"); ok {
		name = at
	}
	endpoints := c.in.Snapshot.PJSIP.Endpoints
	e, ok := endpoints[name]
	if !ok {
		c.report(p, resource, codeEndpoint, Error, meant(name, slices.Collect(maps.Keys(endpoints)), "add ["+name+"] with type=endpoint to pjsip.conf"),
			"%sendpoint %q is not in pjsip.conf", of, name)
		return
	}
	if rest != "" && !strings.HasPrefix(rest, "sip:") && !strings.HasPrefix(rest, "sips:") && !slices.Contains(e.AORs, rest) && c.in.Snapshot.PJSIP.AORs[rest] == nil {
		c.report(p, resource, codeEndpoint, Error, "", "%sendpoint %q has no AOR %q", of, name, rest)
	}
}

// branches is GotoIf's condition?place:place.
func (c *checker) branches(p place, data string) {
	_, places, ok := cutTopLevel(data, '?')
	if !ok {
		return
	}
	yes, no, _ := cutTopLevel(places, ':')
	for _, where := range []string{yes, no} {
		if where != "" {
			c.target(p, where)
		}
	}
}

// cutTopLevel cuts at the first sep that stands in no brackets.
func cutTopLevel(s string, sep byte) (before, after string, ok bool) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch {
		case strings.IndexByte("([{", s[i]) >= 0:
			depth++
		case strings.IndexByte(")]}", s[i]) >= 0:
			depth--
		case s[i] == sep && depth <= 0:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// target is [[context,]exten,]priority[(arguments)].
func (c *checker) target(p place, data string) {
	data, _, _ = strings.Cut(data, "(")
	parts := scripting.SplitArguments(data)
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	contexts := c.around(p.context)
	switch len(parts) {
	case 1:
		if p.exten != "" && !strings.Contains(data, unknown) {
			c.destination(p, contexts, p.exten, parts[0])
		}
	case 2:
		c.destination(p, contexts, parts[0], parts[1])
	case 3:
		c.destination(p, []string{parts[0]}, parts[1], parts[2])
	}
}

// around are the contexts a call may be in while an extension of context runs: it, and all that include it.
func (c *checker) around(context string) []string {
	if context == "" || strings.Contains(context, unknown) {
		return nil
	}
	out := []string{context}
	for i := 0; i < len(out); i++ {
		for _, v := range c.index.Contexts() {
			if !slices.Contains(out, v.Name) && slices.ContainsFunc(v.Includes, func(in dialplan.IncludeView) bool { return in.Name == out[i] }) {
				out = append(out, v.Name)
			}
		}
	}
	return out
}

// destination looks for exten and priority, or label, in one of contexts.
func (c *checker) destination(p place, contexts []string, exten, priority string) {
	if len(contexts) == 0 || strings.Contains(contexts[0], unknown) {
		return
	}
	context := contexts[0]
	if len(contexts) == 1 && !c.index.Has(context) {
		c.report(p, context, codePlace, Error, meant(context, c.contexts(), "add the context, or name another"), "there is no context %q", context)
		return
	}
	if strings.Contains(exten, unknown) || exten == "" {
		return
	}
	for _, context := range contexts {
		if _, ok := c.index.Find(context, exten, "", 1, dialplan.Match); !ok && !c.anyCaller(context, exten) {
			continue
		}
		if c.hasPriority(context, exten, priority) {
			return
		}
		c.report(p, priority, codePlace, Error, "", "extension %q of context %q has no priority or label %q", exten, context, priority)
		return
	}
	c.report(p, exten, codePlace, Error, "add it, or name another", "context %q has no extension %q", context, exten)
}

// anyCaller: the extension is there for some callers only.
func (c *checker) anyCaller(context, exten string) bool {
	for _, v := range c.index.Contexts() {
		if v.Name == context && len(v.Match(exten).Extensions) > 0 {
			return true
		}
	}
	return false
}

func (c *checker) hasPriority(context, exten, priority string) bool {
	if priority == "" || strings.Contains(priority, unknown) || strings.ContainsAny(priority[:1], "+-") || priority == "n" {
		return true
	}
	n := 0
	for _, d := range priority {
		if d < '0' || d > '9' {
			_, ok := c.index.FindLabel(context, exten, "", priority)
			return ok || c.anyCaller(context, exten) && !c.plain(context, exten)
		}
		n = min(n*10+int(d-'0'), 1<<20)
	}
	_, ok := c.index.Find(context, exten, "", n, dialplan.Match)
	return ok || !c.plain(context, exten)
}

// plain: the extension is there for every caller.
func (c *checker) plain(context, exten string) bool {
	_, ok := c.index.Find(context, exten, "", 1, dialplan.Match)
	return ok
}
