package config

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Manager is manager.conf: the manager interface (AMI) and who may use it.
type Manager struct {
	Enabled        bool
	Bind           netip.Addr // 0.0.0.0 unless said otherwise
	Port           int
	AuthTimeout    time.Duration // until a connection must have logged in
	AuthLimit      int           // connections that have not
	Timestamps     bool          // events carry a Timestamp
	AllowMultiple  bool          // one user may be logged in more than once
	ShowConnects   bool          // log lines of logins
	ChannelVars    []string      // variables that events about channels carry
	DisabledEvents []string
	Users          []ManagerUser
}

// ManagerUser is one account. Read and Write are the classes of events it sees and of actions it may do.
type ManagerUser struct {
	Name, Secret  string
	Read, Write   []string
	Access        Access
	AllowMultiple bool
	WriteTimeout  time.Duration
}

// May reports whether classes holds class; "all" holds every one, and "" is held by everybody.
func May(classes []string, class string) bool {
	return class == "" || slices.Contains(classes, class) || slices.Contains(classes, "all")
}

// managerClasses are Asterisk's.
var managerClasses = strings.Fields("system call log verbose agent user config command dtmf reporting cdr dialplan originate agi cc aoc test security message all none")

var managerSchema = &schema[Manager]{
	kind: "manager",
	fields: append([]field[Manager]{
		yes("enabled", func(m *Manager) *bool { return &m.Enabled }),
		addr("bindaddr", func(m *Manager) *netip.Addr { return &m.Bind }),
		number("port", 1, 65535, func(m *Manager) *int { return &m.Port }),
		seconds("authtimeout", time.Hour, func(m *Manager) *time.Duration { return &m.AuthTimeout }),
		number("authlimit", 1, 10000, func(m *Manager) *int { return &m.AuthLimit }),
		yes("timestampevents", func(m *Manager) *bool { return &m.Timestamps }),
		yes("allowmultiplelogin", func(m *Manager) *bool { return &m.AllowMultiple }),
		yes("displayconnects", func(m *Manager) *bool { return &m.ShowConnects }),
		names("channelvars", func(m *Manager) *[]string { return &m.ChannelVars }),
		names("disabledevents", func(m *Manager) *[]string { return &m.DisabledEvents }),
	},
		// A web interface without the http server, and debugging that the log level steers, change nothing for a client of the port.
		silent[Manager]("debug", "webenabled", "httptimeout", "brokeneventsaction")...),
	later: list("tlsenable tlsbindaddr tlscertfile tlsprivatekey tlscipher"),
}

var managerUserSchema = &schema[ManagerUser]{
	kind: "user",
	fields: append([]field[ManagerUser]{
		text("secret", func(u *ManagerUser) *string { return &u.Secret }),
		someOf("read", func(u *ManagerUser) *[]string { return &u.Read }, managerClasses...),
		someOf("write", func(u *ManagerUser) *[]string { return &u.Write }, managerClasses...),
		names("acl", func(u *ManagerUser) *[]string { return &u.Access.Names }),
		yes("allowmultiplelogin", func(u *ManagerUser) *bool { return &u.AllowMultiple }),
		millis("writetimeout", 100, 600000, func(u *ManagerUser) *time.Duration { return &u.WriteTimeout }),
	}, silent[ManagerUser]("displayconnects")...),
	later: list("eventfilter setvar"),
}

// manager reads manager.conf. A user with a wrong line is left out: who may do what is not to be guessed.
func (l *loader) manager() {
	m := Manager{Bind: netip.IPv4Unspecified(), Port: 5038, AuthTimeout: 30 * time.Second, AuthLimit: 50, AllowMultiple: true, ShowConnects: true}
	f := l.snap.files["manager.conf"]
	section(l, managerSchema, &m, f, "general")
	l.snap.Manager = m
	if f == nil {
		return
	}
	for _, sec := range f.Sections {
		if sec.Template || strings.EqualFold(sec.Name, "general") {
			continue
		}
		u := ManagerUser{Name: sec.Name, AllowMultiple: m.AllowMultiple, WriteTimeout: 10 * time.Second}
		own := AccessList{}
		s := *managerUserSchema
		s.fields = append(slices.Clip(s.fields),
			rules("permit", true, func(*ManagerUser) *AccessList { return &own }),
			rules("deny", false, func(*ManagerUser) *AccessList { return &own }))
		if !s.fill(l, &u, sec) {
			continue
		}
		o := object{"user", sec.Name}
		if u.Secret == "" {
			l.report(o, sec.Pos, bad("add secret=…", "no secret: nobody could log in"))
			continue
		}
		if len(own) > 0 {
			u.Access.Lists = append(u.Access.Lists, own)
		}
		if !(&objects{loader: l}).checkAccess(o, sec, "acl", &u.Access) {
			continue
		}
		l.snap.Manager.Users = append(l.snap.Manager.Users, u)
	}
}
