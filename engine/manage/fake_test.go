package manage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/dialplan"
	"asterism/engine/manage/logger"
	"asterism/engine/registrar"
	"asterism/engine/registration"
	"asterism/engine/store"
	"asterism/engine/subscription"
)

var now = time.Date(2026, 11, 22, 21, 32, 35, 0, time.UTC)

// fakePBX is a PBX of fixed facts.
type fakePBX struct {
	channels []channel.Info
	contacts []registrar.Contact
	index    *dialplan.Index
	snap     *config.Snapshot
	problems []config.Problem
	failures []string
	booted   chan struct{}
	trace    []string
	hungUp   []string
	globals  map[string]string
}

func newFake(t *testing.T) *fakePBX {
	t.Helper()
	snap, problems := config.Load(os.DirFS("testdata/etc"), config.LoadOptions{})
	if config.Failed(problems) {
		t.Fatal(problems)
	}
	var b dialplan.Builder
	add := func(context, pattern string, line int) {
		b.Add(dialplan.Entry{Context: context, Pattern: pattern, Priority: 1, Application: "Lua", Source: dialplan.Lua, File: "extensions.lua", Line: line})
	}
	add("internal", "600", 12)
	add("internal", "_1XX", 5)
	add("features", "*97", 30)
	add("from-trunk", "_X.", 40)
	b.Include("internal", "features", dialplan.Lua, "extensions.lua", 9)
	b.Hint("internal", "100", "PJSIP/alice", dialplan.Lua)
	b.Hint("internal", "102", "PJSIP/bob", dialplan.Lua)
	index, found := b.Build()
	if len(found) > 0 {
		t.Fatal(found)
	}
	f := &fakePBX{index: index, snap: snap, booted: make(chan struct{})}
	close(f.booted)
	f.contacts = []registrar.Contact{
		{URI: "sip:alice@192.0.2.55:5062;ob", AOR: "alice", Endpoint: "alice", Received: netip.MustParseAddrPort("192.0.2.55:5062"), Transport: "transport-udp",
			UserAgent: "Soft\x1b[31mPhone 1.0", Expires: now.Add(time.Hour), Status: registrar.Reachable, RTT: 12345 * time.Microsecond},
		{URI: "sip:bob@192.0.2.56:40000;transport=tcp", AOR: "bob", Endpoint: "bob", Status: registrar.Unreachable, Expires: now.Add(time.Minute)},
		{URI: "sip:192.0.2.10:5060", AOR: "trunk"},
	}
	return f
}

// withCall adds a call from alice to bob that has been up for a while, and one that rings.
func (f *fakePBX) withCall() *fakePBX {
	caller := channel.Info{Name: "PJSIP/alice-00000001", UniqueID: "1790000000.1", LinkedID: "1790000000.1", CallID: "C-00000001", Tech: "PJSIP", Endpoint: "alice",
		DNID: "101", State: channel.Up, Place: dialplan.Place{Context: "internal", Exten: "101", Priority: 1}, Application: "Dial", Data: "PJSIP/bob,30",
		CallerID: channel.CallerID{Name: "Alice", Number: "100"}, Connected: channel.CallerID{Name: "Bob\x1b]0;x\a", Number: "101"}, AccountCode: "sales",
		Language: "en", BridgeID: "b-1", Peer: "PJSIP/bob-00000002", Created: now.Add(-3725 * time.Second), Answered: now.Add(-time.Hour),
		Variables: map[string]string{"DIALSTATUS": "ANSWER", "note": "line\nbreak"}}
	called := channel.Info{Name: "PJSIP/bob-00000002", UniqueID: "1790000000.2", LinkedID: "1790000000.1", CallID: "C-00000001", Tech: "PJSIP", Endpoint: "bob",
		State: channel.Up, Place: dialplan.Place{Context: "internal", Priority: 1}, Application: "AppDial", Data: "(Outgoing Line)",
		CallerID: channel.CallerID{Number: "101"}, Connected: channel.CallerID{Name: "Alice", Number: "100"}, Language: "en", BridgeID: "b-1",
		Peer: "PJSIP/alice-00000001", Created: now.Add(-3720 * time.Second), Answered: now.Add(-time.Hour)}
	ringing := channel.Info{Name: "PJSIP/alice-00000003", UniqueID: "1790000001.3", LinkedID: "1790000001.3", CallID: "C-00000002", Tech: "PJSIP", Endpoint: "alice",
		State: channel.Ringing, Created: now.Add(-5 * time.Second)}
	f.channels = []channel.Info{caller, called, ringing}
	return f
}

func (f *fakePBX) Channels() []channel.Info { return slices.Clone(f.channels) }
func (f *fakePBX) HangupChannel(name string, _ channel.Cause) bool {
	if !slices.ContainsFunc(f.channels, func(c channel.Info) bool { return c.Name == name }) {
		return false
	}
	f.hungUp = append(f.hungUp, name)
	return true
}
func (f *fakePBX) Redirect(name string, to dialplan.Named) error {
	if to.Exten == "nowhere" {
		return fmt.Errorf("no extension %s@%s with priority %s", to.Exten, to.Context, to.Priority)
	}
	f.hungUp = append(f.hungUp, fmt.Sprint(name, to))
	return nil
}

