package ami

import (
	"bufio"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/dialplan"
	"asterism/engine/event"
	"asterism/engine/manage"
	"asterism/engine/registrar"
	"asterism/engine/registration"
	"asterism/engine/subscription"

	"github.com/rs/zerolog"
)

// fakePBX has two channels and remembers what was asked of it.
type fakePBX struct {
	snap *config.Snapshot
	core *channel.Core // of its conferences

	mu        sync.Mutex
	asked     []string
	originate func(channel.Origination) (channel.Originated, error)
}

func (f *fakePBX) note(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, fmt.Sprintf(format, args...))
}

func (f *fakePBX) Channels() []channel.Info {
	return []channel.Info{
		{Name: "PJSIP/alice-00000001", UniqueID: "1.0", LinkedID: "1.0", Tech: "PJSIP", Endpoint: "alice", State: channel.Up, Created: time.Now(),
			Place: dialplan.Place{Context: "internal", Exten: "600", Priority: 1}, CallerID: channel.CallerID{Name: "Al\r\nEvil: yes", Number: "100"}},
		{Name: "PJSIP/bob-00000002", UniqueID: "1.1", LinkedID: "1.0", Tech: "PJSIP", Endpoint: "bob", State: channel.Ringing, Created: time.Now()},
	}
}

func (f *fakePBX) Conference(name string) (*channel.Conference, bool) { return f.core.Conference(name) }
func (f *fakePBX) Conferences() (list []channel.ConferenceInfo) {
	for _, c := range f.core.Conferences() {
		list = append(list, c.Info())
	}
	return list
}

func (f *fakePBX) HangupChannel(name string, cause channel.Cause) bool {
	f.note("hangup %s %d", name, cause)
	return true
}
func (f *fakePBX) CallsProcessed() uint64                     { return 7 }
func (f *fakePBX) Started() time.Time                         { return time.Now().Add(-time.Minute) }
func (f *fakePBX) Reloaded() time.Time                        { return time.Now() }
func (f *fakePBX) Booted() <-chan struct{}                    { return nil }
func (f *fakePBX) Config() *config.Snapshot                   { return f.snap }
func (f *fakePBX) Reload() []config.Problem                   { return nil }
func (f *fakePBX) Problems() []config.Problem                 { return nil }
func (f *fakePBX) Contacts() []registrar.Contact              { return nil }
func (f *fakePBX) Registrations() []registration.Registration { return nil }
func (f *fakePBX) OrderRegistration(string, bool) bool        { return false }
func (f *fakePBX) Subscriptions() []subscription.Subscription { return nil }
func (f *fakePBX) Variable(ch, name string) (string, bool)    { return ch + "!" + name, true }
func (f *fakePBX) SetVariable(ch, name, value string) bool {
	f.note("set %s %s %s", ch, name, value)
	return true
}
func (f *fakePBX) Redirect(name string, to dialplan.Named) error {
	if to.Exten == "nowhere" {
		return fmt.Errorf("no extension nowhere")
	}
	f.note("redirect %s %s,%s,%s", name, to.Context, to.Exten, to.Priority)
	return nil
}
func (f *fakePBX) MessagesWaiting(mailbox string) (fresh, old, urgent int) {
	return map[string]int{"100@default": 3, "101@default": 0, "200@sales": 1}[mailbox], 2, min(len(mailbox)-10, 1)
}
func (f *fakePBX) BeginOriginate(channel.Origination) error { return nil }
func (f *fakePBX) Originate(_ context.Context, o channel.Origination) (channel.Originated, error) {
	return f.originate(o)
}

// echoCLI answers with the line it was given, on two lines.
type echoCLI struct{}

func (echoCLI) Run(_ context.Context, line string, _ manage.Levels, out io.Writer) func() {
	fmt.Fprintf(out, "one: %s\ntwo\n", line)
	return nil
}

