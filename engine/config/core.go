package config

import (
	"io/fs"
	"time"
)

// RTP is rtp.conf [general].
type RTP struct {
	RTPStart, RTPEnd int // both may be used
	RTCPInterval     time.Duration
	StrictRTP        string        // "yes", "no", "seqno"
	Probation        int           // packets in order before a source is learned
	DTMFTimeout      time.Duration // 0: the media engine's own
	RTPChecksums     bool
	PacketIO         string // "io_uring", "epoll", "udp"; "": the best there is
	RecvBuffer       int    // SO_RCVBUF of each RTP and RTCP socket, bytes
	ICESupport       bool   // what the file says; ICE itself comes later
}

// CDR is cdr.conf: [general] and [csv].
type CDR struct {
	Enable                  bool
	Unanswered              bool
	Congestion              bool
	EndBeforeHExten         bool
	InitiatedSeconds        bool
	ChannelDefaultEnabled   bool
	IgnoreStateChanges      bool
	IgnoreDialChanges       bool
	CancelDispositionEnable bool // canceldispositionenabled
	Batch                   bool
	Size                    int
	Time                    time.Duration
	SchedulerOnly           bool
	SafeShutdown            bool
	CSV                     CSV
}

// CSV is cdr.conf [csv]. Asterisk writes no Master.csv unless the section is there; see Present.
type CSV struct {
	Present       bool
	UseGMTime     bool
	LogUniqueID   bool
	LogUserField  bool
	AccountLogs   bool
	NewCDRColumns bool
}

// Directories is asterisk.conf [directories]. "" means that the file says nothing of it: the caller has a default.
type Directories struct {
	Etc, Mod, VarLib, DB, Key, Data, AGI, Spool, Run, Log, Sbin, Cache string
}

// Asterisk is asterisk.conf.
type Asterisk struct {
	Directories           Directories
	Verbose, Debug        int
	NoColor               bool
	Quiet                 bool
	Timestamp             bool
	Console               bool
	NoFork, AlwaysFork    bool
	MaxCalls              int     // 0: no limit
	MaxLoad               float64 // load average; 0: no limit
	MaxFiles              int     // 0: leave it
	MinMemFree            int     // MiB; 0: no limit
	SystemName            string
	AutoSystemName        bool
	DefaultLanguage       string
	LanguagePrefix        bool
	TransmitSilence       bool
	ExecIncludes          bool
	LiveDangerously       bool
	HideConnect           bool
	DocumentationLanguage string
	SoundsSearchCustomDir bool
	SoundsSearchDirs      []string // absolute paths, the first is looked in first; ours
	// AuthAlgorithms is what phones are challenged with where pjsip.conf does not say: Asterisk's own default is MD5 alone.
	AuthAlgorithms     []string
	MinDTMFDuration    time.Duration
	RunUser, RunGroup  string
	EntityID           string
	Ctl                string // [files] astctl
	CtlPermissions     fs.FileMode
	CtlOwner, CtlGroup string
}

// Logger is logger.conf.
type Logger struct {
	DateFormat     string // strftime
	UseCallIDs     bool
	AppendHostname bool
	QueueLog       bool
	RotateStrategy string
	Console        []string  // levels for the console: "notice", "warning", "error", "verbose", "debug" …
	Files          []LogFile // accepted; one JSON or text log is written today
}

// LogFile is a line of [logfiles].
type LogFile struct {
	Pos    Pos
	Name   string   // relative to astlogdir
	Format string   // "default", "plain" or "json"
	Levels []string // "*" is all
}
