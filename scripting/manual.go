package scripting

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// The help texts. What an application or function is for stands in the plugin's table (synopsis); the rest is in the plugin's README.md,
// where a reader of the folder looks too, and costs a call nothing:
//
//	### Dial            a section with the name as its heading, down to the next heading that is as high; or
//	- `Dial(a[,b])` – … a list item or a row of a table that begins with the name.
//
// A plugin that is one file, or has no README.md, is described by the comment its file begins with.

// maxManual bounds a README that is shown, in bytes.
const maxManual = 256 << 10

// readManual is the plugin's README.md, or the comment at the top of its file.
func readManual(root fs.FS, p *plugin, folder bool) string {
	file := p.init
	if folder {
		if text, err := fs.ReadFile(root, path.Join(p.name, "README.md")); err == nil {
			return string(text[:min(len(text), maxManual)])
		}
		file = path.Join(p.name, p.init)
	}
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return ""
	}
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "--")
		if !ok {
			break
		}
		b.WriteString(strings.TrimPrefix(strings.TrimPrefix(comment, "-"), " ") + "\n")
	}
	return b.String()
}

var heading = regexp.MustCompile("^(#+)\\s+`?([\\w ]+)")

// manualSection is what manual says of name; "" if it does not name it.
func manualSection(manual, name string) string {
	lines := strings.SplitAfter(manual, "\n")
	for i, line := range lines {
		if m := heading.FindStringSubmatch(line); m != nil && strings.EqualFold(strings.TrimSpace(m[2]), name) {
			end := i + 1
			for end < len(lines) {
				if next := heading.FindStringSubmatch(lines[end]); next != nil && len(next[1]) <= len(m[1]) {
					break
				}
				end++
			}
			return strings.TrimSpace(strings.Join(lines[i+1:end], ""))
		}
	}
	quoted := "`" + regexp.QuoteMeta(name) + "[(`]"
	for _, form := range []string{"^\\s*(?:[-*|]\\s*)?(?:`[^`]*`[ ,·]+)*" + quoted, "^\\s*[-*|].*" + quoted} {
		if text := item(lines, regexp.MustCompile("(?i)"+form)); text != "" {
			return text
		}
	}
	return ""
}

// item is the first list item, with its indented lines, or row of a table that form matches.
func item(lines []string, form *regexp.Regexp) string {
	for i, line := range lines {
		if !form.MatchString(line) {
			continue
		}
		end := i + 1
		for end < len(lines) && strings.HasPrefix(line, "-") && strings.HasPrefix(lines[end], "  ") {
			end++
		}
		return strings.TrimSpace(strings.Trim(strings.Join(lines[i:end], ""), "-| \n"))
	}
	return ""
}

// Describe is the help text of an "application", "function" or "command": the synopsis, an empty line, what the manual says of it, and
// the plugin that brings it.
func (g *Generation) Describe(kind, name string) (string, bool) {
	var synopsis string
	var p *plugin
	switch kind {
	case "application":
		if a := g.applications[strings.ToLower(name)]; a != nil {
			name, synopsis, p = a.name, a.synopsis, a.plugin
		}
	case "function":
		for _, f := range g.functions {
			if strings.EqualFold(f.name, name) {
				name, synopsis, p = f.name, f.synopsis, f.plugin
			}
		}
	case "command":
		if c := g.commands[strings.ToLower(name)]; c != nil {
			name, synopsis, p = c.name, c.synopsis, c.plugin
		}
	}
	if p == nil {
		return "", false
	}
	text := manualSection(p.manual, name)
	if text == "" {
		text = strings.TrimSpace(p.manual)
	}
	if synopsis == "" {
		synopsis = name
	}
	return synopsis + "\n\n" + strings.TrimSpace(text+"\n\nFrom the plugin "+p.name+"."), true
}
