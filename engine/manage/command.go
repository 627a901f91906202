package manage

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"asterism/engine/manage/logger"
	"asterism/engine/store"
)

// Config is what a CLI works upon. PBX, Log and Control are needed; a nil Store answers "Database unavailable."
type Config struct {
	PBX        PBX
	Store      store.Store
	Music      Music      // nil: there is none
	Recordings Recordings // nil: none can be made
	Media      Media      // nil: there is none
	Log        Logging
	Control    Control
	Version    string
	System     string // system name, for a console's prompt; may be ""
	// Settings are lines for `core show settings`, by heading: name and value.
	Settings []Setting
	Now      func() time.Time // nil: time.Now
}

// Setting is one line of `core show settings`.
type Setting struct{ Section, Name, Value string }

// Logging is the log as the CLI steers it. *logger.Router satisfies the levels; Reload reads logger.conf again.
type Logging interface {
	Levels
	Reload() error
	Files() []logger.File
}

// Levels are the verbose and debug levels of the PBX's log, or of one remote console.
type Levels interface {
	Verbose() int
	Debug() int
	SetVerbose(n int) (old int)
	SetDebug(n int) (old int)
}

// Control ends the process. The CLI calls it after the answer has gone out, so it may act at once.
type Control interface{ Stop(Stop) }

// Stop says how to end.
type Stop struct {
	When    When
	Restart bool // start again afterwards
}

// When is a word of `core stop …`.
type When int

// Now hangs calls up; Gracefully refuses new ones and waits for those that are up; WhenConvenient goes on taking
// calls until there is a moment without any.
const (
	Now When = iota
	Gracefully
	WhenConvenient
)

// Command is one command of the tree.
type Command struct {
	// Name is its fixed words; {a|b} stands for one of several.
	Name string
	// Args shows what follows in the usage line: "[concise|verbose|count]".
	Args     string
	Min, Max int  // how many words may follow; Max < 0: any number
	Early    bool // answers before the PBX has booted, so it asks nothing of it that a generation has
	Summary  string
	Help     string // more than the summary, for `core show help`; may be ""
	Run      func(r *Request)
	// Complete gives candidates for the word after args. nil: none.
	Complete func(c *CLI, args []string) []string
}

// Request is one command on its way.
type Request struct {
	*CLI
	Context context.Context
	Words   []string // the fixed words as typed, lower case
	Args    []string
	Levels  Levels // of the asking console
	Out     io.Writer
	After   func() // run once the answer has been sent; set by a command
}

// printf writes to the asker. Strings, errors and Stringers among a are escaped: they may come from a phone.
func (r *Request) printf(format string, a ...any) {
	for i, v := range a {
		switch v := v.(type) {
		case string:
			a[i] = logger.Escape(v)
		case error:
			a[i] = logger.Escape(v.Error())
		case fmt.Stringer:
			a[i] = logger.Escape(v.String())
		}
	}
	fmt.Fprintf(r.Out, format, a...)
}

// text writes lines, escaping all but their newlines.
func (r *Request) text(s string) {
	for line := range strings.Lines(s) {
		fmt.Fprintln(r.Out, logger.Escape(strings.TrimSuffix(line, "\n")))
	}
}

// CLI is the command tree upon one PBX. Safe from any goroutine.
type CLI struct {
	Config
	commands []entry // by name, as help lists them
}

// entry is a Command with its words taken apart.
type entry struct {
	Command
	words [][]string // alternatives for each word
}

// NewCLI makes the tree.
func NewCLI(c Config) *CLI {
	if c.Now == nil {
		c.Now = time.Now
	}
	cli := &CLI{Config: c}
	for _, list := range [][]Command{coreCommands(), channelCommands(), pjsipCommands(), dialplanCommands(), databaseCommands(), musicCommands(), monitorCommands(), codecCommands(), conferenceCommands(), rtpCommands()} {
		for _, command := range list {
			e := entry{Command: command}
			for word := range strings.FieldsSeq(command.Name) {
				e.words = append(e.words, strings.Split(strings.Trim(word, "{}"), "|"))
			}
			cli.commands = append(cli.commands, e)
		}
	}
	slices.SortFunc(cli.commands, func(a, b entry) int { return cmp.Compare(a.Name, b.Name) })
	return cli
}

// aliases are what people type out of habit. The rest of the line stays.
var aliases = []struct{ from, to []string }{
	{[]string{"help"}, []string{"core", "show", "help"}},
	{[]string{"reload"}, []string{"core", "reload"}},
	{[]string{"show", "channels"}, []string{"core", "show", "channels"}},
	{[]string{"show", "version"}, []string{"core", "show", "version"}},
	{[]string{"stop", "now"}, []string{"core", "stop", "now"}},
	{[]string{"stop", "gracefully"}, []string{"core", "stop", "gracefully"}},
	{[]string{"restart", "now"}, []string{"core", "restart", "now"}},
	{[]string{"restart", "gracefully"}, []string{"core", "restart", "gracefully"}},
}

func unalias(words []string) []string {
	for _, a := range aliases {
		if len(words) >= len(a.from) && slices.EqualFunc(words[:len(a.from)], a.from, strings.EqualFold) {
			return slices.Concat(a.to, words[len(a.from):])
		}
	}
	return words
}

