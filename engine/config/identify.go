package config

import (
	"regexp"
	"strings"
)

var identifySchema = &schema[Identify]{
	kind: "identify",
	fields: []field[Identify]{
		text("endpoint", func(i *Identify) *string { return &i.Endpoint }),
		{"match", func(i *Identify, v string) *complaint {
			for _, s := range parseList(v) {
				m, c := parseMatch(s)
				if c != nil {
					return c
				}
				i.Match = append(i.Match, m)
			}
			return nil
		}},
		{"match_header", func(i *Identify, v string) *complaint {
			if v == "" {
				i.MatchHeader = nil
				return nil
			}
			header, value, ok := strings.Cut(v, ":")
			if header = strip(header); !ok || header == "" {
				return bad("write match_header = Name: value, or Name: /regex/", "%q names no header", clip(v))
			}
			m, c := parseHeaderMatch(header, strip(value))
			i.MatchHeader = m
			return c
		}},
		{"match_request_uri", func(i *Identify, v string) *complaint {
			if v == "" {
				i.MatchRequestURI = nil
				return nil
			}
			m, c := parseHeaderMatch("", v)
			i.MatchRequestURI = m
			return c
		}},
		yes("srv_lookups", func(i *Identify) *bool { return &i.SRVLookups }),
	},
}

// parseHeaderMatch reads a text or /regular expression/; // is the empty text.
func parseHeaderMatch(header, v string) (*HeaderMatch, *complaint) {
	m := &HeaderMatch{Header: header, Value: v}
	if v == "//" {
		m.Value = ""
	}
	if n := len(v); n > 2 && v[0] == '/' && v[n-1] == '/' {
		re, err := regexp.CompilePOSIX(v[1 : n-1])
		if err != nil {
			return nil, bad("write a POSIX extended regular expression", "%v", err)
		}
		m.Value, m.Regexp = "", re
	}
	return m, nil
}

func (l *loader) identify(sec *Section) (*Identify, bool) {
	d := &Identify{Name: sec.Name, Pos: sec.Pos, SRVLookups: true}
	good := identifySchema.fill(l, d, sec)
	o := object{"identify", sec.Name}
	switch {
	case !good:
	case d.Endpoint == "":
		l.report(o, sec.Pos, bad("write endpoint = NAME", "there is no endpoint"))
		good = false
	case len(d.Match) == 0 && d.MatchHeader == nil && d.MatchRequestURI == nil:
		l.report(o, sec.Pos, bad("write match = ADDRESS", "there is nothing to match"))
		good = false
	}
	return d, good
}
