package dialplan

import (
	"strings"
	"testing"
)

// TestMatchOrder: the extensions of a context in any order, the listing in match order, and who answers which number. "-" is nobody.
func TestMatchOrder(t *testing.T) {
	tests := []struct {
		extensions, listed string
		dialled            string // number=winner …
	}{
		{"_X. _1! _1. _1XXX 1234 _[13]234 _1NXX _12XX _1[2-5]XX", "1234 _12XX _1[2-5]XX _1NXX _1XXX _1. _1! _[13]234 _X.",
			"1234=1234 1235=_12XX 1334=_1[2-5]XX 1634=_1NXX 1134=_1XXX 3234=_[13]234 19=_1. 1=_1! 55=_X. 5=-"},
		{"_NXX _ZXX _XXX", "_NXX _ZXX _XXX", "200=_NXX 199=_ZXX 099=_XXX 20=- 2000=-"},
		{"_2XX 200 _20X", "200 _20X _2XX", "200=200 201=_20X 210=_2XX"},
		{"_9011. _91NXXNXXXXXX _9.", "_9011. _91NXXNXXXXXX _9.", "90114930=_9011. 915551234567=_9. 912125551234=_91NXXNXXXXXX 91=_9. 9=-"},
		{"_XX _XXX _X", "_XXX _XX _X", "1=_X 12=_XX 123=_XXX 1234=-"},
		{"_1! _12 _1.", "_12 _1. _1!", "1=_1! 12=_12 123=_1. 13=_1."},
		{"_[1-3]X _[4-6]X _[79]X", "_[79]X _[1-3]X _[4-6]X", "15=_[1-3]X 45=_[4-6]X 75=_[79]X 85=-"},
		{"_[246]0 _[135]0", "_[135]0 _[246]0", "10=_[135]0 20=_[246]0 30=_[135]0 70=-"},
		{"_[12-]5 _15", "_15 _[12-]5", "15=_15 25=_[12-]5 35=-"},
		{"a b A _[a-c]", "A a b _[a-c]", "a=a A=A b=b c=_[a-c] B=- d=-"},
		{"s i t h _.", "h i s t _.", "s=s i=i t=t h=h o=_. 5=_."},
		{"100 1000 _100X", "100 1000 _100X", "100=100 1000=1000 1001=_100X 10=-"},
		{"_1-800-NXX-XXXX _1NXXNXXXXXX", "_1-800-NXX-XXXX _1NXXNXXXXXX", "18002223333=_1-800-NXX-XXXX 1-800-222-3333=_1-800-NXX-XXXX 12125551234=_1NXXNXXXXXX"},
		{"_*6X *60 _*!", "*60 _*6X _*!", "*60=*60 *61=_*6X *7=_*! *=_*! #=-"},
		{"_+49X. _+X. _00X.", "_+49X. _+X. _00X.", "+4930=_+49X. +4430=_+X. 0049=_00X. +4=-"},
		{"_n _z _x", "_n _z _x", "5=_n 1=_z 0=_x"},
	}
	cases := 0
	for _, tt := range tests {
		var b Builder
		for _, e := range strings.Fields(tt.extensions) {
			b.Add(Entry{Context: "c", Pattern: e, Priority: 1, Application: "NoOp", Source: Conf})
		}
		x, problems := b.Build()
		if len(problems) > 0 {
			t.Errorf("%s: %v", tt.extensions, problems)
		}
		var listed []string
		for _, e := range x.Contexts()[0].Extensions {
			listed = append(listed, e.Pattern)
		}
		if got := strings.Join(listed, " "); got != tt.listed {
			t.Errorf("%s is listed as %s, want %s", tt.extensions, got, tt.listed)
		}
		for _, one := range strings.Fields(tt.dialled) {
			i := strings.LastIndexByte(one, '=')
			cases++
			got := "-"
			if e, ok := x.Find("c", one[:i], "", 1, Match); ok {
				got = e.Pattern
			}
			if got != one[i+1:] {
				t.Errorf("%s: %s finds %s, want %s", tt.extensions, one[:i], got, one[i+1:])
			}
		}
	}
	if cases < 60 {
		t.Errorf("%d cases; this table is to hold 60", cases)
	}
}
