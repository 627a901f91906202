package config

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// tree makes files of "-- name --" parts; what comes before the first is main.conf.
func tree(s string) fstest.MapFS {
	fsys := fstest.MapFS{}
	name := "main.conf"
	for line := range strings.SplitAfterSeq(s, "\n") {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "-- "); ok {
			name = strings.TrimSuffix(n, " --")
			fsys[name] = &fstest.MapFile{}
			continue
		}
		if fsys[name] == nil {
			fsys[name] = &fstest.MapFile{}
		}
		fsys[name].Data = append(fsys[name].Data, line...)
	}
	return fsys
}

func problemText(problems []Problem) string {
	var b strings.Builder
	for _, p := range problems {
		kind := "error"
		if p.Warning {
			kind = "warning"
		}
		fmt.Fprintf(&b, "%s: %s\n", kind, p.Error())
	}
	return b.String()
}

func TestParse(t *testing.T) {
	tests := []struct{ name, in, want, problems string }{
		{"plain", "[a]\nx=1\n y = 2 \nz => 3\n", "[a]\nx = 1\ny = 2\nz => 3\n", ""},
		{"byte order mark and CRLF", "\xEF\xBB\xBF[a]\r\nx = 1\r\n", "[a]\nx = 1\n", ""},
		{"repeated sections and names", "[a]\nx=1\nx=2\n[a]\nx=3\n", "[a]\nx = 1\nx = 2\n\n[a]\nx = 3\n", ""},
		{"comments", "[a] ; one\nx = 1 ; two\n;y = 2\nz = a\\;b ;c\n", "[a]\nx = 1\nz = a\\;b\n", ""},
		{"block comment", "[a]\nx=1 ;-- in\nside --; y=2\n;--\nz=3\n;-- nested --;\n--;\nq=1;--w--;2\n", "[a]\nx = 1\ny = 2\nq = 12\n", ""},
		{"line of dashes is no block", "[a]\n;-------\nx=1\n", "[a]\nx = 1\n", ""},
		{"end mark without a block", "[a]\nx=a--;b\ny=2\n", "[a]\nx = a--\ny = 2\n", ""},
		{"open block", "[a]\n;-- x\ny=2\n", "[a]\n", "error: main.conf:2: comment ;-- is not closed before the end of the file; end it with --;\n"},
		{"template", "[t](!)\nx=1\ny=2\n[a](t)\ny=3\n", "[t](!)\nx = 1\ny = 2\n\n[a]\nx = 1\ny = 2\ny = 3\n", ""},
		{"several parents in order", "[t](!)\nx=1\n[u](!,t)\nx=2\n[a]( u , t )\n", "[t](!)\nx = 1\n\n[u](!)\nx = 1\nx = 2\n\n[a]\nx = 1\nx = 2\nx = 1\n", ""},
		{"what a template gets later is not inherited", "[t](!)\nx=1\n[a](t)\n[t](+TEMPLATES=include)\ny=2\n", "[t](!)\nx = 1\ny = 2\n\n[a]\nx = 1\n", ""},
		{"no such parent", "[a](t)\nx=1\n[b]\ny=1\n", "[b]\ny = 1\n", "error: main.conf:1: section \"a\": no template or section \"t\" to inherit from; define [t](!) above it\n"},
		{"append", "[a]\nx=1\n[b]\n[a](+)\ny=2\n", "[a]\nx = 1\ny = 2\n\n[b]\n", ""},
		{"append with a parent", "[t](!)\nx=1\n[a]\ny=1\n[a](t,+)\nz=1\n", "[t](!)\nx = 1\n\n[a]\ny = 1\nx = 1\nz = 1\n", ""},
		{"append by filter", "[a]\ntype=aor\n[a]\ntype=endpoint\n[a](+type=^end)\nx=1\n", "[a]\ntype = aor\n\n[a]\ntype = endpoint\nx = 1\n", ""},
		{"append by two filters", "[a]\nt=1\n[a]\nt=1\nu=2\n[a](+t=1&u=2)\nx=1\n", "[a]\nt = 1\n\n[a]\nt = 1\nu = 2\nx = 1\n", ""},
		{"append to nothing", "[a](+)\nx=1\n", "", "error: main.conf:1: section \"a\": nothing to add to; define the section first; a template needs (+TEMPLATES=include)\n"},
		{"add to a value", "[a]\nx=1\nx=2\nx += , 3\ny += 4\n", "[a]\nx = 1\nx = 2 , 3\ny = 4\n", ""},
		{"add to an inherited value", "[t](!)\nx=1\n[a](t)\nx +=2\n", "[t](!)\nx = 1\n\n[a]\nx = 12\n", ""},
		{"protected names", "[a]\n\\#x=1\n\\[y=2\n\\\\z=3\n\\==4\n", "[a]\n\\#x = 1\n\\[y = 2\n\\\\z = 3\n\\= = 4\n", ""},
		{"value with =, quotes and >", "[a]\nx = a=b \"c\" <d>\n", "[a]\nx = a=b \"c\" <d>\n", ""},
		{"empty value", "[a]\nx=\n", "[a]\nx = \n", ""},
		{"no =", "[a]\npassword hunter2\nx=1\n", "[a]\nx = 1\n", "warning: main.conf:2: line \"password\" … has no =; write name = value\n"},
		{"no name", "[a]\n=1\n", "[a]\n", "warning: main.conf:2: value without a name; write name = value\n"},
		{"before a section", "x=1\ny=2\n[a]\nz=3\n", "[a]\nz = 3\n", "error: main.conf:1: \"x\" stands before the first section; put [general] or the section it belongs to above it\n"},
		{"no ]", "[a\nx=1\n[b]\n", "[b]\n", "error: main.conf:1: section without a closing ]; write [name]\n"},
		{"no )", "[t](!)\n[a](t\nx=1\n", "[t](!)\n", "error: main.conf:2: section \"a\": list without a closing ); write [a](t)\n"},
		{"no name in []", "[]\nx=1\n", "", "error: main.conf:1: section without a name; write [name]\n"},
		{"blank before (", "[t](!)\n[a] (t)\n", "[t](!)\n\n[a]\n", "warning: main.conf:2: \"(t)\" is ignored because of the blank before it; write [a](t)\n"},
		{"unknown directive", "#inclued x\n[a]\n", "[a]\n", "warning: main.conf:1: directive #inclued is unknown; write #include, #tryinclude or #exec; a name that begins with # is written \\#\n"},
		{"exec", "[a]\n#exec /bin/true\nx=1\n", "[a]\nx = 1\n", "error: main.conf:2: #exec \"/bin/true\" is refused; set execincludes = yes in [options] of asterisk.conf if you trust it\n"},
		{"long line", "[a]\nx=" + strings.Repeat("y", 9000) + "\nz=1\n", "[a]\nz = 1\n", "warning: main.conf:2: line of 9002 bytes is skipped; keep lines under 8192 bytes; += adds to a value\n"},

		{"include", "#include \"b.conf\"\n[a]\nx=1\n-- b.conf --\n[b]\ny=1\n", "[b]\ny = 1\n\n[a]\nx = 1\n", ""},
		{"include inside a section", "[a]\n#include <b.inc>\nz=1\n-- b.inc --\ny=1\n[c]\nw=1\n", "[a]\ny = 1\nz = 1\n\n[c]\nw = 1\n", ""},
		{"include with a glob", "#include d/*.conf\n-- d/2.conf --\n[two]\n-- d/1.conf --\n[one]\n-- d/x.bak --\n[x]\n", "[one]\n\n[two]\n", ""},
		{"include with braces", "#include {a,b}.inc\n-- b.inc --\n[two]\n-- a.inc --\n[one]\n", "[one]\n\n[two]\n", ""},
		{"include of a template", "#include t.inc\n[a](t)\n-- t.inc --\n[t](!)\nx=1\n", "[t](!)\nx = 1\n\n[a]\nx = 1\n", ""},
		{"nothing fits", "#include d/*.conf\n", "", "warning: main.conf:1: #include \"d/*.conf\": no file fits; write #tryinclude if that is right\n"},
		{"missing include", "#include b.conf\n[a]\n", "[a]\n", "error: main.conf:1: \"b.conf\" does not exist; create it or write #tryinclude\n"},
		{"missing tryinclude", "#tryinclude b.conf\n#tryinclude d/*.x\n[a]\n", "[a]\n", ""},
		{"tryinclude that exists", "#tryinclude b.conf\n-- b.conf --\n[b]\n", "[b]\n", ""},
		{"cycle", "[a]\n#include b.inc\n-- b.inc --\nx=1\n#include main.conf\n", "[a]\nx = 1\n", "error: b.inc:2: \"main.conf\" includes itself: main.conf ► b.inc ► main.conf; take one of them out\n"},
		{"absolute", "#include /etc/passwd\n", "", "error: main.conf:1: #include \"/etc/passwd\": absolute paths are not allowed here; write it relative to the configuration directory\n"},
		{"out of the directory", "#include ../b.conf\n", "", "error: main.conf:1: #include \"../b.conf\": the path leads out of the configuration directory\n"},
		{"problem in an include", "[a]\n#include b.inc\n-- b.inc --\n\nx\n", "[a]\n", "warning: b.inc:2: line \"x\" … has no =; write name = value\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, problems := Parse(tree(tt.in), "main.conf", ParseOptions{})
			if got := f.String(); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if got := problemText(problems); got != tt.problems {
				t.Errorf("problems\n%s\nwant\n%s", got, tt.problems)
			}
		})
	}
}

