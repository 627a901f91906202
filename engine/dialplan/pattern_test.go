package dialplan

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// oracle is the set of compat's check against a real Asterisk, in the order it lists them.
var oracle = []string{"1234", "_12XX", "_1[2-5]XX", "_1NXX", "_1XXX", "_1.", "_1!", "_[13]234", "_X."}

func TestOrderOracle(t *testing.T) {
	for range 50 {
		got := slices.Clone(oracle)
		rand.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		slices.SortFunc(got, Compare)
		if !slices.Equal(got, oracle) {
			t.Fatalf("order %q, want %q", got, oracle)
		}
	}
}

func TestFirstMatchOracle(t *testing.T) {
	for dialled, want := range map[string]string{
		"1234": "1234", "1235": "_12XX", "1334": "_1[2-5]XX", "1634": "_1NXX", "1134": "_1XXX", "3234": "_[13]234",
		"19": "_1.", "1": "_1!", "55": "_X.", "x": "", "": "",
	} {
		i := slices.IndexFunc(oracle, func(p string) bool { return Matches(p, dialled, Match) })
		if got := append(oracle, "")[(i+len(oracle)+1)%(len(oracle)+1)]; got != want {
			t.Errorf("%q matches %q first, want %q", dialled, got, want)
		}
	}
}

func TestCompare(t *testing.T) {
	ordered := [][]string{
		{"0", "1", "10", "100", "11", "a", "s", "t", "_1"},
		{"_1", "_[12]", "_[13]", "_[23]", "_N", "_Z", "_X", "_.", "_!", "_[", "_[]"},
		{"_12", "_1", "_[12]"},             // longer before its prefix
		{"_X1", "_XX", "_X.", "_X!", "_X"}, // the end after the wildcards
	}
	for _, list := range ordered {
		for i, a := range list {
			for j, b := range list {
				want := 0
				switch {
				case i < j:
					want = -1
				case i > j:
					want = 1
				}
				if a == "_[" && b == "_[]" || a == "_[]" && b == "_[" {
					want = 0 // both broken
				}
				if got := Compare(a, b); got != want {
					t.Errorf("Compare(%q, %q) = %d, want %d", a, b, got, want)
				}
			}
		}
	}
	for _, pair := range [][2]string{
		{"10-00", "1000"}, {"_N", "_n"}, {"_N", "_[2-9]"}, {"_[1]", "_1"}, {"_1-XX", "_1XX"}, {"_[321]", "_[1-3]"}, {"_X-", "_x"},
	} {
		if got := Compare(pair[0], pair[1]); got != 0 {
			t.Errorf("Compare(%q, %q) = %d, want 0: the same extension", pair[0], pair[1], got)
		}
	}
}

func TestMatches(t *testing.T) {
	const m, c, more = 1, 2, 4 // Match, CanMatch, MatchMore
	tests := []struct {
		pattern, dialled string
		want             int
	}{
		{"1234", "1234", m | c},
		{"1234", "12", c | more},
		{"1234", "", c | more},
		{"1234", "12345", 0},
		{"1234", "1243", 0},
		{"12-34", "1-234", m | c},
		{"s", "s", m | c},
		{"s", "S", 0},
		{"Xyz", "Xyz", m | c}, // without '_' X is a letter
		{"_X", "0", m | c}, {"_X", "9", m | c}, {"_X", "a", 0}, {"_X", "*", 0},
		{"_Z", "0", 0}, {"_Z", "1", m | c}, {"_z", "9", m | c},
		{"_N", "1", 0}, {"_N", "2", m | c}, {"_n", "9", m | c},
		{"_XX", "1", c | more}, {"_XX", "12", m | c}, {"_XX", "123", 0},
		{"_1NXX", "12", c | more}, {"_1NXX", "11", 0},
		{"_.", "", c | more}, {"_.", "1", m | c | more}, {"_.", "anything at all", m | c | more},
		{"_X.", "1", c | more}, {"_X.", "12", m | c | more},
		{"_!", "", m | c}, {"_!", "123", m | c},
		{"_9!", "9", m | c}, {"_9!", "", c | more}, {"_9!", "8", 0},
		{"_[135]", "3", m | c}, {"_[135]", "2", 0},
		{"_[1-35-7]", "6", m | c}, {"_[1-35-7]", "4", 0},
		{"_[a-c]", "b", m | c}, {"_[a-c]", "B", 0},
		{"_[*#]", "#", m | c},
		{"_[X]", "5", 0}, {"_[X]", "X", m | c}, // literally
		{"_[1-]", "1", m | c}, {"_[1-]", "-1", m | c},
		{"_[12", "1", 0}, {"_[12", "", 0}, {"_1[", "1", 0}, {"_[]1", "1", 0}, {"_[9-0]", "5", 0},
		{"_1-XX", "1-2-3", m | c},
		{"_+X.", "+4", c | more},
		{"_+X.", "+41", m | c | more},
		{"_X.", "_X.", 0},
		{"_", "", m | c},
		{"_", "1", 0},
		{"_1.5", "12", m | c | more}, // what follows '.' is never looked at
	}
	for _, tt := range tests {
		got := 0
		for mode, bit := range map[Mode]int{Match: m, CanMatch: c, MatchMore: more} {
			if Matches(tt.pattern, tt.dialled, mode) {
				got |= bit
			}
		}
		if got != tt.want {
			t.Errorf("Matches(%q, %q): match|canmatch|more = %03b, want %03b", tt.pattern, tt.dialled, got, tt.want)
		}
	}
}

