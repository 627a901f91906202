package sound

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// The bounds of a name: elements of at most maxElement of [A-Za-z0-9_.+-] divided by '/'.
const (
	maxElement  = 64
	maxElements = 8
)

// CheckName says why name cannot be a sound's in a folder, or nil. It is what keeps "../../etc/passwd" out.
func CheckName(name string) error {
	switch {
	case name == "":
		return errors.New("sound: empty name")
	case strings.HasPrefix(name, "/"):
		return fmt.Errorf("sound %q: an absolute path; name it relative to the sounds folder", cut(name))
	case strings.Count(name, "/") >= maxElements:
		return fmt.Errorf("sound %q: more than %d folders", cut(name), maxElements)
	}
	for element := range strings.SplitSeq(name, "/") {
		if err := checkElement(element); err != nil {
			return fmt.Errorf("sound %q: %w", cut(name), err)
		}
	}
	return nil
}

func checkElement(s string) error {
	if s == "" || len(s) > maxElement || strings.Trim(s, ".") == "" {
		return fmt.Errorf("%q is no file name of 1 to %d characters", cut(s), maxElement)
	}
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', strings.IndexByte("_.+-", c) >= 0:
		default:
			return fmt.Errorf("%q: character %q; letters, digits and _ . + - make a name", cut(s), c)
		}
	}
	return nil
}

// below returns what of the absolute name lies beneath dir.
func below(dir, name string) (rest string, ok bool) {
	return strings.CutPrefix(name, strings.TrimSuffix(path.Clean(dir), "/")+"/")
}

func cut(s string) string {
	if len(s) > 2*maxElement {
		return s[:2*maxElement] + "…"
	}
	return s
}

// languages are the folders to look in for lang: it and what it is a kind of, none, the default one, and DefaultLanguage.
func (l *Library) languages(lang string) (folders []string) {
	if checkElement(lang) == nil {
		for name := lang; name != ""; {
			folders = append(folders, name)
			i := strings.LastIndexByte(name, '_')
			name = name[:max(i, 0)]
		}
	}
	folders = append(folders, "")
	for _, name := range []string{l.cfg.Language, DefaultLanguage} {
		if checkElement(name) == nil && !slices.Contains(folders, name) {
			folders = append(folders, name)
		}
	}
	return folders
}

func describe(folders []string) string {
	names := make([]string, len(folders))
	for i, f := range folders {
		names[i] = f
		if f == "" {
			names[i] = "(none)"
		}
	}
	return strings.Join(names, ", ")
}
