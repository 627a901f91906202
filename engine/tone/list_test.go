package tone

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func hz(numbers ...int) (out []Pitch) {
	for _, n := range numbers {
		out = append(out, Pitch{Number: n})
	}
	return out
}

func TestParse(t *testing.T) {
	ms := time.Millisecond
	tests := []struct {
		name, in string
		want     List
		printed  string // "": as in
	}{
		{"a tone for ever", "425", List{{Pitches: hz(425)}}, ""},
		{"cadence", "440+480/2000,0/4000", List{{Pitches: hz(440, 480), Duration: 2000 * ms}, {Pitches: hz(0), Duration: 4000 * ms}}, ""},
		{"once, then for ever", "!350+440/100,!0/100,350+440",
			List{{Once: true, Pitches: hz(350, 440), Duration: 100 * ms}, {Once: true, Pitches: hz(0), Duration: 100 * ms}, {Pitches: hz(350, 440)}}, ""},
		{"modulated", "400*25/400,0/200", List{{Pitches: hz(400, 25), Modulated: true, Duration: 400 * ms}, {Pitches: hz(0), Duration: 200 * ms}}, ""},
		{"notes", "!M69+M73/250", List{{Once: true, Pitches: []Pitch{{69, true}, {73, true}}, Duration: 250 * ms}}, ""},
		{"three at once", "350+375+400", List{{Pitches: hz(350, 375, 400)}}, ""},
		{"bars and spaces", " 480+620/500 | 0/500 |", List{{Pitches: hz(480, 620), Duration: 500 * ms}, {Pitches: hz(0), Duration: 500 * ms}}, "480+620/500,0/500"},
		{"no duration said twice", "425/0", List{{Pitches: hz(425)}}, "425"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Parse(tt.in)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Fatalf("got %+v, %v, want %+v", got, err, tt.want)
			}
			if want := cmpOr(tt.printed, tt.in); got.String() != want {
				t.Errorf("prints %q, want %q", got, want)
			}
		})
	}
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func TestParseErrors(t *testing.T) {
	for in, want := range map[string]string{
		"":                         `element 1 "": frequency "" is no whole number; want [!]frequency`,
		"dial":                     `element 1 "dial": frequency "dial" is no whole number`,
		"425/500,x/500":            `element 2 "x/500": frequency "x"`,
		"425/500,,0/500":           `element 2 ""`,
		"425/5s":                   `milliseconds "5s" is no whole number`,
		"425/1/2":                  `milliseconds "1/2"`,
		"-425":                     `frequency "-425"`,
		"425 Hz":                   `frequency "425 Hz"`,
		"30000":                    `frequency 30000 is over 20000`,
		"M128":                     `frequency 128 is over 127`,
		"425/86400001":             `milliseconds 86400001 is over 86400000`,
		"1+2+3+4+5":                `5 frequencies at once, the most is 4`,
		"400*25*3":                 `frequency "25*3"`,
		"400+30*25":                `frequency "400+30"`,
		strings.Repeat("1,", 2000): `2000 elements, the most is 1000`,
	} {
		if _, err := Parse(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%.20q) = %v, want %s", in, err, want)
		}
	}
}

func TestNotes(t *testing.T) {
	for note, want := range map[int]float64{69: 440, 57: 220, 60: 261.6256, 127: 12543.854} {
		if got := (Pitch{note, true}).Hz(); got < want*0.999999 || got > want*1.000001 {
			t.Errorf("note %d is %v Hz, want %v", note, got, want)
		}
	}
}

// FuzzParse: what parses prints, and that parses to the same; and it plays without going wrong.
func FuzzParse(f *testing.F) {
	for _, c := range countries() {
		for _, text := range c.lists() {
			f.Add(text)
		}
	}
	for _, s := range []string{"!M69*M12/1|0", "20000*20000", "0+0+0+0/1,", "!0/86400000", "1|2,3", "007/010"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		list, err := Parse(in)
		if err != nil {
			if list != nil || len(err.Error()) > 500 {
				t.Fatalf("%q: %d parts with an error of %d bytes", in, len(list), len(err.Error()))
			}
			return
		}
		printed := list.String()
		again, err := Parse(printed)
		if err != nil || !reflect.DeepEqual(list, again) {
			t.Fatalf("%q ► %+v ► %q ► %+v, %v", in, list, printed, again, err)
		}
		if len(printed) > 2*len(in)+2 {
			t.Fatalf("%q grows to %q", in, printed)
		}
		pcm := make([]int16, 4000)
		if n, err := list.Player(Amplitude).Read(pcm); n == 0 || err != nil {
			t.Fatalf("%q plays %d samples, %v", in, n, err)
		}
	})
}
