package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// audioCodecs and otherCodecs are Asterisk's names of media formats. allow=all takes them in this order.
//
// Deviates: Asterisk's "all" begins with g723; ours with what every phone has, since order is preference.
var (
	audioCodecs = []string{
		"ulaw", "alaw", "opus", "g722", "gsm", "g729", "amr", "amrwb", "ilbc", "g726", "g726aal2", "speex", "speex16", "speex32",
		"slin", "slin12", "slin16", "slin24", "slin32", "slin44", "slin48", "slin96", "slin192",
		"siren7", "siren14", "g719", "g723", "lpc10", "adpcm", "codec2", "silk8", "silk12", "silk16", "silk24", "testlaw",
	}
	otherCodecs = []string{"h264", "vp8", "vp9", "h265", "av1", "h263p", "h263", "h261", "mpeg4", "jpeg", "png", "red", "t140"}
)

// codecAliases are spellings that Asterisk's own samples and users have.
var codecAliases = map[string]string{"slin8": "slin", "slinear": "slin", "g711u": "ulaw", "g711a": "alaw", "pcmu": "ulaw", "pcma": "alaw"}

// defaultCodecs is what an endpoint has that says neither allow nor disallow.
//
// Deviates: in Asterisk it has none, and each of its calls ends with 488. Nobody can want that, so it gets what
// every phone speaks; disallow=all alone still means none.
var defaultCodecs = []string{"ulaw", "alaw"}

// codecChoice is allow= and disallow= of one endpoint, resolved line by line.
type codecChoice struct {
	names   []string
	framing map[string]int
	said    bool
}

// apply reads "all", "!all,ulaw,alaw:20", "ulaw&alaw" … A name that is there already keeps its place. As in Asterisk
// a name nobody knows is passed over and the others count.
func (c *codecChoice) apply(v string, allow bool) (wrong *complaint) {
	c.said = true
	var unknown []string
	for _, word := range strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == '&' || r == '|' }) {
		word = strings.ToLower(strip(word))
		name, not := strings.CutPrefix(word, "!")
		name, framing, framed := strings.Cut(name, ":")
		add := allow != not
		switch {
		case name == "" || name == "none":
			continue
		case name == "all" && add:
			for _, n := range slices.Concat(audioCodecs, otherCodecs) {
				c.add(n)
			}
			continue
		case name == "all":
			c.names = nil
			continue
		}
		if alias, ok := codecAliases[name]; ok {
			name = alias
		}
		if !slices.Contains(audioCodecs, name) && !slices.Contains(otherCodecs, name) {
			unknown = append(unknown, name)
			continue
		}
		if !add {
			c.names = slices.DeleteFunc(c.names, func(n string) bool { return n == name })
			continue
		}
		c.add(name)
		if framed {
			ms, err := strconv.Atoi(framing)
			if err != nil || ms < 10 || ms > 300 || ms%10 != 0 {
				wrong = odd("write the milliseconds of a packet, such as "+name+":20", "codec %q: framing %q is left out", name, clip(framing))
				continue
			}
			if c.framing == nil {
				c.framing = map[string]int{}
			}
			c.framing[name] = ms
		}
	}
	if len(unknown) > 0 {
		return unknownCodecs(unknown)
	}
	return wrong
}

// unknownCodecs names what is left out, all of a line at once, and what is nearest to the first of them that has such.
func unknownCodecs(names []string) *complaint {
	known := slices.Concat(audioCodecs, otherCodecs)
	want := "write names such as " + strings.Join(known[:6], ", ") + "; 'core show codecs' lists those of audio"
	for _, name := range names {
		if near := Nearest(name, known, max(1, len(name)/3)); near != "" {
			want = fmt.Sprintf("did you mean %q?", near)
			break
		}
	}
	if len(names) == 1 {
		return odd(want, "codec %q is unknown and left out", clip(names[0]))
	}
	return odd(want, "codecs %s are unknown and left out", clip(strings.Join(names, ", ")))
}

func (c *codecChoice) add(name string) {
	if !slices.Contains(c.names, name) {
		c.names = append(c.names, name)
	}
}

// split gives audio and the rest.
func (c *codecChoice) split() (audio, other []string) {
	names := c.names
	if !c.said {
		names = defaultCodecs
	}
	for _, n := range names {
		if slices.Contains(audioCodecs, n) {
			audio = append(audio, n)
		} else {
			other = append(other, n)
		}
	}
	return audio, other
}
