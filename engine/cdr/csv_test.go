package cdr

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"
)

func TestLine(t *testing.T) {
	for _, c := range []struct {
		name string
		rec  Record
		opts Options
		want string
	}{
		{"answered", sample(), Options{UseGMTime: true},
			`"acme","100","101","internal","""Alice"" <100>","PJSIP/alice-00000001","PJSIP/bob-00000002","Dial","PJSIP/bob,30","2026-02-03 04:05:06","2026-02-03 04:05:09","2026-02-03 04:06:16",70,66,"ANSWERED","DOCUMENTATION"`},
		{"all columns", with(func(r *Record) { r.AMAFlags = Billing }), Options{UseGMTime: true, LogUniqueID: true, LogUserField: true, NewCDRColumns: true, InitiatedSeconds: true},
			`"acme","100","101","internal","""Alice"" <100>","PJSIP/alice-00000001","PJSIP/bob-00000002","Dial","PJSIP/bob,30","2026-02-03 04:05:06","2026-02-03 04:05:09","2026-02-03 04:06:16",70,67,"ANSWERED","BILLING","1770091506.1","x","p","1770091506.1",7`},
		{"not answered", with(func(r *Record) { r.Answer, r.BillSec, r.Disposition = time.Time{}, 0, NoAnswer }), Options{UseGMTime: true},
			`"acme","100","101","internal","""Alice"" <100>","PJSIP/alice-00000001","PJSIP/bob-00000002","Dial","PJSIP/bob,30","2026-02-03 04:05:06",,"2026-02-03 04:06:16",70,0,"NO ANSWER","DOCUMENTATION"`},
		{"empty", Record{Duration: -1}, Options{}, `"","","","","","","","","",,,,0,0,"NO ANSWER","DOCUMENTATION"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(appendLine(nil, c.rec, &c.opts)); got != c.want+"\n" {
				t.Errorf("got\n%s, want\n%s", got, c.want)
			}
		})
	}
	local := string(appendLine(nil, sample(), &Options{}))
	if want := when.Local().Format(`"2006-01-02 15:04:05"`); !strings.Contains(local, want) {
		t.Errorf("%s has no local time %s", local, want)
	}
}

func TestCells(t *testing.T) {
	for in, want := range map[string]string{
		"":                          `"",`,
		`a"b""c`:                    `"a""b""""c",`,
		"a,b;c":                     `"a,b;c",`,
		"=1+1":                      `"'=1+1",`,
		"@SUM(A1)":                  `"'@SUM(A1)",`,
		"+cmd|' /C calc'!A0":        `"'+cmd|' /C calc'!A0",`,
		"-2+3+cmd":                  `"'-2+3+cmd",`,
		"\t=1":                      `"' =1",`,
		"+4930123456":               `"+4930123456",`, // E.164, what most trunks send
		"-1":                        `"-1",`,
		"line\r\n\"forged\",line":   `"line  ""forged"",line",`,
		"\x1b[2J\u009b\x00\x7f":     `" [2J   ",`,
		"bad\xff\xfeutf8 ü":         `"bad??utf8 ü",`,
		strings.Repeat("ü", 600):    `"` + strings.Repeat("ü", 512) + `",`,
		`<script>alert(1)</script>`: `"<script>alert(1)</script>",`,
	} {
		if got := string(appendText(nil, in)); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

// Whatever is in a record, it is one line of the right number of cells, without control bytes, and no cell is a formula.
func FuzzLine(f *testing.F) {
	f.Add("100", `"A" <1>`, "=x", "a\nb", int64(5))
	f.Add("\"", "\xff", "+1", "@", int64(-1))
	f.Fuzz(func(t *testing.T, src, clid, data, field string, n int64) {
		r := with(func(r *Record) {
			r.Src, r.CLID, r.LastData, r.UserField, r.Duration, r.Sequence = src, clid, data, field, time.Duration(n), int(n)
		})
		line := appendLine(nil, r, &Options{LogUniqueID: true, LogUserField: true, NewCDRColumns: true})
		if bytes.Count(line, []byte{'\n'}) != 1 || line[len(line)-1] != '\n' {
			t.Fatalf("%q: not one line", line)
		}
		reader := csv.NewReader(bytes.NewReader(line))
		cells, err := reader.Read()
		if err != nil || len(cells) != 21 {
			t.Fatalf("%q: %d cells, %v", line, len(cells), err)
		}
		for i, cell := range cells {
			if cell != strings.ToValidUTF8(cell, "") || strings.ContainsFunc(cell, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }) {
				t.Fatalf("cell %d %q is not clean", i, cell)
			}
			if cell != "" && strings.ContainsRune("=@", rune(cell[0])) {
				t.Fatalf("cell %d %q is a formula", i, cell)
			}
		}
		if plain := strings.ToValidUTF8(src, "?") == src && len(src) < 100 && !strings.ContainsFunc(src, func(r rune) bool { return r < ' ' || r >= 0x7f }); plain && !formula(src) && cells[1] != src {
			t.Fatalf("src %q came out as %q", src, cells[1])
		}
	})
}

func TestAccountFile(t *testing.T) {
	for code, want := range map[string]string{
		"acme": "acme.csv", "a.b-c_1": "a.b-c_1.csv", "": "", "../x": "", "a/b": "", ".journal": "", "Master": "", "master": "", "a b": "", "ü": "", "a\x00": "",
		strings.Repeat("a", 64): strings.Repeat("a", 64) + ".csv", strings.Repeat("a", 65): "",
	} {
		if got := accountFile(code); got != want {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
	}
}
