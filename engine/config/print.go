package config

import "strings"

// String prints the file so that Parse reads the same sections and options again: without includes,
// templates already applied, no comment. Values too long for a line are continued with +=.
func (f *File) String() string {
	var b strings.Builder
	for i, s := range f.Sections {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString("[" + escape(s.Name) + "]")
		if s.Template {
			b.WriteString("(!)")
		}
		b.WriteByte('\n')
		for _, o := range s.Options {
			o.print(&b)
		}
	}
	return b.String()
}

func escape(s string) string { return strings.ReplaceAll(s, ";", `\;`) }

func (o Option) print(b *strings.Builder) {
	name := escape(o.Name)
	if strings.IndexByte(`[#\=`, o.Name[0]) >= 0 {
		name = `\` + name
	}
	sign := " = "
	if o.Arrow {
		sign = " => "
	}
	value := o.Value
	for {
		n := pieceEnd(value, (maxLine-len(name)-len(sign))/2) // half: every byte may be a ; to escape
		b.WriteString(name + sign + escape(value[:n]) + "\n")
		if value = value[n:]; value == "" {
			return
		}
		sign = " +="
	}
}

// pieceEnd says where to cut a value, at most at limit, and never after a blank: blanks at the end of a line are
// lost, those after += are not. A run of blanks longer than a line is not cut.
func pieceEnd(s string, limit int) int {
	if len(s) <= limit || limit < 1 {
		return len(s)
	}
	for n := limit; n > 0; n-- {
		if s[n-1] > ' ' {
			return n
		}
	}
	return len(s)
}
