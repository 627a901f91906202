package config

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"
	"testing/fstest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden loads each testdata/*.txt: files up to a line of dashes, then the problems and what differs from defaults.
func TestGolden(t *testing.T) {
	names, err := filepath.Glob("testdata/*.conf.txt")
	if err != nil || len(names) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			in, want, _ := strings.Cut(string(data), "\n----------\n")
			snap, problems := Load(tree(in), LoadOptions{})
			got := problemText(problems) + describe(snap)
			if *update {
				if err := os.WriteFile(name, []byte(in+"\n----------\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// describe prints every object with what differs from Asterisk's default.
func describe(s *Snapshot) string {
	var b strings.Builder
	say := func(kind, name string, got, plain any) {
		fmt.Fprintf(&b, "%s %s%s\n", kind, name, differences(reflect.ValueOf(got), reflect.ValueOf(plain)))
	}
	p := &s.PJSIP
	if !reflect.DeepEqual(p.Global, newGlobal()) {
		say("global", "", p.Global, newGlobal())
	}
	if !reflect.DeepEqual(p.System, newSystem()) {
		say("system", "", p.System, newSystem())
	}
	for _, a := range p.ACLs {
		say("acl", a.Name, *a, ACL{})
	}
	for _, k := range sorted(p.DomainAliases) {
		fmt.Fprintf(&b, "domain_alias %s = %s\n", k, p.DomainAliases[k])
	}
	for _, x := range p.Transports {
		say("transport", x.Name, *x, *newTransport("", Pos{}))
	}
	for _, k := range sorted(p.Endpoints) {
		say("endpoint", k, *p.Endpoints[k], newEndpoint("", Pos{}).Endpoint)
	}
	for _, k := range sorted(p.AORs) {
		say("aor", k, *p.AORs[k], *newAOR("", Pos{}))
	}
	for _, k := range sorted(p.Auths) {
		say("auth", k, *p.Auths[k], *newAuth("", Pos{}))
	}
	for _, x := range p.Identifies {
		say("identify", x.Name, *x, Identify{SRVLookups: true})
	}
	for _, k := range sorted(p.Registrations) {
		say("registration", k, *p.Registrations[k], *newRegistration("", Pos{}))
	}
	plain, _ := Load(tree(""), LoadOptions{})
	for _, f := range []struct {
		name       string
		got, plain any
	}{{"rtp", s.RTP, plain.RTP}, {"cdr", s.CDR, plain.CDR}, {"asterisk", s.Asterisk, plain.Asterisk}, {"logger", s.Logger, plain.Logger}} {
		if d := differences(reflect.ValueOf(f.got), reflect.ValueOf(f.plain)); d != "" {
			fmt.Fprintf(&b, "%s%s\n", f.name, d)
		}
	}
	return b.String()
}

func differences(got, plain reflect.Value) string {
	var b strings.Builder
	for i := range got.NumField() {
		name := got.Type().Field(i).Name
		if name == "Name" || reflect.DeepEqual(got.Field(i).Interface(), plain.Field(i).Interface()) {
			continue
		}
		v := got.Field(i)
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		fmt.Fprintf(&b, "\n\t%s: %+v", name, v.Interface())
	}
	return b.String()
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// TestOptions holds our tables against the list of all options Asterisk has.
func TestOptions(t *testing.T) {
	f, problems := Parse(os.DirFS("testdata"), "options.txt", ParseOptions{})
	if len(problems) > 0 {
		t.Fatal(problemText(problems))
	}
	tables := map[string][]string{}
	for _, k := range KnownOptions() {
		tables[k.Type] = append(tables[k.Type], k.Option)
	}
	for _, sec := range f.Sections {
		table := tables[sec.Name]
		var all []string
		for _, o := range sec.Options {
			all = append(all, o.Name)
			if !slices.Contains(table, o.Name) {
				t.Errorf("%s: option %s of Asterisk is not known", sec.Name, o.Name)
			}
		}
		for i, n := range table {
			if n != "*" && !slices.Contains(all, n) {
				t.Errorf("%s: option %s is not Asterisk's", sec.Name, n)
			}
			if slices.Contains(table[:i], n) {
				t.Errorf("%s: option %s stands twice", sec.Name, n)
			}
		}
	}
}

func TestLoadNothing(t *testing.T) {
	snap, problems := Load(tree(""), LoadOptions{})
	if len(problems) > 0 {
		t.Error(problemText(problems))
	}
	if snap.File("pjsip.conf") != nil || snap.RTP.RTPStart != 5000 || snap.PJSIP.Global.DefaultRealm != "asterisk" {
		t.Errorf("bad defaults: %+v", snap)
	}
}

func TestSnapshotFile(t *testing.T) {
	snap, problems := Load(tree("-- voicemail.conf --\n[default]\n100 => 1234,Alice\noops\n#include vm_more.conf\n-- vm_more.conf --\n200 => 1,Bob\n"), LoadOptions{})
	if len(problems) > 0 {
		t.Errorf("a plugin's file is reported: %s", problemText(problems))
	}
	if got, want := problemText(snap.File("voicemail").Problems), "warning: voicemail.conf:3: line \"oops\" … has no =; write name = value\n"; got != want {
		t.Errorf("problems %q, want %q", got, want)
	}
	for _, name := range []string{"voicemail", "voicemail.conf"} {
		if v, _ := snap.File(name).Section("default").Get("200"); v != "1,Bob" {
			t.Errorf("%s: got %q", name, v)
		}
	}
	if snap.File("queues") != nil {
		t.Error("a file that is not there")
	}
}

func TestLoadExec(t *testing.T) {
	files := "-- pjsip.conf --\n#exec make\n-- asterisk.conf --\n[options]\nexecincludes = %s\n#exec evil\n"
	var ran []string
	o := LoadOptions{ParseOptions: ParseOptions{Exec: func(c string) ([]byte, error) {
		ran = append(ran, c)
		return []byte("[a]\ntype=aor\n"), nil
	}}}
	if snap, _ := Load(tree(fmt.Sprintf(files, "no")), o); len(snap.PJSIP.AORs) != 0 || len(ran) != 0 {
		t.Errorf("ran %v although execincludes is no", ran)
	}
	if snap, _ := Load(tree(fmt.Sprintf(files, "yes")), o); snap.PJSIP.AORs["a"] == nil || !slices.Equal(ran, []string{"make"}) {
		t.Errorf("ran %v; want make, and never what asterisk.conf asks for", ran)
	}
}

func TestTemplateProblemOnce(t *testing.T) {
	in := "-- pjsip.conf --\n[t](!)\ntype=endpoint\nwebrtc=yes\n"
	for i := range 500 {
		in += fmt.Sprintf("[e%d](t)\n", i)
	}
	snap, problems := Load(tree(in), LoadOptions{})
	if len(snap.PJSIP.Endpoints) != 500 {
		t.Errorf("%d endpoints", len(snap.PJSIP.Endpoints))
	}
	want := "warning: pjsip.conf:3: endpoint \"e0\" and 499 more: option \"webrtc\" is not supported yet and has no effect\n"
	if got := problemText(problems); got != want {
		t.Errorf("got %s", got)
	}
}

// unreadable fails like a directory that went away in the middle.
type unreadable struct{}

func (unreadable) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

func TestLoadUnreadable(t *testing.T) {
	if snap, _ := Load(unreadable{}, LoadOptions{}); snap == nil {
		t.Error("no snapshot")
	}
}

func BenchmarkLoad(b *testing.B) {
	var in strings.Builder
	in.WriteString("-- pjsip.conf --\n[t](!)\ntype=endpoint\nallow=!all,ulaw,alaw\nrtp_symmetric=yes\n")
	for i := range 1000 {
		fmt.Fprintf(&in, "[p%d](t)\nauth=p%[1]d\naors=p%[1]d\n[p%[1]d]\ntype=auth\nusername=p%[1]d\npassword=x\n[p%[1]d]\ntype=aor\nmax_contacts=2\n", i)
	}
	fsys := tree(in.String())
	b.ReportAllocs()
	for b.Loop() {
		if snap, _ := Load(fsys, LoadOptions{}); len(snap.PJSIP.Endpoints) != 1000 {
			b.Fatal("lost some")
		}
	}
}

func TestRecvBuffer(t *testing.T) {
	for _, tt := range []struct {
		value string
		want  int
		wrong bool
	}{{"65536", 65536, false}, {"100", 131072, true}, {"big", 131072, true}} {
		fsys := tree("")
		fsys["rtp.conf"] = &fstest.MapFile{Data: []byte("[general]\nrecv_buffer = " + tt.value + "\n")}
		snap, problems := Load(fsys, LoadOptions{})
		if snap.RTP.RecvBuffer != tt.want || (len(problems) > 0) != tt.wrong {
			t.Errorf("%s: %d, %v", tt.value, snap.RTP.RecvBuffer, problems)
		}
	}
}

func TestPacketIO(t *testing.T) {
	for _, tt := range []struct {
		value, want string
		wrong       bool
	}{{"auto", "", false}, {"io_uring", "io_uring", false}, {"EPOLL", "epoll", false}, {"udp", "udp", false}, {"pigeon", "", true}} {
		fsys := tree("")
		fsys["rtp.conf"] = &fstest.MapFile{Data: []byte("[general]\npacket_io = " + tt.value + "\n")}
		snap, problems := Load(fsys, LoadOptions{})
		if snap.RTP.PacketIO != tt.want || (len(problems) > 0) != tt.wrong {
			t.Errorf("%s: %q, %v", tt.value, snap.RTP.PacketIO, problems)
		}
	}
}
