package config

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// field is an option we act on: what its value does to a T.
type field[T any] struct {
	name string
	set  func(t *T, value string) *complaint
}

// later is an option Asterisk knows and we do not act on yet. plain is its default: saying that aloud changes
// nothing, so it earns no warning.
type later struct{ name, plain string }

// schema is one type of object. It is a table, never changed after it was made.
type schema[T any] struct {
	kind   string
	fields []field[T]
	later  []later
}

// fill applies every option of a section. It reports each problem and is false if the object must be left out.
func (s *schema[T]) fill(l *loader, t *T, sec *Section) bool {
	o := object{s.kind, sec.Name}
	good := true
	for _, opt := range sec.Options {
		if c := s.apply(t, opt); c != nil {
			l.report(o, opt.Pos, c)
			good = good && c.warning
		}
	}
	return good
}

func (s *schema[T]) apply(t *T, opt Option) *complaint {
	if strings.HasPrefix(opt.Name, "@") || strings.EqualFold(opt.Name, "type") {
		return nil // @name is a note of the admin's own, in Asterisk too
	}
	for i := range s.fields {
		f := &s.fields[i]
		if !strings.EqualFold(f.name, opt.Name) {
			continue
		}
		if f.set == nil {
			return nil
		}
		c := f.set(t, opt.Value)
		if c == nil {
			return nil
		}
		c.what = f.name + ": " + c.what
		return c
	}
	return unsupported(opt, s.later, s.names())
}

// unsupported says whether an option is known to Asterisk or a mistake.
func unsupported(opt Option, known []later, names []string) *complaint {
	for _, k := range known {
		if strings.EqualFold(k.name, opt.Name) {
			if same(k.plain, opt.Value) {
				return nil
			}
			return odd("", "option %q is not supported yet and has no effect", k.name)
		}
	}
	return bad(DidYouMean(opt.Name, names), "option %q is unknown", clip(opt.Name))
}

// same compares a value with a default, booleans by what they mean.
func same(plain, value string) bool {
	a, okA := Bool(plain)
	b, okB := Bool(value)
	if okA && okB {
		return a == b
	}
	return strings.EqualFold(plain, value)
}

func (s *schema[T]) names() []string {
	names := []string{"type"}
	for _, f := range s.fields {
		names = append(names, f.name)
	}
	for _, k := range s.later {
		names = append(names, k.name)
	}
	return names
}

// list makes a table of options we do not act on, from "name=default" words.
func list(words string) []later {
	var out []later
	for _, w := range strings.Fields(words) {
		name, plain, _ := strings.Cut(w, "=")
		out = append(out, later{name, plain})
	}
	return out
}

// The makers of fields. Each is given the place in T; a zero value stands for "as the default was".

func text[T any](name string, at func(*T) *string) field[T] {
	return field[T]{name, func(t *T, v string) *complaint { *at(t) = v; return nil }}
}

func yes[T any](name string, at func(*T) *bool) field[T] {
	return field[T]{name, func(t *T, v string) *complaint {
		b, c := parseBool(v)
		*at(t) = b
		return c
	}}
}

func number[T any](name string, low, high int, at func(*T) *int) field[T] {
	return field[T]{name, func(t *T, v string) *complaint {
		n, c := parseInt(v, low, high)
		if c == nil {
			*at(t) = n
		}
		return c
	}}
}

// seconds reads whole or broken seconds up to high; day is the bound Asterisk has for most.
func seconds[T any](name string, high time.Duration, at func(*T) *time.Duration) field[T] {
	return field[T]{name, func(t *T, v string) *complaint {
		d, c := parseSeconds(v, high)
		if c == nil {
			*at(t) = d
		}
		return c
	}}
}

func millis[T any](name string, low, high int, at func(*T) *time.Duration) field[T] {
	return field[T]{name, func(t *T, v string) *complaint {
		n, c := parseInt(v, low, high)
		if c == nil {
			*at(t) = time.Duration(n) * time.Millisecond
		}
		return c
	}}
}

func names[T any](name string, at func(*T) *[]string) field[T] {
	return field[T]{name, func(t *T, v string) *complaint { *at(t) = parseList(v); return nil }}
}

// someOf is a list whose entries are all among allowed; a repeated one counts once.
func someOf[T any](name string, at func(*T) *[]string, allowed ...string) field[T] {
	return field[T]{name, func(t *T, v string) *complaint {
		var out []string
		for _, word := range parseList(v) {
			w, c := parseOneOf(word, allowed...)
			if c != nil {
				return c
			}
			if !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
		*at(t) = out
		return nil
	}}
}

func oneOf[T any](name string, at func(*T) *string, allowed ...string) field[T] {
	return field[T]{name, func(t *T, v string) *complaint {
		w, c := parseOneOf(v, allowed...)
		if c == nil {
			*at(t) = w
		}
		return c
	}}
}

func tos[T any](name string, at func(*T) *int) field[T] {
	return field[T]{name, func(t *T, v string) *complaint {
		n, c := parseTOS(v)
		if c == nil {
			*at(t) = n
		}
		return c
	}}
}

func addr[T any](name string, at func(*T) *netip.Addr) field[T] {
	return field[T]{name, func(t *T, v string) *complaint {
		a, c := parseAddr(v)
		*at(t) = a
		return c
	}}
}

// rules reads permit or deny into the object's own list.
func rules[T any](name string, allow bool, at func(*T) *AccessList) field[T] {
	return field[T]{name, func(t *T, v string) *complaint {
		r, c := parseRules(v, allow)
		*at(t) = append((*at(t))[:len(*at(t)):len(*at(t))], r...)
		return c
	}}
}

// silent are options that are right to write and need nothing of us; the table says why.
func silent[T any](words ...string) []field[T] {
	var out []field[T]
	for _, w := range words {
		out = append(out, field[T]{name: w})
	}
	return out
}

const (
	many = math.MaxInt32
	day  = 24 * time.Hour
	year = 365 * day
)

// DidYouMean names the known word nearest to a mistaken one, if any is near.
func DidYouMean(word string, known []string) string {
	if best := Nearest(word, known, max(2, len(word)/3)); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return ""
}

// Nearest is the first of the known words that takes the fewest letters to add, drop, change or swap, at most so many; "" if none does.
// Case does not count.
func Nearest(word string, known []string, most int) string {
	word = strings.ToLower(word)
	best, least := "", most+1
	for _, k := range known {
		if abs(len(k)-len(word)) >= least {
			continue
		}
		if d := distance(word, strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

func abs(n int) int { return max(n, -n) }

// distance counts the letters to add, drop, change or swap with the next one to make b of a.
func distance(a, b string) int {
	prev2, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev, row = prev, row, prev2
	}
	return prev[len(b)]
}
