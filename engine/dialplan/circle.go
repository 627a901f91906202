package dialplan

import (
	"fmt"
	"slices"
	"strings"
)

// walk is one depth-first pass over the includes of one layer.
type walk struct {
	source Source
	index  *Index
	state  []uint8 // by context id
	height []int   // longest chain of includes below, by context id
	path   []*context
	found  []Problem
	where  map[[2]string]include
}

const (
	fresh uint8 = iota
	open        // on the path
	done
)

// cutCircles removes every include that leads back to a context on its own path, and those that make a chain longer than
// maxDepth; each is named.
func (x *Index) cutCircles(includes []include) (problems []Problem) {
	for _, s := range []Source{Conf, Lua} {
		w := walk{source: s, index: x, state: make([]uint8, len(x.order)), height: make([]int, len(x.order)), where: map[[2]string]include{}}
		for _, in := range includes {
			if in.source == s {
				w.where[[2]string{in.from, in.to}] = in
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
	l := &c.layers[w.source]
	kept := l.includes[:0]
	for _, in := range l.includes {
		if w.state[in.id] == open {
			w.report(c, in, "goes round in a circle: "+w.circle(in))
			continue
		}
		if w.state[in.id] == fresh {
			w.visit(in)
		}
		if w.height[in.id]+2 > maxDepth {
			w.report(c, in, fmt.Sprintf("makes a chain of more than %d contexts", maxDepth))
			continue
		}
		w.height[c.id] = max(w.height[c.id], w.height[in.id]+1)
		kept = append(kept, in)
	}
	l.includes = kept
	w.path = w.path[:len(w.path)-1]
	w.state[c.id] = done
}

func (w *walk) report(c, in *context, what string) {
	at := w.where[[2]string{c.name, in.name}]
	w.found = append(w.found, Problem{at.file, at.line, true, fmt.Sprintf("context %q includes %q, which %s; this include is left out", c.name, in.name, what)})
}

// circle names the contexts from the first visit of c to the end of the path, and c again.
func (w *walk) circle(c *context) string {
	var names []string
	for _, p := range w.path[slices.Index(w.path, c):] {
		names = append(names, p.name)
	}
	return strings.Join(append(names, c.name), " -> ")
}
