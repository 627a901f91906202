package dialtest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"asterism/engine/dialplan"
	"asterism/scripting"
)

// Coverage counts which extensions and lines of a dialplan have run.
type Coverage struct {
	mu         sync.Mutex // guards below; a leaf
	extensions map[extension]bool
	lines      map[position]bool
}

type extension struct{ context, pattern string }

type position struct {
	file string
	line int
}

// NewCoverage has counted nothing.
func NewCoverage() *Coverage {
	return &Coverage{extensions: map[extension]bool{}, lines: map[position]bool{}}
}

// plan notes what there is to cover.
func (c *Coverage) plan(g *scripting.Generation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	note := func(p position) {
		if _, ok := c.lines[p]; !ok {
			c.lines[p] = false
		}
	}
	for _, v := range g.Index().Contexts() {
		for _, x := range v.Extensions {
			for _, e := range x.Entries {
				if e.Priority == dialplan.PriorityHint || ofPlugin(e) {
					continue
				}
				k := extension{e.Context, e.Pattern}
				if _, ok := c.extensions[k]; !ok {
					c.extensions[k] = false
				}
				if e.Source == dialplan.Conf {
					note(position{e.File, e.Line})
				}
			}
		}
	}
	for file, lines := range g.Statements() {
		if strings.HasSuffix(file, "_test.lua") {
			continue
		}
		for _, n := range lines {
			note(position{file, n})
		}
	}
}

// ofPlugin tells a plugin's feature code, which has tests of its own, from what the site wrote.
func ofPlugin(e dialplan.Entry) bool { return strings.HasPrefix(e.File, "plugins/") }

func (c *Coverage) entered(e dialplan.Entry) {
	if ofPlugin(e) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.extensions[extension{e.Context, e.Pattern}] = true
	if e.Source == dialplan.Conf {
		c.lines[position{e.File, e.Line}] = true
	}
}

func (c *Coverage) ran(file string, line int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := (position{file, line}); !c.lines[p] {
		if _, ok := c.lines[p]; ok {
			c.lines[p] = true
		}
	}
}

// Missed names the extensions that never ran, as context,extension.
func (c *Coverage) Missed() (names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for x, ran := range c.extensions {
		if !ran {
			names = append(names, x.context+","+x.pattern)
		}
	}
	slices.Sort(names)
	return names
}

// String is the summary: how much ran, and what never did.
func (c *Coverage) String() string {
	missed := c.Missed()
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	lines := 0
	never := map[string][]int{}
	for p, ran := range c.lines {
		if ran {
			lines++
		} else {
			never[p.file] = append(never[p.file], p.line)
		}
	}
	fmt.Fprintf(&b, "covered: %s of extensions, %s of lines\n", share(len(c.extensions)-len(missed), len(c.extensions)), share(lines, len(c.lines)))
	if len(missed) > 0 {
		fmt.Fprintf(&b, "  extensions that never ran: %s\n", strings.Join(missed, "  "))
	}
	for _, file := range slices.SortedFunc(maps.Keys(never), cmp.Compare[string]) {
		fmt.Fprintf(&b, "  lines that never ran: %s %s\n", file, ranges(never[file]))
	}
	return b.String()
}

func share(n, of int) string {
	if of == 0 {
		return "0 of 0"
	}
	return fmt.Sprintf("%d of %d (%d %%)", n, of, 100*n/of)
}

// ranges is 3-5, 9.
func ranges(lines []int) string {
	slices.Sort(lines)
	var out []string
	for i := 0; i < len(lines); {
		j := i
		for j+1 < len(lines) && lines[j+1] == lines[j]+1 {
			j++
		}
		if i == j {
			out = append(out, fmt.Sprint(lines[i]))
		} else {
			out = append(out, fmt.Sprintf("%d-%d", lines[i], lines[j]))
		}
		i = j + 1
	}
	return strings.Join(out, ", ")
}
