package config

import (
	"io/fs"
	"math"
	"strconv"
	"strings"
	"time"
)

// section applies a schema to the sections of one name in a file that is not pjsip.conf. There an unknown option is
// a warning, because Asterisk passes over it without a word, and one bad line is left out by itself.
func section[T any](l *loader, s *schema[T], t *T, f *File, name string) bool {
	if f == nil {
		return false
	}
	found := false
	for _, sec := range f.Sections {
		if sec.Template || !strings.EqualFold(sec.Name, name) {
			continue
		}
		found = true
		for _, opt := range sec.Options {
			if c := s.apply(t, opt); c != nil {
				if strings.HasSuffix(c.what, "is unknown") && strings.HasPrefix(c.what, "option ") {
					c.warning = true
				}
				l.report(object{"[" + name + "]", ""}, opt.Pos, c)
			}
		}
	}
	return found
}

var rtpSchema = &schema[RTP]{
	kind: "rtp",
	fields: append([]field[RTP]{
		number("rtpstart", 1024, 65535, func(r *RTP) *int { return &r.RTPStart }),
		number("rtpend", 1024, 65535, func(r *RTP) *int { return &r.RTPEnd }),
		millis("rtcpinterval", 500, 60000, func(r *RTP) *time.Duration { return &r.RTCPInterval }),
		yesOr("strictrtp", func(r *RTP) *string { return &r.StrictRTP }, "seqno"),
		number("probation", 2, 100, func(r *RTP) *int { return &r.Probation }),
		{"dtmftimeout", func(r *RTP, v string) *complaint { // samples of 8 kHz
			n, c := parseInt(v, 0, 8000*60)
			if c == nil {
				r.DTMFTimeout = time.Duration(n) * time.Second / 8000
			}
			return c
		}},
		{"packet_io", func(r *RTP, v string) *complaint { // ours: how packets are read and written
			w, c := parseOneOf(v, "auto", "io_uring", "epoll", "udp")
			if c == nil {
				r.PacketIO = strings.TrimPrefix(w, "auto")
			}
			return c
		}},
		number("recv_buffer", 4096, 8<<20, func(r *RTP) *int { return &r.RecvBuffer }), // ours: SO_RCVBUF of each socket, bytes
		yes("rtpchecksums", func(r *RTP) *bool { return &r.RTPChecksums }),
		yes("icesupport", func(r *RTP) *bool { return &r.ICESupport }),
	},
		// They matter only with ICE and SRTP, and say nothing to plain RTP.
		silent[RTP]("srtpreplayprotection", "stun_software_attribute", "stunaddr_reresolve_ttl_0", "dtls_mtu")...),
	later: list("stunaddr turnaddr turnport turnusername turnpassword stun_blacklist stun_deny stun_permit stun_acl ice_blacklist ice_deny ice_permit ice_acl timer"),
}

func (l *loader) rtp() {
	r := RTP{RTPStart: 5000, RTPEnd: 31000, RTCPInterval: 5 * time.Second, StrictRTP: "yes", Probation: 4, RecvBuffer: 128 << 10, RTPChecksums: true, ICESupport: true}
	f := l.snap.files["rtp.conf"]
	section(l, rtpSchema, &r, f, "general")
	if r.RTPEnd <= r.RTPStart {
		l.report(object{kind: "[general]"}, l.at(f.Section("general"), "rtpstart", "rtpend"),
			bad("write rtpstart below rtpend", "rtpstart %d to rtpend %d has no room for a call; 5000 to 31000 is used", r.RTPStart, r.RTPEnd))
		r.RTPStart, r.RTPEnd = 5000, 31000
	}
	l.snap.RTP = r
}

var cdrSchema = &schema[CDR]{
	kind: "cdr",
	fields: append([]field[CDR]{
		yes("enable", func(c *CDR) *bool { return &c.Enable }),
		yes("unanswered", func(c *CDR) *bool { return &c.Unanswered }),
		yes("congestion", func(c *CDR) *bool { return &c.Congestion }),
		yes("endbeforehexten", func(c *CDR) *bool { return &c.EndBeforeHExten }),
		yes("initiatedseconds", func(c *CDR) *bool { return &c.InitiatedSeconds }),
		yes("channeldefaultenabled", func(c *CDR) *bool { return &c.ChannelDefaultEnabled }),
		yes("ignorestatechanges", func(c *CDR) *bool { return &c.IgnoreStateChanges }),
		yes("ignoredialchanges", func(c *CDR) *bool { return &c.IgnoreDialChanges }),
		yes("canceldispositionenabled", func(c *CDR) *bool { return &c.CancelDispositionEnable }),
		yes("batch", func(c *CDR) *bool { return &c.Batch }),
		number("size", 0, 1000, func(c *CDR) *int { return &c.Size }),
		seconds("time", day, func(c *CDR) *time.Duration { return &c.Time }),
		yes("scheduleronly", func(c *CDR) *bool { return &c.SchedulerOnly }),
		yes("safeshutdown", func(c *CDR) *bool { return &c.SafeShutdown }),
	}, silent[CDR]("debug")...), // ours is the log level's business
}

