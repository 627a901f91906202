package scripting

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"asterism/engine/channel"
	"asterism/engine/event"
)

// Errors people can act on: a script that fails says what, where, the line itself, how the call came there and what its variables were.
// The log has each failure once for each generation; `dialplan show errors` counts.

// Bounds of what is kept and shown.
const (
	maxFailures  = 100 // different ones; the oldest goes
	maxTrail     = 16  // steps of a call's way that are shown
	maxShown     = 12  // variables
	maxShownText = 80  // bytes of one value, of one argument list
)

// detailField is the field of a log entry whose lines stand below it.
const detailField = "detail"

// failure is one kind of error that scripts ended with.
type failure struct {
	first, last time.Time
	count       int
	text        string // as logged: several lines
	generation  *Generation
}

// failures are the last ones, by message.
type failures struct {
	mu    sync.Mutex // guards below; a leaf
	known map[string]*failure
}

var digitsInMessage = regexp.MustCompile(`\d+`)

// note counts a failure; first says that it is to be logged.
func (f *failures) note(g *Generation, key, text string, now time.Time) (first bool) {
	key = digitsInMessage.ReplaceAllString(key, "#")
	if place := placeInMessage.FindString(text); place != "" { // digits of the place tell failures apart, those of names do not
		key = place + key
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.known[key]
	if old == nil {
		if f.known == nil {
			f.known = map[string]*failure{}
		}
		if len(f.known) >= maxFailures {
			oldest := ""
			for k, o := range f.known {
				if oldest == "" || o.last.Before(f.known[oldest].last) {
					oldest = k
				}
			}
			delete(f.known, oldest)
		}
		old = &failure{first: now}
		f.known[key] = old
	}
	first = old.generation != g
	old.last, old.text, old.generation = now, text, g
	old.count++
	return first
}

// Failures are the errors that scripts ended with since the start, the latest last, each as a text of several lines.
func (g *Generation) Failures() []string {
	f := &g.host.failures
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []*failure
	for _, x := range f.known {
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b *failure) int { return a.last.Compare(b.last) })
	out := make([]string, len(list))
	for i, x := range list {
		when := x.last.Format(time.DateTime)
		if x.count > 1 {
			when = fmt.Sprintf("%s, %d times since %s", when, x.count, x.first.Format(time.DateTime))
		}
		out[i] = when + "\n" + strings.ReplaceAll(x.text, "\t", "    ")
	}
	return out
}

// report writes the one log entry of a script that failed, and the event. c is nil when the state could not even be made.
func (g *Generation) report(ch *channel.Channel, c *call, e *ScriptError) {
	text := g.explain(e)
	if c != nil {
		text += c.whereabouts(e)
	}
	now := g.host.cfg.Clock.Now()
	if first := g.host.failures.note(g, e.Message, text, now); !first {
		ch.Log().Debug().Msg("the same error again: " + printable(e.Message))
	} else if e.Killed != nil {
		what, detail, _ := strings.Cut(text, "\n")
		ch.Log().Error().Str(detailField, detail+"\nthe call ends").Msg("lua extension stopped: " + what)
	} else {
		what, detail, _ := strings.Cut(text, "\n")
		ch.Log().Error().Str(detailField, detail).Msg("Error executing lua extension: " + what)
	}
	if b := g.host.cfg.Events; b != nil {
		b.Publish(event.ScriptFailed{At: now, Channel: facts(ch.Info()), Message: e.Message})
	}
}

// reportService is report for a job of a plugin's own state.
func (g *Generation) reportService(plugin, what string, e *ScriptError) {
	text := g.explain(e) + fmt.Sprintf("\n  in plugin %s, %s", plugin, printable(what))
	now := g.host.cfg.Clock.Now()
	log := g.host.cfg.Log.With().Str("plugin", plugin).Logger()
	if g.host.failures.note(g, plugin+what+e.Message, text, now) {
		what, detail, _ := strings.Cut(text, "\n")
		log.Error().Str(detailField, detail).Msg("plugin failed: " + what)
	} else {
		log.Debug().Msg("the same error again: " + printable(e.Message))
	}
	if b := g.host.cfg.Events; b != nil && what != "event ScriptFailed" { // or it would fail for ever
		b.Publish(event.ScriptFailed{At: now, Message: e.Message})
	}
}

// explain is the message, the line it speaks of with a caret, and the traceback, on lines of their own.
func (g *Generation) explain(e *ScriptError) string {
	text := printable(e.Message)
	if _, line := g.lineOf(e.Message); line != "" {
		text += "\n" + pointed(line, e.Message)
	}
	if e.Traceback != "" {
		text += "\n" + e.Traceback
	}
	return text
}

// lineOf is the place a message begins with, and that line.
func (g *Generation) lineOf(message string) (place, line string) {
	if m := placeInMessage.FindStringSubmatch(message); m != nil {
		n, _ := strconv.Atoi(m[2])
		return m[0], g.sourceLine(m[1], n)
	}
	return "", ""
}

// sourceLine is a line of a Lua file of this generation; "" if it has none.
func (g *Generation) sourceLine(file string, line int) string {
	trees := []*tree{g.files}
	for _, p := range g.plugins {
		trees = append(trees, p.tree)
	}
	for _, t := range trees {
		if t == nil {
			continue
		}
		for _, ch := range t.chunks {
			if ch.file == file {
				return ch.line(line)
			}
		}
	}
	return ""
}

