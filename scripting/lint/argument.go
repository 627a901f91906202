package lint

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"asterism/engine/channel"
	"asterism/scripting"
)

// What an application's or a function's arguments may be, by the words of scripting.Arguments.

// arguments looks at data, what an application or a function is given, as far as it is known.
func (c *checker) arguments(p place, of string, a scripting.Arguments, data string) {
	switch strings.TrimSuffix(a.Takes, "!") {
	case "":
		return
	case "place", "branches", "assignment":
		c.whole(p, of, a.Takes, data)
		return
	}
	given := scripting.SplitArguments(data)
	for i, take := range strings.Split(a.Takes, ",") {
		word, must := strings.CutSuffix(strings.TrimSpace(take), "!")
		switch {
		case i < len(given) && strings.TrimSpace(given[i]) != "":
			c.argument(p, of, a, word, given[i])
		case must && !strings.Contains(data, unknown):
			c.missing(p, of, word)
			return
		}
	}
}

func (c *checker) missing(p place, of, word string) {
	c.report(p, p.name, codeMissing, Error, manual(of), "%s lacks an argument: %s", of, word)
}

// manual is where it is said what an application, or a function (), takes.
func manual(of string) string {
	if function, ok := strings.CutSuffix(of, "()"); ok {
		return "see core show function " + function
	}
	return "see core show application " + of
}

// whole looks at what is one argument, commas and all.
func (c *checker) whole(p place, of, takes, data string) {
	word, must := strings.CutSuffix(takes, "!")
	switch {
	case strings.TrimSpace(data) == "":
		if must {
			c.missing(p, of, word)
		}
	case word == "place":
		c.target(p, data)
	case word == "branches":
		c.branches(p, of, data)
	case !strings.Contains(data, "=") && !strings.Contains(data, unknown):
		c.report(p, data, codeArgument, Warning, "write NAME=value", "%s: %q sets nothing", of, data)
	}
}

// number is what seconds and their like may be: a timeout of Dial may hold a second one behind ^.
var number = regexp.MustCompile(`^\s*-?(\d+\.?\d*|\.\d+)?(\^[\d.]*)?\s*$`)

// argument looks at one argument that is there.
func (c *checker) argument(p place, of string, a scripting.Arguments, word, arg string) {
	switch word {
	case "targets":
		c.targets(p, arg)
	case "prompts":
		c.prompts(p, arg)
	case "options":
		c.options(p, of, a, arg)
	case "seconds", "ms", "max", "attempts":
		if !strings.Contains(arg, unknown) && !number.MatchString(arg) {
			c.report(p, arg, codeArgument, Warning, "write a number", "%s: %s is %q, which is no number", of, word, arg)
		}
	case "cause":
		if _, err := channel.ParseCause(arg); err != nil && !strings.Contains(arg, unknown) {
			c.report(p, arg, codeArgument, Warning, "write its number or name, 17 or USER_BUSY", "%s: %q is no hang-up cause", of, arg)
		}
	case "key":
		if !strings.Contains(arg, unknown) && !strings.Contains(strings.Trim(arg, "/ "), "/") {
			c.report(p, arg, codeArgument, Error, "write family/key", "%s: %q has no '/'", of, arg)
		}
	case "item":
		c.item(p, of, a, strings.TrimSpace(arg))
	}
}

// item looks at the word that says what is asked for.
func (c *checker) item(p place, of string, a scripting.Arguments, item string) {
	items := strings.Fields(a.Items)
	if len(items) == 0 || strings.Contains(item, unknown) || slices.ContainsFunc(items, func(i string) bool { return strings.EqualFold(i, item) }) {
		return
	}
	known := manual(of)
	if len(items) <= 16 {
		known = "want " + strings.Join(items, ", ")
	}
	c.report(p, item, codeItem, Error, meant(strings.ToLower(item), items, known), "%s has no %q", of, item)
}

// options looks at the letters of "tL(60:5)g"; from what is not known on, nothing can be said.
func (c *checker) options(p place, of string, a scripting.Arguments, text string) {
	if a.Options == "" && a.Ignored == "" {
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
		case strings.ContainsRune(a.Options, letter):
		case strings.ContainsRune(a.Ignored, letter):
			c.report(p, text, codeIgnored, Warning, "leave it out", "%s: option %q has no effect yet", of, string(letter))
		default:
			c.report(p, text, codeOption, Warning, "the letters are "+sorted(a.Options+a.Ignored), "%s has no option %q", of, string(letter))
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
		if name == "" || strings.ContainsAny(name, unknown+"${") || strings.Contains(name, ":") || c.in.Sounds.Has(name, "en") || c.hasInSomeLanguage(name) {
			continue
		}
		fix := "it is there in a language that no endpoint has"
		if !slices.Contains(c.promptNames(), name) {
			fix = meant(name, c.promptNames(), "put a file of that name into the sounds folder")
		}
		c.report(p, name, codePrompt, Warning, fix, "prompt %q is missing", name)
	}
}

// promptNames are those there are, gathered when one is missed.
func (c *checker) promptNames() []string {
	if c.recorded == nil {
		c.recorded = c.in.Sounds.Names()
	}
	return c.recorded
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
		c.report(p, resource, codeEndpoint, Error, meant(rest, e.AORs, "its aors= in pjsip.conf say which it has"), "%sendpoint %q has no AOR %q", of, name, rest)
	}
}
