// Package baresip drives a real softphone without audio hardware: it speaks a sine of its own frequency (module ausine),
// writes what it hears to WAV (module sndfile) and obeys over ctrl_tcp. Written for baresip 1.0.0, Debian 12's.
package baresip

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"asterism/tests/audio"
	"asterism/tests/process"
)

// Config is one phone. Everything it needs is under Dir.
type Config struct {
	Dir      string
	Name     string
	Address  string // to bind, loopback; [::1] makes it an IPv6 phone
	SIPPort  int    // CtrlPort and RTPPort (first of 20) likewise are ours alone
	CtrlPort int
	RTPPort  int
	Tone     int    // Hz, what it says
	Codecs   string // of pcmu,pcma,g722,opus; preferred first
	Answer   string // manual (default), auto, early
	MaxCalls int    // one more is 486
	Display  string
	Modules  []string // beside those it always has: mwi
}

// Phone is a running baresip.
type Phone struct {
	cfg  Config
	proc *process.Process
	ctrl *ctrl
	seen int // events taken by Wait
}

const patience = 5 * time.Second

var modules = []string{"module g711.so", "module g722.so", "module opus.so", "module sndfile.so", "module ausine.so",
	"module_tmp account.so", "module_app menu.so", "module_app ctrl_tcp.so"}