const managerConf = `
[general]
enabled = yes
bindaddr = 127.0.0.1
authtimeout = 1
authlimit = 3
[admin]
secret = s3cret
read = all
write = all
[viewer]
secret = look
read = user
write =
deny = 0.0.0.0/0
permit = 127.0.0.0/8
[dialler]
secret = dial
write = originate
[shutout]
secret = look
deny = 0.0.0.0/0
`

type fixture struct {
	*testing.T
	pbx    *fakePBX
	bus    *event.Bus
	server *Server
}

func start(t *testing.T) *fixture {
	t.Helper()
	snap, problems := config.Load(fstest.MapFS{"manager.conf": {Data: []byte(managerConf)}, "voicemail.conf": {Data: []byte(voicemailConf)}}, config.LoadOptions{})
	for _, p := range problems {
		if p.File == "manager.conf" {
			t.Fatal(p)
		}
	}
	f := &fixture{T: t, pbx: &fakePBX{snap: snap, core: conferenceCore()}, bus: event.NewBus(zerolog.Nop())}
	f.server = New(Config{PBX: f.pbx, CLI: echoCLI{}, Events: f.bus, Log: zerolog.Nop()})
	f.server.penalty = 10 * time.Millisecond
	m := snap.Manager
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port of this test's own
	if err != nil {
		t.Fatal(err)
	}
	m.Port = l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	if err := f.server.Configure(m); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.server.Close(); f.bus.Close() })
	return f
}

// client is one connection that has read the banner.
type client struct {
	*fixture
	conn net.Conn
	r    *bufio.Reader
}

func (f *fixture) dial() *client {
	f.Helper()
	conn, err := net.Dial("tcp", f.server.Addr().String())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	c := &client{f, conn, bufio.NewReader(conn)}
	if line, err := c.r.ReadString('\n'); err != nil || line != banner {
		f.Fatalf("banner %q, %v", line, err)
	}
	return c
}

func (c *client) send(text string) {
	c.Helper()
	if _, err := io.WriteString(c.conn, strings.ReplaceAll(text, "\n", "\r\n")); err != nil {
		c.Fatal(err)
	}
}

// message reads one message as the client sees it.
func (c *client) message() message {
	c.Helper()
	m, err := readMessage(c.r)
	if err != nil {
		c.Fatal(err)
	}
	return m
}

// ask sends an action and reads its response.
func (c *client) ask(text string) message {
	c.Helper()
	c.send(text + "\n\n")
	return c.message()
}

func (f *fixture) login(name, secret string) *client {
	f.Helper()
	c := f.dial()
	m := c.ask("Action: Login\nActionID: 1\nUsername: " + name + "\nSecret: " + secret)
	if m.get("Response") != "Success" || m.get("Message") != "Authentication accepted" || m.get("ActionID") != "1" {
		f.Fatal(m)
	}
	if name == "admin" {
		if m := c.message(); m.get("Event") != "FullyBooted" || m.get("Privilege") != "system,all" {
			f.Fatal(m)
		}
	} else { // its account does not read system events; FullyBooted comes all the same, as in Asterisk
		c.message()
	}
	return c
}

func (c *client) closed() {
	c.Helper()
	if m, err := readMessage(c.r); err == nil {
		c.Fatalf("still open: %v", m)
	}
}

func TestLogin(t *testing.T) {
	f := start(t)
	t.Run("challenge", func(t *testing.T) {
		c := f.dial()
		m := c.ask("Action: Challenge\nAuthType: MD5")
		sum := md5.Sum([]byte(m.get("Challenge") + "s3cret"))
		if m = c.ask("Action: Login\nAuthType: MD5\nUsername: admin\nKey: " + hex.EncodeToString(sum[:])); m.get("Response") != "Success" {
			t.Fatal(m)
		}
	})
	for _, tt := range []struct{ name, login string }{
		{"wrong secret", "Username: admin\nSecret: nope"},
		{"no secret", "Username: admin"},
		{"unknown user", "Username: nobody\nSecret: s3cret"},
		{"a user who may not come from here", "Username: shutout\nSecret: look"},
		{"a key without a challenge", "AuthType: MD5\nUsername: admin\nKey: d41d8cd98f00b204e9800998ecf8427e"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := f.dial()
			if m := c.ask("Action: Login\n" + tt.login); m.get("Response") != "Error" || m.get("Message") != "Authentication failed" {
				t.Fatal(m)
			}
			c.closed()
		})
	}
}

