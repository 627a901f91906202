package config

import "strings"

// comments removes ; and ;-- --; from lines. The state of a block comment goes from line to line.
type comments struct {
	open []int // lines of the ;-- that are not closed yet
}

// strip gives what is left of a line, with \; as plain ;. It is false where a block comment nests too deep
// and is not opened.
func (c *comments) strip(line string, number int) (string, bool) {
	if len(c.open) == 0 && strings.IndexByte(line, ';') < 0 {
		return line, true
	}
	ok := true
	kept := make([]byte, 0, len(line))
	from := 0 // what is left of it belongs to an earlier ;
	for i := 0; i < len(line); i++ {
		if line[i] != ';' {
			if len(c.open) == 0 {
				kept = append(kept, line[i])
			}
			continue
		}
		rest := line[i+1:]
		switch {
		case i > from && line[i-1] == '\\':
			if len(c.open) == 0 {
				kept[len(kept)-1] = ';'
			}
		case strings.HasPrefix(rest, "--") && !strings.HasPrefix(rest, "---"):
			if len(c.open) < maxCommentDepth {
				c.open = append(c.open, number)
			} else {
				ok = false
			}
			i += 2
		case len(c.open) > 0 && i >= from+2 && line[i-2:i] == "--":
			c.open = c.open[:len(c.open)-1]
		case len(c.open) == 0:
			return string(kept), ok
		}
		from = i + 1
	}
	return string(kept), ok
}