func (f *fakePBX) BeginOriginate(o channel.Origination) error {
	return fmt.Errorf("asked for %s at %v %s(%s) within %v", o.Channel, o.Place, o.Application, o.Data, o.Timeout)
}
func (f *fakePBX) Globals() map[string]string { return f.globals }
func (f *fakePBX) SetVariable(_, name, value string) bool {
	if f.globals == nil {
		f.globals = map[string]string{}
	}
	f.globals[name] = value
	return true
}
func (f *fakePBX) Conferences() []channel.ConferenceInfo         { return nil }
func (f *fakePBX) Conference(string) (*channel.Conference, bool) { return nil, false }
func (f *fakePBX) CallsProcessed() uint64                        { return 7 }
func (f *fakePBX) ExtensionState(devices string) string {
	switch {
	case devices == "PJSIP/alice" && len(f.channels) == 0:
		return "NOT_INUSE"
	case devices == "PJSIP/alice":
		return "RINGINUSE"
	case len(f.channels) > 0:
		return "INUSE"
	}
	return "UNAVAILABLE"
}
func (f *fakePBX) Contacts() []registrar.Contact { return f.contacts }
func (f *fakePBX) Registrations() []registration.Registration {
	return []registration.Registration{
		{Name: "carrier", ServerURI: "sip:sip.example.com", ClientURI: "sip:me@sip.example.com", Auth: []string{"carrier-oauth"}, Endpoint: "trunk",
			Status: registration.Registered, Expires: now.Add(55 * time.Minute), Next: now.Add(50 * time.Minute), Last: "200 OK"},
		{Name: "other", ServerURI: "sip:a-registrar-with-quite-a-long-name.example.net:5070", ClientURI: "sip:you@example.net", Status: registration.Rejected,
			Last: "403 Forbidden"},
	}
}
func (f *fakePBX) OrderRegistration(name string, register bool) bool {
	f.hungUp = append(f.hungUp, fmt.Sprint(name, register))
	return name == "carrier" || name == "*all"
}
func (f *fakePBX) Subscriptions() []subscription.Subscription {
	if len(f.channels) == 0 {
		return nil
	}
	return []subscription.Subscription{{Event: "dialog", Resource: "100", Context: "internal", Endpoint: "bob", Subscriber: `"Bob" <sip:bob@192.0.2.1>`,
		CallID: "a84b4c76e66710", UserAgent: "Desk 1.0", State: "RINGINUSE", Expires: now.Add(55 * time.Minute)},
		{Event: "message-summary", Resource: "bob", Endpoint: "bob", Subscriber: "<sip:bob@192.0.2.1>", CallID: "b\x1b[2J", State: "1/2", Expires: now.Add(time.Hour)}}
}
func (f *fakePBX) SetTrace(on bool, filter string) {
	f.trace = append(f.trace, fmt.Sprintf("%t %s", on, filter))
}
func (f *fakePBX) Dialplan() *dialplan.Index { return f.index }
func (f *fakePBX) Applications() []string    { return []string{"Answer", "Dial", "Hangup"} }
func (f *fakePBX) Functions() []string       { return []string{"CALLERID"} }
func (f *fakePBX) Commands() []string        { return []string{"queue show"} }
func (f *fakePBX) Describe(kind, name string) (string, bool) {
	switch kind + name {
	case "applicationDial":
		return "Call one or more devices\n\nDial(TECH/resource[&…][,timeout[,options]])\n", true
	case "functionCALLERID":
		return "The caller's name and number", true
	case "commandqueue show":
		return "Lists the queues\n\nqueue show [NAME]", true
	}
	return "", false
}
func (f *fakePBX) RunCommand(_ context.Context, words []string, out io.Writer) error {
	if len(words) > 2 {
		return errors.New("no such queue: " + words[2])
	}
	_, err := io.WriteString(out, "support has 0 calls\n\x1b[2Jwaiting\n")
	return err
}
func (f *fakePBX) Failures() []string       { return f.failures }
func (f *fakePBX) Started() time.Time       { return now.Add(-(26*time.Hour + 61*time.Second)) }
func (f *fakePBX) Reloaded() time.Time      { return now.Add(-90 * time.Second) }
func (f *fakePBX) Booted() <-chan struct{}  { return f.booted }
func (f *fakePBX) Config() *config.Snapshot { return f.snap }
func (f *fakePBX) Reload() []config.Problem { return f.problems }
func (f *fakePBX) Problems() []config.Problem {
	return f.problems
}

// fakeLog is a log of two numbers.
type fakeLog struct {
	verbose, debug int
	err            error
}

func (l *fakeLog) Verbose() int             { return l.verbose }
func (l *fakeLog) Debug() int               { return l.debug }
func (l *fakeLog) SetVerbose(n int) (o int) { o, l.verbose = l.verbose, n; return o }
func (l *fakeLog) SetDebug(n int) (o int)   { o, l.debug = l.debug, n; return o }
func (l *fakeLog) Reload() error            { return l.err }
func (l *fakeLog) Files() []logger.File {
	return []logger.File{{Path: "log/messages", Mask: logger.Notice | logger.Error}, {Path: "log/full.json", Mask: logger.All, JSON: true}}
}

// fakeControl notes what it was asked.
type fakeControl struct{ asked chan Stop }

func (c fakeControl) Stop(s Stop) { c.asked <- s }

func newCLI(t *testing.T, f *fakePBX) *CLI {
	t.Helper()
	db := store.NewMemory(func() time.Time { return now })
	t.Cleanup(func() { _ = db.Close() })
	for k, v := range map[string]string{"/cfim/100": "101", "/cfim/101": "600", "/cfimx/1": "no", "/dnd/100": "yes\x1b"} {
		if _, err := db.Put(context.Background(), k, []byte(v), store.Any, 0); err != nil {
			t.Fatal(err)
		}
	}
	return NewCLI(Config{PBX: f, Store: db, Music: tunes{}, Recordings: tapes{}, Media: packets{}, Log: &fakeLog{}, Control: fakeControl{make(chan Stop, 8)}, Version: "Asterism test", System: "pbx1",
		Settings: []Setting{{"Directories", "Log directory", "log"}}, Now: func() time.Time { return now }})
}