func TestWithoutLogin(t *testing.T) {
	f := start(t)
	c := f.dial()
	for _, name := range []string{"Ping", "CoreShowChannels", "Command", "NoSuchAction"} {
		if m := c.ask("Action: " + name + "\nCommand: core show version"); m.get("Message") != "Permission denied" {
			t.Errorf("%s: %v", name, m)
		}
	}
	f.bus.Publish(event.UserEvent{Name: "secret"})
	if m := c.ask("Action: Logoff"); m.get("Response") != "Goodbye" {
		t.Error(m)
	}
	c.closed()
}

func TestAuthLimitAndTimeout(t *testing.T) {
	f := start(t)
	var waiting []*client
	for range 3 {
		waiting = append(waiting, f.dial())
	}
	conn, err := net.Dial("tcp", f.server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("a fourth connection got %d byte", n)
	}
	waiting[0].closed() // authtimeout
}

func TestActions(t *testing.T) {
	f := start(t)
	c := f.login("admin", "s3cret")
	if m := c.ask("action: ping\nactionid: 42"); m.get("Ping") != "Pong" || m.get("ActionID") != "42" {
		t.Error(m)
	}
	if m := c.ask("Action: Command\nCommand: say it"); !slices.Equal(m.all("Output"), []string{"one: say it", "two"}) {
		t.Error(m)
	}
	if m := c.ask("Action: Getvar\nChannel: PJSIP/alice-00000001\nVariable: X"); m.get("Value") != "PJSIP/alice-00000001!X" {
		t.Error(m)
	}
	if m := c.ask("Action: Setvar\nVariable: G\nValue: v"); m.get("Response") != "Success" {
		t.Error(m)
	}
	if m := c.ask("Action: Hangup\nChannel: PJSIP/bob-00000002\nCause: 17"); m.get("Response") != "Success" {
		t.Error(m)
	}
	if m := c.ask("Action: Hangup\nChannel: PJSIP/nobody"); m.get("Message") != "No such channel" {
		t.Error(m)
	}
	for _, tt := range [][2]string{
		{"Channel: PJSIP/alice-00000001\nContext: internal\nExten: 600\nPriority: 1", "Redirect successful"},
		{"Channel: PJSIP/alice-00000001\nExtraChannel: PJSIP/bob-00000002\nContext: internal\nExten: 600\nPriority: 1\nExtraExten: 601", "Dual Redirect successful"},
		{"Channel: PJSIP/alice-00000001\nContext: internal\nExten: nowhere\nPriority: 1", "Redirect failed: no extension nowhere"},
		{"Channel: PJSIP/alice-00000001\nExten: 600", "Context, Exten and Priority are needed"},
		{"Channel: PJSIP/nobody\nContext: internal\nExten: 600\nPriority: 1", "No such channel"},
		{"Context: internal\nExten: 600\nPriority: 1", "Channel not specified"},
	} {
		if m := c.ask("Action: Redirect\n" + tt[0]); m.get("Message") != tt[1] {
			t.Errorf("%s: %v", tt[0], m)
		}
	}
	if m := c.ask("Action: CoreStatus"); m.get("CoreCurrentCalls") != "1" || m.get("CoreProcessedCalls") != "7" {
		t.Error(m)
	}
	if m := c.ask("Action: Nonsense"); m.get("Response") != "Error" {
		t.Error(m)
	}
	f.pbx.mu.Lock()
	defer f.pbx.mu.Unlock()
	if want := []string{"set  G v", "hangup PJSIP/bob-00000002 17", "redirect PJSIP/alice-00000001 internal,600,1",
		"redirect PJSIP/alice-00000001 internal,600,1", "redirect PJSIP/bob-00000002 internal,601,1"}; !slices.Equal(f.pbx.asked, want) {
		t.Errorf("asked %q, want %q", f.pbx.asked, want)
	}
}