var csvSchema = &schema[CSV]{
	kind: "csv",
	fields: []field[CSV]{
		yes("usegmtime", func(c *CSV) *bool { return &c.UseGMTime }),
		yes("loguniqueid", func(c *CSV) *bool { return &c.LogUniqueID }),
		yes("loguserfield", func(c *CSV) *bool { return &c.LogUserField }),
		yes("accountlogs", func(c *CSV) *bool { return &c.AccountLogs }),
		yes("newcdrcolumns", func(c *CSV) *bool { return &c.NewCDRColumns }),
	},
}

func (l *loader) cdr() {
	c := CDR{Enable: true, EndBeforeHExten: true, ChannelDefaultEnabled: true, Size: 100, Time: 300 * time.Second, SafeShutdown: true,
		CSV: CSV{AccountLogs: true}}
	f := l.snap.files["cdr.conf"]
	section(l, cdrSchema, &c, f, "general")
	c.CSV.Present = section(l, csvSchema, &c.CSV, f, "csv")
	l.snap.CDR = c
}

// acl reads acl.conf: each section is a list of its name. A list with a bad line denies everybody.
func (l *loader) acl() {
	f := l.snap.files["acl.conf"]
	if f == nil {
		return
	}
	listSchema := &schema[AccessList]{kind: "list", fields: []field[AccessList]{
		rules("permit", true, func(a *AccessList) *AccessList { return a }),
		rules("deny", false, func(a *AccessList) *AccessList { return a }),
	}}
	for _, sec := range f.Sections {
		if sec.Template {
			continue
		}
		a := l.snap.ACL[sec.Name] // a repeated section goes on
		if !listSchema.fill(l, &a, sec) {
			l.report(object{"list", sec.Name}, sec.Pos, odd("", "as it is wrong, it denies everybody"))
			a = append(a, denyAll()...)
		}
		l.snap.ACL[sec.Name] = a
	}
}

// directory makes the field of one absolute path.
func directory[T any](name string, at func(*T) *string) field[T] {
	return field[T]{name, func(t *T, v string) *complaint {
		if !strings.HasPrefix(v, "/") {
			return bad("write an absolute path", "%q is not absolute", clip(v))
		}
		*at(t) = v
		return nil
	}}
}

// directories are absolute paths with commas between.
func directories[T any](name string, at func(*T) *[]string) field[T] {
	return field[T]{name, func(t *T, v string) *complaint {
		var all []string
		for one := range strings.SplitSeq(v, ",") {
			if one = strings.TrimSpace(one); !strings.HasPrefix(one, "/") {
				return bad("write absolute paths with commas between", "%q is not absolute", clip(one))
			}
			all = append(all, one)
		}
		*at(t) = all
		return nil
	}}
}

var directoriesSchema = &schema[Directories]{
	kind: "directories",
	fields: []field[Directories]{
		directory("astetcdir", func(d *Directories) *string { return &d.Etc }),
		directory("astmoddir", func(d *Directories) *string { return &d.Mod }),
		directory("astvarlibdir", func(d *Directories) *string { return &d.VarLib }),
		directory("astdbdir", func(d *Directories) *string { return &d.DB }),
		directory("astkeydir", func(d *Directories) *string { return &d.Key }),
		directory("astdatadir", func(d *Directories) *string { return &d.Data }),
		directory("astagidir", func(d *Directories) *string { return &d.AGI }),
		directory("astspooldir", func(d *Directories) *string { return &d.Spool }),
		directory("astrundir", func(d *Directories) *string { return &d.Run }),
		directory("astlogdir", func(d *Directories) *string { return &d.Log }),
		directory("astsbindir", func(d *Directories) *string { return &d.Sbin }),
		directory("astcachedir", func(d *Directories) *string { return &d.Cache }),
	},
}

// level is a number, or a boolean that means 1.
func level[T any](name string, at func(*T) *int) field[T] {
	return field[T]{name, func(t *T, v string) *complaint {
		if b, ok := Bool(v); ok && v != "1" && v != "0" {
			*at(t) = 0
			if b {
				*at(t) = 1
			}
			return nil
		}
		n, c := parseInt(v, 0, math.MaxInt32)
		if c == nil {
			*at(t) = n
		}
		return c
	}}
}