// Run runs one line for a console with the given levels and writes the answer to out. The function it returns, if not
// nil, is to be called once the answer has reached the asker.
func (c *CLI) Run(ctx context.Context, line string, levels Levels, out io.Writer) (after func()) {
	words := unalias(split(line))
	if len(words) == 0 {
		return nil
	}
	r := &Request{CLI: c, Context: ctx, Levels: levels, Out: out}
	e, ok := c.find(words)
	if !e.Early && !c.booted() {
		r.printf("The PBX is still starting; 'core waitfullybooted' waits for it.\n")
		return nil
	}
	if !ok {
		if !c.runPlugin(r, words) {
			r.printf("No such command '%s' (type 'core show help %s' for other possible commands)\n", strings.Join(words, " "), words[0])
		}
		return nil
	}
	n := len(e.words)
	for _, word := range words[:n] {
		r.Words = append(r.Words, strings.ToLower(word))
	}
	r.Args = words[n:]
	if len(r.Args) < e.Min || e.Max >= 0 && len(r.Args) > e.Max {
		r.text(e.usage())
		return nil
	}
	e.Run(r)
	return r.After
}

// booted tells whether the PBX has a generation to look at.
func (c *CLI) booted() bool {
	select {
	case <-c.PBX.Booted():
		return true
	default:
		return false
	}
}

// pluginCommands are none before the first generation.
func (c *CLI) pluginCommands() []string {
	if !c.booted() {
		return nil
	}
	return c.PBX.Commands()
}

// find returns the command whose fixed words are the longest beginning of words.
func (c *CLI) find(words []string) (entry, bool) {
	var best entry
	for _, e := range c.commands {
		if len(e.words) > len(best.words) && e.begins(words, len(e.words)) {
			best = e
		}
	}
	return best, best.words != nil
}

// begins tells whether the first n words are e's.
func (e entry) begins(words []string, n int) bool {
	if len(words) < n || len(e.words) < n {
		return false
	}
	for i := range n {
		if !slices.ContainsFunc(e.words[i], func(w string) bool { return strings.EqualFold(w, words[i]) }) {
			return false
		}
	}
	return true
}

func (e entry) usage() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage: %s\n       %s.\n", strings.TrimSpace(e.Name+" "+e.Args), e.Summary)
	for line := range strings.Lines(e.Help) {
		b.WriteString("       " + line)
	}
	if e.Help != "" && !strings.HasSuffix(e.Help, "\n") {
		b.WriteByte('\n')
	}
	return b.String()
}

// runPlugin hands the line to the plugin that has a command of that beginning.
func (c *CLI) runPlugin(r *Request, words []string) bool {
	for _, name := range c.pluginCommands() {
		fixed := strings.Fields(name)
		if len(fixed) > 0 && len(words) >= len(fixed) && slices.EqualFunc(fixed, words[:len(fixed)], strings.EqualFold) {
			if err := c.PBX.RunCommand(r.Context, words, escaping{r.Out}); err != nil {
				r.printf("%s\n", err)
			}
			return true
		}
	}
	return false
}

// escaping keeps a plugin's text to printable characters and newlines.
type escaping struct{ out io.Writer }

func (e escaping) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		body, newline := strings.CutSuffix(line, "\n")
		body = logger.Escape(body)
		if newline {
			body += "\n"
		}
		if _, err := io.WriteString(e.out, body); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// Complete returns what the last word of line may become, sorted; after a space, what may follow.
func (c *CLI) Complete(line string) []string {
	words := split(line)
	last := ""
	if len(words) > 0 && !strings.HasSuffix(line, " ") {
		last = words[len(words)-1]
		words = words[:len(words)-1]
	}
	before := len(words)
	words = unalias(words)
	var found []string
	add := func(candidates ...string) {
		for _, w := range candidates {
			if len(w) >= len(last) && strings.EqualFold(w[:len(last)], last) {
				found = append(found, w)
			}
		}
	}
	for _, e := range c.commands {
		n := len(words)
		switch {
		case n < len(e.words) && e.begins(words, n):
			add(e.words[n]...)
		case n >= len(e.words) && e.Complete != nil && (e.Early || c.booted()) && e.begins(words, len(e.words)):
			if full, _ := c.find(words); full.Name == e.Name {
				add(e.Complete(c, words[len(e.words):])...)
			}
		}
	}
	for _, name := range c.pluginCommands() {
		fixed := strings.Fields(name)
		if len(words) < len(fixed) && slices.EqualFunc(fixed[:len(words)], words, strings.EqualFold) {
			add(fixed[len(words)])
		}
	}
	for _, a := range aliases {
		if before == len(words) && before < len(a.from) && slices.EqualFunc(a.from[:before], words, strings.EqualFold) {
			add(a.from[before])
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// oneOf completes the first argument from fixed words.
func oneOf(words ...string) func(*CLI, []string) []string {
	return func(_ *CLI, args []string) []string {
		if len(args) > 0 {
			return nil
		}
		return words
	}
}

// split takes a line apart at blanks; "double quotes" keep a word together, a backslash takes the next byte as it is.
func split(line string) []string {
	var words []string
	var word []byte
	inWord, quoted := false, false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && i+1 < len(line):
			i++
			word, inWord = append(word, line[i]), true
		case c == '"':
			quoted, inWord = !quoted, true
		case !quoted && (c == ' ' || c == '\t' || c == '\r' || c == '\n'):
			if inWord {
				words = append(words, string(word))
			}
			word, inWord = word[:0], false
		default:
			word, inWord = append(word, c), true
		}
	}
	if inWord {
		words = append(words, string(word))
	}
	return words
}
