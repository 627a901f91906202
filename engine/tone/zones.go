package tone

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"asterism/engine/config"
)

// fallback is the zone whose tones stand in where no other has one.
const fallback = "us"

// Zones are the tones of all countries, and which country is the default.
type Zones struct {
	country string
	zones   map[string]zone // by country in lower case
}

// zone is one country's tones by name in lower case: dial, busy, ring, congestion, callwaiting, dialrecall, record, info, stutter and
// whatever else its section names.
type zone map[string]List

// Load is Builtin with what a site's indications.conf (nil: there is none) says otherwise: a section's tones take the place of the
// built-in ones of that country, the others stay. Lists that cannot be read are left out, each with a problem.
func Load(f *config.File) (*Zones, []config.Problem) {
	if f == nil {
		return Builtin(), nil
	}
	problems := slices.Clone(f.Problems)
	z := &Zones{country: fallback, zones: maps.Clone(Builtin().zones)}
	for _, s := range f.Sections {
		if s.Template || strings.EqualFold(s.Name, "general") {
			continue
		}
		name := strings.ToLower(s.Name)
		tones := maps.Clone(z.zones[name])
		if tones == nil {
			tones = zone{}
		}
		for _, o := range s.Options {
			if p := tones.set(o); p != nil {
				p.What = fmt.Sprintf("zone %q: %s", s.Name, p.What)
				problems = append(problems, *p)
			}
		}
		z.zones[name] = tones
	}
	if countries := f.Section("general").All("country"); len(countries) > 0 {
		o := countries[len(countries)-1]
		if name := strings.ToLower(o.Value); z.zones[name] != nil {
			z.country = name
		} else {
			problems = append(problems, config.Problem{Pos: o.Pos, What: fmt.Sprintf("country %q: no such zone", o.Value),
				Want: "add a section [" + o.Value + "], or take one of " + strings.Join(z.Countries(), " ")})
		}
	}
	return z, problems
}

// set takes one option of a country's section.
func (z zone) set(o config.Option) *config.Problem {
	switch name := strings.ToLower(o.Name); name {
	case "description":
	case "ringcadence", "ringcadance": // of a bell, in ms: phones ring by themselves, but a number is a number
		for _, ms := range strings.Split(o.Value, ",") {
			if _, err := strconv.ParseUint(strings.TrimSpace(ms), 10, 32); err != nil {
				return &config.Problem{Pos: o.Pos, What: fmt.Sprintf("%s: %q is no number of milliseconds", o.Name, ms), Want: "as in ringcadence=1000,4000"}
			}
		}
	default:
		list, err := Parse(o.Value)
		if err != nil {
			return &config.Problem{Pos: o.Pos, What: fmt.Sprintf("%s: %v", o.Name, err), Want: "as in busy=425/480,0/480"}
		}
		z[name] = list
	}
	return nil
}

// Tone is a country's tone of that name, else the default country's, else that of us. "" or a country that is not known means the
// default. Case does not matter.
func (z *Zones) Tone(country, name string) (List, bool) {
	name = strings.ToLower(name)
	for _, c := range []string{strings.ToLower(country), z.country, fallback} {
		if list, ok := z.zones[c][name]; ok {
			return list, true
		}
	}
	return nil, false
}

// Has tells whether a country is known.
func (z *Zones) Has(country string) bool { return z.zones[strings.ToLower(country)] != nil }

// Default is the country of channels that have none of their own.
func (z *Zones) Default() string { return z.country }

// Countries are all that are known, sorted.
func (z *Zones) Countries() []string { return slices.Sorted(maps.Keys(z.zones)) }