func TestParseMissing(t *testing.T) {
	f, problems := Parse(fstest.MapFS{}, "a.conf", ParseOptions{})
	if f != nil || len(problems) != 1 || problems[0].Warning {
		t.Errorf("got %v, %v; want nil and one error", f, problems)
	}
}

func TestParseAbsolute(t *testing.T) {
	fsys := tree("#include /etc/pbx/b.inc\n#include /srv/c.inc\n#include ../other/d.inc\n-- b.inc --\n[b]\n")
	host := tree("-- srv/c.inc --\n[c]\n-- etc/other/d.inc --\n[d\n")
	f, problems := Parse(fsys, "main.conf", ParseOptions{Dir: "/etc/pbx", Absolute: host})
	if got, want := f.String(), "[b]\n\n[c]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := problemText(problems), "error: /etc/other/d.inc:1: section without a closing ]; write [name]\n"; got != want {
		t.Errorf("problems %q, want %q", got, want)
	}
}

func TestParseExec(t *testing.T) {
	run := func(command string) ([]byte, error) {
		if command == "fail" {
			return nil, errors.New("exit status 1")
		}
		return []byte("x = " + command + "\n#exec again\n"), nil
	}
	f, problems := Parse(tree("[a]\n#exec \"again\"\n#exec fail\n"), "main.conf", ParseOptions{Exec: run})
	if got, want := f.String(), "[a]\nx = again\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	want := "error: #exec again:2: \"#exec again\" includes itself: main.conf ► #exec again ► #exec again; take one of them out\n" +
		"error: main.conf:3: #exec \"fail\": exit status 1\n"
	if got := problemText(problems); got != want {
		t.Errorf("problems\n%s\nwant\n%s", got, want)
	}
}

