package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// directive reads #include, #tryinclude and #exec. What they bring in may go on in the current section; after it
// the lines of this file go on where they were.
func (p *parser) directive(text string, pos Pos) {
	word, arg, _ := strings.Cut(strings.ReplaceAll(text[1:], "\t", " "), " ")
	arg = unquote(strip(arg))
	word = strings.ToLower(word)
	if word != "include" && word != "tryinclude" && word != "exec" {
		p.warnf(pos, `write #include, #tryinclude or #exec; a name that begins with # is written \#`, "directive #%s is unknown", clip(word))
		return
	}
	if arg == "" {
		p.warnf(pos, fmt.Sprintf("write #%s \"file\"", word), "#%s without an argument", word)
		return
	}
	section := p.cur
	defer func() { p.cur = section }()
	if word == "exec" {
		p.exec(arg, pos)
		return
	}
	p.include(arg, word == "tryinclude", pos)
}

// unquote takes "…" or <…> off.
func unquote(s string) string {
	if n := len(s); n >= 2 && (s[0] == '"' && s[n-1] == '"' || s[0] == '<' && s[n-1] == '>') {
		return s[1 : n-1]
	}
	return s
}

func (p *parser) exec(command string, pos Pos) {
	if p.opt.Exec == nil {
		p.errorf(pos, "set execincludes = yes in [options] of asterisk.conf if you trust it", "#exec %q is refused", clip(command))
		return
	}
	name := "#exec " + command
	if !p.enter(name, pos) {
		return
	}
	defer p.leave()
	out, err := p.opt.Exec(command)
	switch {
	case err != nil:
		p.errorf(pos, "", "#exec %q: %v", clip(command), err)
	case len(out) > maxFileSize:
		p.errorf(pos, "", "#exec %q: more than %d bytes of output", clip(command), maxFileSize)
	default:
		p.text(name, out)
	}
}

func (p *parser) include(arg string, try bool, pos Pos) {
	for _, pattern := range braces(arg) {
		fsys, name, shown, err := p.locate(pattern)
		if err != nil {
			p.errorf(pos, "", "#include %q: %v", clip(arg), err)
			return
		}
		if !strings.ContainsAny(name, `*?[`) {
			if !try || exists(fsys, name) {
				p.read(fsys, name, shown, pos)
			}
			continue
		}
		names, err := fs.Glob(fsys, name)
		if err != nil {
			p.errorf(pos, "", "#include %q: %v", clip(arg), err)
			return
		}
		if len(names) == 0 && !try {
			// Deviates: Asterisk refuses the whole file, because an empty pjsip.d is no mistake.
			p.warnf(pos, "write #tryinclude if that is right", "#include %q: no file fits", clip(arg))
		}
		for _, n := range names {
			p.read(fsys, n, strings.TrimSuffix(shown, name)+n, pos)
		}
	}
}

func exists(fsys fs.FS, name string) bool {
	_, err := fs.Stat(fsys, name)
	return err == nil
}

// locate says in which file system an include lies and under which name, and how to show it. Relative names
// are relative to the configuration directory, wherever the including file is.
func (p *parser) locate(arg string) (fsys fs.FS, name, shown string, err error) {
	name = path.Clean(arg)
	if strings.HasPrefix(name, "..") && p.opt.Dir != "" {
		name = path.Join(p.opt.Dir, name)
	}
	if dir := strings.TrimSuffix(p.opt.Dir, "/") + "/"; p.opt.Dir != "" && strings.HasPrefix(name, dir) {
		name = name[len(dir):]
	}
	if strings.HasPrefix(name, "/") {
		if p.opt.Absolute == nil {
			return nil, "", "", errors.New("absolute paths are not allowed here; write it relative to the configuration directory")
		}
		return p.opt.Absolute, name[1:], name, nil
	}
	if !fs.ValidPath(name) {
		return nil, "", "", errors.New("the path leads out of the configuration directory")
	}
	return p.fsys, name, name, nil
}

// enter books a file and refuses cycles and depth.
func (p *parser) enter(name string, pos Pos) bool {
	switch {
	case slices.Contains(p.stack, name):
		p.errorf(pos, "take one of them out", "%q includes itself: %s", name, strings.Join(append(p.stack, name), " ► "))
		return false
	case len(p.stack) >= maxDepth:
		p.errorf(pos, "", "#include is nested more than %d deep", maxDepth)
		return false
	case p.opened >= maxFiles:
		p.errorf(pos, "", "more than %d files are included", maxFiles)
		return false
	}
	p.stack, p.opened = append(p.stack, name), p.opened+1
	return true
}

func (p *parser) leave() { p.stack = p.stack[:len(p.stack)-1] }

// read parses a file in place. pos is the line that asks for it.
func (p *parser) read(fsys fs.FS, name, shown string, pos Pos) bool {
	if !p.enter(shown, pos) {
		return false
	}
	defer p.leave()
	data, err := readBounded(fsys, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.errorf(pos, "create it or write #tryinclude", "%q does not exist", shown)
		return false
	case err != nil:
		p.errorf(pos, "", "%q cannot be read: %v", shown, err)
		return false
	}
	p.text(shown, data)
	return true
}

func readBounded(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err == nil && len(data) > maxFileSize {
		err = fmt.Errorf("more than %d bytes", maxFileSize)
	}
	return data, err
}

// braces expands {a,b} as a shell does, one level at a time and up to 100 names.
func braces(s string) []string {
	out := []string{s}
	for i := 0; i < len(out) && len(out) < 100; {
		open := strings.IndexByte(out[i], '{')
		length := strings.IndexByte(out[i][max(open, 0):], '}')
		if open < 0 || length < 0 {
			i++
			continue
		}
		head, body, tail := out[i][:open], out[i][open+1:open+length], out[i][open+length+1:]
		var names []string
		for _, b := range strings.Split(body, ",") {
			names = append(names, head+b+tail)
		}
		out = slices.Replace(out, i, i+1, names...)
	}
	return out
}