var optionsSchema = &schema[Asterisk]{
	kind: "options",
	fields: append([]field[Asterisk]{
		level("verbose", func(a *Asterisk) *int { return &a.Verbose }),
		level("debug", func(a *Asterisk) *int { return &a.Debug }),
		yes("nocolor", func(a *Asterisk) *bool { return &a.NoColor }),
		yes("quiet", func(a *Asterisk) *bool { return &a.Quiet }),
		yes("timestamp", func(a *Asterisk) *bool { return &a.Timestamp }),
		yes("console", func(a *Asterisk) *bool { return &a.Console }),
		yes("nofork", func(a *Asterisk) *bool { return &a.NoFork }),
		yes("alwaysfork", func(a *Asterisk) *bool { return &a.AlwaysFork }),
		number("maxcalls", 0, many, func(a *Asterisk) *int { return &a.MaxCalls }),
		{"maxload", func(a *Asterisk, v string) *complaint {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil || !(f >= 0 && f < 1e6) {
				return bad("write a load average such as 0.9", "%q is no load average", clip(v))
			}
			a.MaxLoad = f
			return nil
		}},
		number("maxfiles", 0, many, func(a *Asterisk) *int { return &a.MaxFiles }),
		number("minmemfree", 0, many, func(a *Asterisk) *int { return &a.MinMemFree }),
		text("systemname", func(a *Asterisk) *string { return &a.SystemName }),
		yes("autosystemname", func(a *Asterisk) *bool { return &a.AutoSystemName }),
		text("defaultlanguage", func(a *Asterisk) *string { return &a.DefaultLanguage }),
		yes("languageprefix", func(a *Asterisk) *bool { return &a.LanguagePrefix }),
		yes("transmit_silence", func(a *Asterisk) *bool { return &a.TransmitSilence }),
		yes("execincludes", func(a *Asterisk) *bool { return &a.ExecIncludes }),
		yes("live_dangerously", func(a *Asterisk) *bool { return &a.LiveDangerously }),
		yes("hideconnect", func(a *Asterisk) *bool { return &a.HideConnect }),
		text("documentation_language", func(a *Asterisk) *string { return &a.DocumentationLanguage }),
		yes("sounds_search_custom_dir", func(a *Asterisk) *bool { return &a.SoundsSearchCustomDir }),
		directories("sounds_search_dirs", func(a *Asterisk) *[]string { return &a.SoundsSearchDirs }), // ours
		millis("mindtmfduration", 0, 10_000, func(a *Asterisk) *time.Duration { return &a.MinDTMFDuration }),
		text("runuser", func(a *Asterisk) *string { return &a.RunUser }),
		text("rungroup", func(a *Asterisk) *string { return &a.RunGroup }),
		text("entityid", func(a *Asterisk) *string { return &a.EntityID }),
		algorithms("default_auth_algorithms_uas", func(a *Asterisk) *[]string { return &a.AuthAlgorithms }), // ours
	},
		// They speak of Asterisk's own insides: its threads, caches, colours, core dumps, old dialplan macros.
		silent[Asterisk]("trace", "refdebug", "highpriority", "initcrypto", "dontwarn", "dumpcore", "cache_record_files",
			"cache_media_frames", "record_cache_dir", "transcode_via_sln", "transmit_silence_during_record", "internal_timing",
			"rtp_use_dynamic", "rtp_pt_dynamic", "lockmode", "lightbackground", "forceblackbackground", "lockconfdir", "stdexten",
			"hide_messaging_ami_events", "channel_storage_backend", "disable_remote_console_shell")...),
}

var ctlSchema = &schema[Asterisk]{
	kind: "files",
	fields: []field[Asterisk]{
		text("astctl", func(a *Asterisk) *string { return &a.Ctl }),
		text("astctlowner", func(a *Asterisk) *string { return &a.CtlOwner }),
		text("astctlgroup", func(a *Asterisk) *string { return &a.CtlGroup }),
		{"astctlpermissions", func(a *Asterisk, v string) *complaint {
			n, err := strconv.ParseUint(v, 8, 9)
			if err != nil {
				return bad("write octal digits such as 0660", "%q are no permissions", clip(v))
			}
			a.CtlPermissions = fs.FileMode(n)
			return nil
		}},
	},
}

// asterisk reads asterisk.conf, with #exec refused: only what it says itself may allow it.
func (l *loader) asterisk() {
	a := Asterisk{DefaultLanguage: "en", LanguagePrefix: true, DocumentationLanguage: "en_US", MinDTMFDuration: 80 * time.Millisecond}
	name := l.asteriskName()
	if exists(l.fsys, name) {
		o := l.opt.ParseOptions
		o.Exec = nil
		f, problems := Parse(l.fsys, name, o)
		l.problems = append(l.problems, problems...)
		if f != nil {
			l.snap.files[name] = f
		}
		section(l, directoriesSchema, &a.Directories, f, "directories")
		section(l, optionsSchema, &a, f, "options")
		section(l, ctlSchema, &a, f, "files")
	}
	l.snap.Asterisk = a
}