func TestCheck(t *testing.T) {
	tests := []struct{ pattern, err string }{
		{"1234", ""}, {"s", ""}, {"_X.", ""}, {"_[1-59]XX!", ""}, {"_+[1-9].", ""}, {"_1-800-NXX-XXXX", ""}, {"_[1-]", ""},
		{"", "empty"},
		{"_", "accepts nothing"},
		{"_--", "accepts nothing"},
		{"_[12", "'[' without ']'"},
		{"_1[]2", "the set [] accepts nothing"},
		{"_[9-0]", "the set [9-0] accepts nothing"},
		{"_[59-0]", "the range 9-0 runs backwards; write 0-9"},
		{"_X.5", "go last"},
		{"_!X", "go last"},
		{"1\n2", "control character at position 2"},
	}
	for _, tt := range tests {
		err := Check(tt.pattern)
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("Check(%q) = %v, want %q", tt.pattern, err, tt.err)
		}
	}
}

func FuzzCompare(f *testing.F) {
	for i := range oracle {
		f.Add(oracle[i], oracle[(i+1)%len(oracle)], oracle[(i+2)%len(oracle)])
	}
	f.Add("_[", "_[]", "_[a-")
	f.Add("_[-", "10-0", "_-")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		ab, bc, ac := Compare(a, b), Compare(b, c), Compare(a, c)
		if Compare(a, a) != 0 {
			t.Fatalf("Compare(%q, itself) != 0", a)
		}
		if Compare(b, a) != -ab {
			t.Fatalf("Compare(%q, %q) = %d, and %d the other way", a, b, ab, Compare(b, a))
		}
		if ab <= 0 && bc <= 0 && ac > 0 || ab == 0 && ac != bc {
			t.Fatalf("not transitive: %q %d %q %d %q, but %d", a, ab, b, bc, c, ac)
		}
		if (canonical(a) == canonical(b)) != (ab == 0) {
			t.Fatalf("canonical(%q), canonical(%q) disagree with Compare = %d", a, b, ab)
		}
	})
}

func FuzzMatches(f *testing.F) {
	for _, p := range oracle {
		f.Add(p, "1234")
	}
	f.Add("_[1-", "1")
	f.Add("_9!", "9-9")
	f.Fuzz(func(t *testing.T, pattern, dialled string) {
		whole := Matches(pattern, dialled, Match)
		can, more := Matches(pattern, dialled, CanMatch), Matches(pattern, dialled, MatchMore)
		if can != (whole || more) {
			t.Fatalf("%q, %q: can match %v, but matches %v, more %v", pattern, dialled, can, whole, more)
		}
		if Check(pattern) != nil {
			return // a broken pattern may say yes to a prefix before it reaches the broken place
		}
		if whole {
			for i := range len(dialled) {
				if !Matches(pattern, dialled[:i], CanMatch) {
					t.Fatalf("%q matches %q but cannot match its prefix %q", pattern, dialled, dialled[:i])
				}
			}
		}
		if !can && Matches(pattern, dialled+"1", Match) {
			t.Fatalf("%q cannot match %q, but matches it with a 1 more", pattern, dialled)
		}
	})
}
