package manage

import (
	"strings"

	"asterism/codecs"
)

func codecCommands() []Command {
	return []Command{
		{Name: "core show codecs", Summary: "Lists the codecs", Run: showCodecs,
			Help: "A codec without coders is passed on between phones that share it."},
		{Name: "core show translation", Summary: "Measures what it costs to turn one codec into another", Run: showTranslation,
			Help: "Microseconds of this machine's CPU time for one second of sound. Measured now, which takes a moment."},
	}
}

func showCodecs(r *Request) {
	r.printf("%-10s %-16s %-4s %s\n", "NAME", "SDP", "RTP", "CODERS")
	for _, c := range codecs.All() {
		kind := "passed on"
		if c.NewEncoder != nil {
			kind = "encode, decode"
		}
		pt := "dyn"
		if c.StaticPT >= 0 {
			pt = number(int64(c.StaticPT))
		}
		r.printf("%-10s %-16s %-4s %s\n", c.Name, c.Format.Name+"/"+number(int64(c.Format.Rate)), pt, kind)
	}
}

func showTranslation(r *Request) {
	costs := codecs.Costs()
	var names []string
	for _, c := range costs {
		if c.From == costs[0].From {
			names = append(names, c.To)
		}
	}
	r.printf("         Translation times between formats (in microseconds) for one second of data\n")
	r.printf("          Source Format (Rows) Destination Format (Columns)\n\n%8s", "")
	r.printf("%s\n", columns(names))
	for row := range names {
		r.printf("%8s", names[row])
		for column := range names {
			if t := costs[row*len(names)+column].Time; row == column {
				r.printf("%8s", "-")
			} else {
				r.printf("%8d", max(t.Microseconds(), 1))
			}
		}
		r.printf("\n")
	}
}

func columns(names []string) string {
	var b strings.Builder
	for _, n := range names {
		b.WriteString(strings.Repeat(" ", max(8-len(n), 1)) + n)
	}
	return b.String()
}
