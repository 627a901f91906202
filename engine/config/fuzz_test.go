package config

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// FuzzParse: what parses prints, and parses again to the same sections without a problem; memory is bounded.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"[a]\nx=1\n", "[t](!)\nx=1\n[a](t,+)\ny+=2\n[b](t)\nx += 3;c\n", "[a]\n;-- x ;-- y --; --; z=1\n\\#a = b\\;c\\\\;d\n",
		"[a;\\;b]\n\\==v\nx=>>v\n#include a.conf\n", "[a](+x=1&TEMPLATES=include)\n", "\xEF\xBB\xBF[\xff]\na\x00=\x01b\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		file, problems := Parse(fstest.MapFS{"a.conf": {Data: []byte(in)}}, "a.conf", ParseOptions{})
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20+100*uint64(len(in)) {
			t.Errorf("%d bytes allocated for %d bytes", used, len(in))
		}
		if file == nil {
			t.Fatal("no file", problems)
		}
		printed := file.String()
		again, problems := Parse(fstest.MapFS{"a.conf": {Data: []byte(printed)}}, "a.conf", ParseOptions{})
		if len(problems) > 0 {
			t.Fatalf("printed\n%q\nhas problems: %s", printed, problemText(problems))
		}
		if len(file.Sections) != len(again.Sections) {
			t.Fatalf("%d sections, then %d:\n%q", len(file.Sections), len(again.Sections), printed)
		}
		for i, s := range file.Sections {
			g := again.Sections[i]
			if s.Name != g.Name || s.Template != g.Template || len(s.Options) != len(g.Options) {
				t.Fatalf("section %+v, then %+v:\n%q", s, g, printed)
			}
			for j, o := range s.Options {
				if p := g.Options[j]; o.Name != p.Name || o.Value != p.Value || o.Arrow != p.Arrow {
					t.Fatalf("option %+v, then %+v:\n%q", o, p, printed)
				}
			}
		}
	})
}

// FuzzLoad: whatever pjsip.conf says, each reference of what survives leads somewhere, an endpoint that names an auth
// has one, each problem has a place, and no problem tells a password.
func FuzzLoad(f *testing.F) {
	names, _ := filepath.Glob("testdata/*.conf.txt")
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		in, _, _ := strings.Cut(string(data), "\n----------\n")
		for _, file := range tree(in) {
			f.Add(string(file.Data))
		}
	}
	f.Add("[a]\ntype=auth\nusername=a\npassword=hunter2-s3cret\nmd5_cred=0123456789\n[b]\npassword 12345678\n")
	f.Fuzz(func(t *testing.T, in string) {
		fsys := fstest.MapFS{"pjsip.conf": {Data: []byte(in)}, "pjsip_wizard.conf": {Data: []byte(in)}, "acl.conf": {Data: []byte(in)},
			"rtp.conf": {Data: []byte(in)}, "logger.conf": {Data: []byte(in)}, "asterisk.conf": {Data: []byte(in)}}
		snap, problems := Load(fsys, LoadOptions{})
		told := secrets(snap.File("pjsip.conf"), in)
		for _, p := range problems {
			if p.File == "" || p.What == "" || slices.ContainsFunc(told, func(s string) bool { return strings.Contains(p.Error(), s) }) {
				t.Errorf("problem %+v", p)
			}
		}
		written := endpointsWithAuth(snap.File("pjsip.conf"))
		for name, e := range snap.PJSIP.Endpoints {
			for _, a := range append(append([]string{}, e.Auth...), e.OutboundAuth...) {
				if snap.PJSIP.Auths[a] == nil {
					t.Errorf("endpoint %q: auth %q leads nowhere", name, a)
				}
			}
			for _, a := range e.AORs {
				if snap.PJSIP.AORs[a] == nil {
					t.Errorf("endpoint %q: aor %q leads nowhere", name, a)
				}
			}
			if e.Pos.File == "pjsip.conf" && written[e.Pos.Line] && len(e.Auth) == 0 {
				t.Errorf("endpoint %q (%s) lost its password", name, e.Pos)
			}
		}
		for _, i := range snap.PJSIP.Identifies {
			if snap.PJSIP.Endpoints[i.Endpoint] == nil {
				t.Errorf("identify %q leads nowhere", i.Name)
			}
		}
		if r := snap.RTP; r.RTPEnd <= r.RTPStart || r.RTPStart < 1024 || r.RTPEnd > 65535 {
			t.Errorf("ports %d to %d", r.RTPStart, r.RTPEnd)
		}
	})
}

// secrets gives the passwords that stand in the text just once, so that finding one elsewhere means it was quoted.
func secrets(f *File, in string) []string {
	var out []string
	if f == nil {
		return nil
	}
	for _, s := range f.Sections {
		for _, o := range s.Options {
			switch strings.ToLower(o.Name) {
			case "password", "md5_cred", "password_digest":
				if len(o.Value) >= 6 && strings.Count(in, o.Value) == 1 {
					out = append(out, o.Value)
				}
			}
		}
	}
	return out
}

// endpointsWithAuth gives the lines of the sections whose last auth= names something.
func endpointsWithAuth(f *File) map[int]bool {
	out := map[int]bool{}
	if f == nil {
		return out
	}
	for _, s := range f.Sections {
		v, _ := s.Get("auth")
		out[s.Pos.Line] = len(parseList(v)) > 0
	}
	return out
}
