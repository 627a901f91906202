package dialplan

import (
	"fmt"
	"slices"
	"strings"
)

// walk is one depth-first pass over the includes of one layer. It only reports: a look-up asks each context once and
// stops at maxDepth by itself, and which include of a circle is superfluous depends on where the look-up begins.
type walk struct {
	source Source
	state  []uint8 // by context id
	height []int   // longest chain of includes below, by context id
	path   []*context
	where  map[[2]string]Include
	found  []Problem
}

const (
	fresh uint8 = iota
	open        // on the path
	done
)

// findCircles names every include that leads back to a context on its own path, and those that make a chain longer than
// maxDepth.
func (x *Index) findCircles(includes []Include) (problems []Problem) {
	for _, s := range []Source{Conf, Lua} {
		w := walk{source: s, state: make([]uint8, len(x.order)), height: make([]int, len(x.order)), where: map[[2]string]Include{}}
		for _, in := range includes {
			if in.Source == s {
				w.where[[2]string{in.Context, in.Included}] = in
			}
		}
		for _, c := range x.order {
			if w.state[c.id] == fresh {
				w.visit(c)
			}
		}
		problems = append(problems, w.found...)
	}
	return problems
}

func (w *walk) visit(c *context) {
	w.state[c.id] = open
	w.path = append(w.path, c)
	for _, to := range c.layers[w.source].includes {
		in := to.context
		if w.state[in.id] == open {
			w.report(c, in, "goes round in a circle: "+w.circle(in))
			continue
		}
		if w.state[in.id] == fresh {
			w.visit(in)
		}
		w.height[c.id] = max(w.height[c.id], w.height[in.id]+1)
		if w.height[in.id]+1 == maxDepth { // said once, where the chain becomes too long
			w.report(c, in, fmt.Sprintf("makes a chain of more than %d contexts; those beyond are not searched", maxDepth))
		}
	}
	w.path = w.path[:len(w.path)-1]
	w.state[c.id] = done
}

func (w *walk) report(c, in *context, what string) {
	at := w.where[[2]string{c.name, in.name}]
	w.found = append(w.found, Problem{at.File, at.Line, true, fmt.Sprintf("context %q includes %q, which %s", c.name, in.name, what), CodeCircle})
}

// circle names the contexts from c to the end of the path, and c again.
func (w *walk) circle(c *context) string {
	var names []string
	for _, p := range w.path[slices.Index(w.path, c):] {
		names = append(names, p.name)
	}
	return strings.Join(append(names, c.name), " -> ")
}