// line is one line of the source, from 1.
func (ch *chunk) line(n int) string {
	rest := ch.source
	for ; n > 1 && rest != ""; n-- {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimRight(line, "\r")
}

var quotedName = regexp.MustCompile(`'([^']+)'`)

// wordIn is where a line has word, in any case: not as a part of a longer name, if it is there as one of its own; -1 if it is not there.
func wordIn(line, word string) int {
	line, word = strings.ToLower(line), strings.ToLower(word)
	part := func(i int) bool {
		return i >= 0 && i < len(line) && (line[i] == '_' || unicode.IsLetter(rune(line[i])) || unicode.IsDigit(rune(line[i])))
	}
	for from := 0; ; {
		i := strings.Index(line[from:], word)
		if i < 0 {
			return strings.Index(line, word)
		}
		if i += from; !part(i-1) && !part(i+len(word)) {
			return i
		}
		from = i + 1
	}
}

// pointed is a source line with a caret beneath what the message quotes, else beneath its first word.
func pointed(line, message string) string {
	line = strings.ReplaceAll(printable(line), "\t", " ")
	at := len(line) - len(strings.TrimLeft(line, " "))
	for _, m := range quotedName.FindAllStringSubmatch(message, -1) {
		if i := wordIn(line, m[1]); i >= 0 {
			at = i
			break
		}
	}
	const widest = 120
	if len(line) > widest {
		from := max(0, min(at-widest/2, len(line)-widest))
		line, at = strings.ToValidUTF8(line[from:from+widest], ""), at-from
	}
	return "    " + line + "\n    " + strings.Repeat(" ", max(at, 0)) + "^"
}

var (
	indexMessage  = regexp.MustCompile(`^attempt to index a non-table object\((\w+)\) with key '(.*)'$`)
	operMessage   = regexp.MustCompile(`^cannot perform (\w+) operation between (\w+) and (\w+)$`)
	callOnLine    = regexp.MustCompile(`([A-Za-z_][\w]*(?:\s*[.:]\s*[A-Za-z_]\w*|\[[^\]]*\])*)\s*\(`)
	nothingToCall = "attempt to call a non-function object"
)

// wording says in C Lua's words what the interpreter found, and names the variable if the line shows it.
func wording(message, line string) string {
	if m := indexMessage.FindStringSubmatch(message); m != nil {
		key := regexp.QuoteMeta(m[2])
		if o := regexp.MustCompile(`([A-Za-z_]\w*(?:\.\w+|\[[^\]]*\]|\([^()]*\))*)\s*(?:[.:]\s*` + key + `\b|\[\s*["']?` + key + `["']?\s*\])`).FindStringSubmatch(line); o != nil {
			return fmt.Sprintf("attempt to index '%s' (a %s value) with key '%s'", o[1], m[1], m[2])
		}
		return fmt.Sprintf("attempt to index a %s value with key '%s'", m[1], m[2])
	}
	if m := operMessage.FindStringSubmatch(message); m != nil {
		wrong := m[2]
		if wrong == "number" || wrong == "string" && m[1] == "concat" {
			wrong = m[3]
		}
		if m[1] == "concat" {
			return fmt.Sprintf("attempt to concatenate a %s value", wrong)
		}
		return fmt.Sprintf("attempt to perform arithmetic on a %s value", wrong)
	}
	if message == nothingToCall {
		calls := slices.DeleteFunc(callOnLine.FindAllStringSubmatch(line, -1), func(m []string) bool { return reserved[m[1]] })
		if len(calls) == 1 {
			return fmt.Sprintf("attempt to call '%s', which is no function", calls[0][1])
		}
		return "attempt to call what is no function"
	}
	if m, ok := strings.CutSuffix(message, " undefined"); ok && strings.HasPrefix(m, "__") {
		return "attempt to use " + map[string]string{"__len": "# (length)", "__unm": "- (minus)"}[m] + " on a value that has none"
	}
	return message
}

// step notes where the call goes; announce notes applications.
func (c *call) step(what string) {
	if len(what) > maxShownText {
		what = strings.ToValidUTF8(what[:maxShownText], "") + "…"
	}
	if len(c.trail) >= maxTrail {
		c.trail = slices.Delete(c.trail, 0, 1)
		c.trailCut = true
	}
	c.trail = append(c.trail, what)
}

var channelVariable = regexp.MustCompile(`channel(?:\.([A-Za-z_]\w*)|\["([^"\]]+)"\])`)

// whereabouts is the call's way so far, and its variables: those the failing lines name, and those most failures turn on.
func (c *call) whereabouts(e *ScriptError) string {
	var b strings.Builder
	if len(c.trail) > 0 {
		way := strings.Join(c.trail, " > ")
		if c.trailCut {
			way = "… > " + way
		}
		b.WriteString("\n  way: " + printable(way))
	}
	names := []string{"DIALSTATUS", "HANGUPCAUSE"}
	for trace := range strings.Lines(e.Message + "\n" + e.Traceback) {
		m := placeInMessage.FindStringSubmatch(strings.TrimSpace(trace))
		if m == nil {
			continue
		}
		n, _ := strconv.Atoi(m[2])
		for i := n - 3; i <= n; i++ {
			for _, v := range channelVariable.FindAllStringSubmatch(c.gen.sourceLine(m[1], i), -1) {
				names = append(names, strings.TrimLeft(v[1]+v[2], "_"))
			}
		}
	}
	var shown []string
	if n := c.ch.CallerID().Number; n != "" {
		shown = append(shown, "caller="+n)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if v, ok := c.ch.Get(name); ok && v != "" && v != "0" && len(shown) < maxShown {
			if len(v) > maxShownText {
				v = strings.ToValidUTF8(v[:maxShownText], "") + "…"
			}
			shown = append(shown, fmt.Sprintf("%s=%q", name, v))
		}
	}
	if len(shown) > 0 {
		b.WriteString("\n  variables: " + printable(strings.Join(shown, " ")))
	}
	return b.String()
}