// Start runs baresip and waits until it obeys. It has no account yet.
func Start(cfg Config) (*Phone, error) {
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return nil, err
	}
	for name, text := range map[string]string{"config": cfg.text(), "accounts": "", "contacts": ""} {
		if err := os.WriteFile(filepath.Join(cfg.Dir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	if err := blockEncoderDumps(cfg.Dir); err != nil {
		return nil, err
	}
	family := "-4"
	if strings.Contains(cfg.Address, ":") {
		family = "-6"
	}
	p := &Phone{cfg: cfg}
	var err error
	if p.proc, err = process.Start("baresip "+cfg.Name, cfg.Dir, p.log(), nil, "stdbuf", "-o0", "baresip", family, "-s", "-f", cfg.Dir); err != nil {
		return nil, err
	}
	if p.ctrl, err = dialCtrl(fmt.Sprintf("127.0.0.1:%d", cfg.CtrlPort), patience); err != nil {
		p.Stop()
		return nil, fmt.Errorf("%s: %w\n%s", cfg.Name, err, process.Tail(p.log(), 20))
	}
	return p, nil
}

// blockEncoderDumps puts a folder wherever sndfile would record what the phone says in the next minutes. baresip 1.0.0
// takes its recorder of what it hears away at every hold and codec change, and sets it up again only if none records the
// other direction (aufilt_setup wants both filter lists empty); a recorder that cannot open its file is not in the list.
func blockEncoderDumps(dir string) error {
	const life = 240 // seconds that a phone may live
	for now, i := time.Now(), -1; i < life; i++ {
		name := now.Add(time.Duration(i) * time.Second).Format("dump-2006-01-02-15-04-05-enc.wav")
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil && !os.IsExist(err) {
			return err
		}
	}
	return nil
}

func (c Config) text() string {
	lines := slices.Clone(modules)
	for _, m := range c.Modules {
		lines = append(lines, "module_app "+m+".so")
	}
	return strings.Join(append(lines, []string{
		"module_path " + modulePath(),
		"poll_method epoll",
		"sip_listen " + c.hostPort(),
		"net_interface " + strings.Trim(c.Address, "[]"),
		"call_local_timeout 120",
		fmt.Sprintf("call_max_calls %d", max(c.MaxCalls, 1)),
		fmt.Sprintf("audio_source ausine,%d", c.Tone),
		"ausrc_srate 48000", "ausrc_channels 2", "ausrc_format s16", "auplay_format s16", "auenc_format s16", "audec_format s16",
		"opus_bitrate 48000", "opus_stereo no", "opus_sprop_stereo no", "audio_buffer 20-160", "jitter_buffer_delay 0-0", "rtp_tos 184", "menu_bell no", "statmode_default off",
		fmt.Sprintf("rtp_ports %d-%d", c.RTPPort, c.RTPPort+19),
		fmt.Sprintf("ctrl_tcp_listen 127.0.0.1:%d", c.CtrlPort),
		"snd_path " + c.Dir, ""}...), "\n")
}

func (c Config) hostPort() string {
	return net.JoinHostPort(strings.Trim(c.Address, "[]"), fmt.Sprint(c.SIPPort))
}

func modulePath() string {
	found, _ := filepath.Glob("/usr/lib*/baresip/modules/menu.so")
	more, _ := filepath.Glob("/usr/lib/*/baresip/modules/menu.so")
	if found = append(found, more...); len(found) == 0 {
		return "/usr/lib/baresip/modules"
	}
	return filepath.Dir(found[0])
}

func (p *Phone) log() string { return filepath.Join(p.cfg.Dir, "phone.log") }

// Address is where the phone's SIP listens, host:port.
func (p *Phone) Address() string { return p.cfg.hostPort() }

// AddAccount makes the phone user@server (host:port), registering every regint seconds, or not at all for 0.
func (p *Phone) AddAccount(user, password, server, transport string, regint int) error {
	uri := fmt.Sprintf("<sip:%s@%s;transport=%s>;auth_pass=%s;regint=%d;mwi=%s;audio_codecs=%s;answermode=%s;ptime=20",
		user, server, transport, password, regint, map[bool]string{true: "yes", false: "no"}[slices.Contains(p.cfg.Modules, "mwi")], longNames.Replace(orDefault(p.cfg.Codecs, "pcmu,pcma")), orDefault(p.cfg.Answer, "manual"))
	if p.cfg.Display != "" {
		uri = p.cfg.Display + " " + uri
	}
	_, err := p.ctrl.command("uanew", uri, patience)
	return err
}

// longNames are baresip's for codecs that are not of 8 kHz: it passes silently over a name without them, and offers all it has.
// Opus is of one channel with opus_stereo no.
var longNames = strings.NewReplacer("opus", "opus/48000/1", "g722", "G722/16000/1")

func orDefault(s, d string) string {
	if s == "" {
		return d
	}
	return s
}

// Command runs one of baresip's commands: dial, accept, hangup, hold, resume, sndcode, reinvite ….
func (p *Phone) Command(name, params string) (string, error) {
	return p.ctrl.command(name, params, patience)
}

// Events are all since the phone was started.
func (p *Phone) Events() []Event { return p.ctrl.since(0) }

// Wait waits for the next event of the type, taking those before it. param filters by a regular expression on the
// event's parameter, peer and display name, "" takes any.
func (p *Phone) Wait(kind, param string, d time.Duration) (Event, error) {
	re, err := regexp.Compile(param)
	if err != nil {
		return Event{}, err
	}
	for deadline := time.Now().Add(d); ; time.Sleep(10 * time.Millisecond) {
		for i, e := range p.ctrl.since(p.seen) {
			if e.Type == kind && (re.MatchString(e.Param) || re.MatchString(e.PeerDisplayName+" <"+e.PeerURI+">")) {
				p.seen += i + 1
				return e, nil
			}
		}
		if time.Now().After(deadline) {
			return Event{}, fmt.Errorf("%s: no %s %s within %v; it told: %v", p.cfg.Name, kind, param, d, p.told())
		}
		if !p.proc.Running() {
			return Event{}, fmt.Errorf("%s: baresip is gone", p.cfg.Name)
		}
	}
}

func (p *Phone) told() []string {
	var out []string
	for _, e := range p.ctrl.since(p.seen) {
		out = append(out, strings.TrimSpace(e.Type+" "+e.Param))
	}
	return out
}

// Trace is all SIP the phone sent and received, and its own log.
func (p *Phone) Trace() string { return process.Log(p.log()) }

// Mark is a place in the phone's recordings.
type Mark map[string]int

// Now marks the end of what has been heard until now.
func (p *Phone) Now() Mark {
	m := Mark{}
	for _, f := range p.recordings() {
		if pcm, _, err := audio.ReadWAV(f, 0); err == nil {
			m[f] = len(pcm)
		}
	}
	return m
}

// Heard is the audio that arrived since the mark, 8 kHz unless the codec has another rate.
func (p *Phone) Heard(since Mark) (pcm []int16, rate int) {
	rate = 8000
	for _, f := range p.recordings() {
		if more, r, err := audio.ReadWAV(f, since[f]); err == nil && len(more) > 0 {
			pcm, rate = append(pcm, more...), r
		}
	}
	return pcm, rate
}

func (p *Phone) recordings() []string {
	files, _ := filepath.Glob(filepath.Join(p.cfg.Dir, "dump-*-dec.wav"))
	slices.Sort(files) // names begin with the time
	return files
}

// Kill is a phone that loses its power: nothing is said to anybody.
func (p *Phone) Kill() { p.proc.Kill() }

// Stop ends the phone. It hangs up and unregisters first, as baresip does on SIGTERM.
func (p *Phone) Stop() {
	if p.ctrl != nil {
		p.ctrl.conn.Close()
		<-p.ctrl.closed
	}
	p.proc.Stop(2 * time.Second) //nolint:errcheck // it is dead afterwards in any case
}