func TestParseBounds(t *testing.T) {
	var doubling, wide, deep strings.Builder
	doubling.WriteString("[t0](!)\nx=1\n")
	for i := range 40 {
		fmt.Fprintf(&doubling, "[t%d](t%d,t%d)\n", i+1, i, i)
	}
	for i := range 40 {
		wide.WriteString(strings.Repeat("#include w.inc\n", 40))
		fmt.Fprintf(&deep, "-- d%d --\n#include d%d\n", i, i+1)
	}
	tests := []struct{ name, in, problem string }{
		{"templates that double", doubling.String(), "has more than 200000 options"},
		{"many includes", wide.String() + "-- w.inc --\n[a]\n", "more than 1000 files are included"},
		{"deep includes", "#include d0\n" + deep.String(), "#include is nested more than 10 deep"},
		{"deep comments", "[a]\n" + strings.Repeat(";--\n", 200), "nested more than 128 deep"},
		{"big file", "[a]\n" + strings.Repeat("; filler to be too large\n", maxFileSize/20), "cannot be read: more than"},
		{"value that grows", "[a]\nx=1\n" + strings.Repeat("x += "+strings.Repeat("y", 8000)+"\n", 20), "longer than 65536 bytes"},
		{"many problems", "[a]\n" + strings.Repeat("x\n", 5000), "too many problems"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, problems := Parse(tree(tt.in), "main.conf", ParseOptions{})
			if !strings.Contains(problemText(problems), tt.problem) {
				t.Errorf("no problem says %q: %.500s", tt.problem, problemText(problems))
			}
			if len(problems) > maxProblems+1 {
				t.Errorf("%d problems", len(problems))
			}
			if f == nil {
				return
			}
			options := 0
			for _, s := range f.Sections {
				options += len(s.Options)
			}
			if options > maxOptions {
				t.Errorf("%d options", options)
			}
		})
	}
}

func TestPrintLongValue(t *testing.T) {
	long := strings.Repeat("word;word and blanks        ", 2000)
	f := &File{Sections: []*Section{{Name: "a", Options: []Option{{Name: "x", Value: strings.TrimSpace(long)}}}}}
	again, problems := Parse(fstest.MapFS{"a.conf": {Data: []byte(f.String())}}, "a.conf", ParseOptions{})
	if len(problems) > 0 {
		t.Fatal(problemText(problems))
	}
	if got, want := again.Sections[0].Options[0].Value, f.Sections[0].Options[0].Value; got != want {
		t.Errorf("got %d bytes, want %d", len(got), len(want))
	}
}

func TestSectionGet(t *testing.T) {
	f, _ := Parse(tree("[T](!)\nx=1\n[a](T)\nX=2\n"), "main.conf", ParseOptions{})
	s := f.Section("A")
	if v, ok := s.Get("x"); v != "2" || !ok {
		t.Errorf("Get = %q, %v; want the last one", v, ok)
	}
	if n := len(s.All("X")); n != 2 {
		t.Errorf("All gives %d, want 2", n)
	}
	if _, ok := f.Section("t").Get("x"); ok {
		t.Error("a template was found by name")
	}
	var none *File
	if none.Section("a") != nil {
		t.Error("a nil File has a section")
	}
}