func TestListEscapesWhatCallersSay(t *testing.T) {
	f := start(t)
	c := f.login("admin", "s3cret")
	if m := c.ask("Action: CoreShowChannels\nActionID: 5"); m.get("EventList") != "start" {
		t.Fatal(m)
	}
	first, _, end := c.message(), c.message(), c.message()
	if first.get("CallerIDName") != `Al\r\nEvil: yes` || first.get("Evil") != "" || first.get("ActionID") != "5" || first.get("Context") != "internal" {
		t.Error(first)
	}
	if end.get("Event") != "CoreShowChannelsComplete" || end.get("ListItems") != "2" {
		t.Error(end)
	}
}

func TestOriginateToAnApplication(t *testing.T) {
	f := start(t)
	var asked []string
	f.pbx.originate = func(o channel.Origination) (channel.Originated, error) {
		asked = append(asked, o.Application+"("+o.Data+")")
		return channel.Originated{Reason: 4}, nil
	}
	for _, tt := range []struct{ user, secret, application, response, message string }{
		{"dialler", "dial", "Playback", "Success", "Originate successfully queued"},
		{"dialler", "dial", "trysystem", "Error", "Originate Access Forbidden: app: trysystem"},
		{"admin", "s3cret", "System", "Success", "Originate successfully queued"},
	} {
		m := f.login(tt.user, tt.secret).ask("Action: Originate\nChannel: PJSIP/bob\nData: a,b\nApplication: " + tt.application)
		if m.get("Response") != tt.response || m.get("Message") != tt.message {
			t.Errorf("%s, %s: %v", tt.user, tt.application, m)
		}
	}
	if want := []string{"Playback(a,b)", "System(a,b)"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
}

func TestOriginate(t *testing.T) {
	f := start(t)
	f.pbx.originate = func(o channel.Origination) (channel.Originated, error) {
		if o.Channel == "PJSIP/busy" {
			return channel.Originated{Reason: 5}, &channel.OriginateError{Cause: channel.UserBusy}
		}
		f.pbx.note("%+v", o)
		return channel.Originated{Channel: "PJSIP/bob-00000009", UniqueID: "1.9", Reason: 4}, nil
	}
	c := f.login("admin", "s3cret")
	const to = "\nContext: internal\nExten: 600\nPriority: 1"
	if m := c.ask("Action: Originate\nChannel: PJSIP/bob\nTimeout: 5000\nVariable: a=1,b=2\nVariable: __c=3" + to); m.get("Response") != "Success" {
		t.Error(m)
	}
	if m := c.ask("Action: Originate\nChannel: PJSIP/busy" + to); m.get("Response") != "Error" {
		t.Error(m)
	}
	if m := c.ask("Action: Originate\nActionID: 9\nAsync: true\nChannel: PJSIP/busy" + to); m.get("Response") != "Success" {
		t.Error(m)
	}
	if m := c.message(); m.get("Event") != "OriginateResponse" || m.get("Response") != "Failure" || m.get("Reason") != "5" || m.get("ActionID") != "9" {
		t.Error(m)
	}
	for _, bad := range []string{"Channel: PJSIP/bob", "Context: internal", "Channel: PJSIP/bob\nTimeout: soon" + to} {
		if m := c.ask("Action: Originate\n" + bad); m.get("Response") != "Error" {
			t.Errorf("%q: %v", bad, m)
		}
	}
	f.pbx.mu.Lock()
	defer f.pbx.mu.Unlock()
	if len(f.pbx.asked) != 1 || !strings.Contains(f.pbx.asked[0], "Timeout:5s Variables:[[a 1] [b 2] [__c 3]]") {
		t.Errorf("asked %q", f.pbx.asked)
	}
}

func TestClasses(t *testing.T) {
	f := start(t)
	c := f.login("viewer", "look")
	if m := c.ask("Action: Hangup\nChannel: PJSIP/bob-00000002"); m.get("Message") != "Permission denied" {
		t.Error(m)
	}
	f.bus.Publish(event.ChannelCreated{Channel: event.Channel{Name: "PJSIP/x"}}) // class call: not for this one
	f.bus.Publish(event.UserEvent{Name: "Hello", Fields: []event.Field{{Key: "a", Value: "b"}}})
	if m := c.message(); m.get("Event") != "UserEvent" || m.get("UserEvent") != "Hello" || m.get("a") != "b" || m.get("Privilege") != "user,all" {
		t.Error(m)
	}
	if m := c.ask("Action: Events\nEventMask: off"); m.get("Events") != "Off" {
		t.Error(m)
	}
	f.bus.Publish(event.UserEvent{Name: "Unheard"})
	if m := c.ask("Action: Ping"); m.get("Ping") != "Pong" {
		t.Error(m)
	}
}

func TestRevisedAccountsEndSessions(t *testing.T) {
	f := start(t)
	c := f.login("admin", "s3cret")
	m := f.pbx.snap.Manager
	m.Users = nil
	addr := f.server.Addr()
	m.Port = int(addr.Port())
	if err := f.server.Configure(m); err != nil {
		t.Fatal(err)
	}
	c.closed()
	m.Enabled = false
	if err := f.server.Configure(m); err != nil || f.server.Addr() != (netip.AddrPort{}) {
		t.Fatal(err, f.server.Addr())
	}
}

func TestTooMuch(t *testing.T) {
	f := start(t)
	for _, text := range []string{strings.Repeat("x", maxLine+1), strings.Repeat("a: b\n", maxHeaders+1) + "\n"} {
		c := f.dial()
		_, _ = io.WriteString(c.conn, text)
		c.closed()
	}
}

// FuzzReadMessage: what was read goes out and comes back as it was, but for what is escaped; nothing grows.
func FuzzReadMessage(f *testing.F) {
	f.Add("Action: Login\r\nUsername: x\r\n\r\n")
	f.Add("\n\nA:b\nnonsense\n: \nC:\td\r\n\n")
	f.Add("a: b")
	f.Fuzz(func(t *testing.T, in string) {
		m, err := readMessage(bufio.NewReaderSize(strings.NewReader(in), maxLine))
		if err != nil {
			return
		}
		size := 0
		for _, h := range m {
			size += len(h.key) + len(h.value)
		}
		if len(m) == 0 || size > len(in) {
			t.Fatalf("%d headers of %d bytes from %d", len(m), size, len(in))
		}
		out := m.String()
		if strings.Contains(strings.TrimSuffix(out, "\r\n\r\n"), "\r\n\r\n") {
			t.Fatalf("%q became two messages", m)
		}
		again, err := readMessage(bufio.NewReaderSize(strings.NewReader(out), 8*maxLine)) // escapes take more room
		if err != nil || len(again) != len(m) {
			t.Fatalf("%d headers read again: %d, %v", len(m), len(again), err)
		}
	})
}

// Lamps: what a device and an extension are doing, with Asterisk's numbers.
func TestStatesAreTold(t *testing.T) {
	for _, tt := range []struct {
		fact any
		want string
	}{
		{event.DeviceStateChanged{Device: "Custom:lamp", State: "INUSE"}, "Event: DeviceStateChange|Device: Custom:lamp|State: INUSE||"},
		{event.ExtensionStateChanged{Context: "internal", Exten: "101", Hint: "PJSIP/alice", State: "RINGINUSE"},
			"Event: ExtensionStatus|Exten: 101|Context: internal|Hint: PJSIP/alice|Status: 9|StatusText: InUse&Ringing||"},
	} {
		got := describe(tt.fact)
		if len(got) != 1 || got[0].class != "call" || strings.ReplaceAll(got[0].message.String(), "\r\n", "|") != tt.want {
			t.Errorf("%v: %v, want %s", tt.fact, got, tt.want)
		}
	}
}
