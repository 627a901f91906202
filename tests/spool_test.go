package tests

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"asterism/tests/audio"
	"asterism/tests/process"
	"asterism/tests/wire"
)

// The layout of Asterisk's spool of voice messages: testdata/spool is as Asterisk writes it, but for the sounds.

var (
	spoolFolders   = []string{"INBOX", "Old", "Work", "Family", "Friends", "Cust1", "Cust2", "Cust3", "Cust4", "Cust5", "Deleted", "Urgent"}
	spoolGreetings = regexp.MustCompile(`^(unavail|busy|temp|greet)\.(wav|WAV|gsm|ulaw|opus)$|^secret\.conf$`)
	spoolFiles     = regexp.MustCompile(`^msg(\d{4})\.(txt|wav|WAV|gsm|ulaw|opus)$`)
	spoolFields    = []string{"origmailbox", "context", "exten", "rdnis", "priority", "callerchan", "callerid", "origdate", "origtime", "category", "msg_id", "flag", "duration"}
	spoolValues    = map[string]*regexp.Regexp{"rdnis": regexp.MustCompile(`^.+$`), "priority": regexp.MustCompile(`^\d+$`), "callerid": regexp.MustCompile(`^("[^"]*" <[^>]+>|[^"<>]+)$`),
		"msg_id": regexp.MustCompile(`^\d+-[0-9a-f]{8}$`), "flag": regexp.MustCompile(`^(|Urgent|PRIORITY)$`), "duration": regexp.MustCompile(`^\d+$`)}
)

// checkSpool says what in a spool is not as Asterisk's tools expect it.
func checkSpool(root string) (problems []string) {
	complain := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	boxes, _ := filepath.Glob(filepath.Join(root, "*/*"))
	if len(boxes) == 0 {
		complain("%s has no mailbox", root)
	}
	for _, box := range boxes {
		entries, err := os.ReadDir(box)
		if err != nil {
			complain("%v", err)
		}
		for _, e := range entries {
			switch path := filepath.Join(box, e.Name()); {
			case !e.IsDir() && !spoolGreetings.MatchString(e.Name()):
				complain("%s: no greeting", path)
			case e.IsDir() && e.Name() == "tmp":
				if left, _ := os.ReadDir(path); len(left) > 0 {
					complain("%s: %s is left over", path, left[0].Name())
				}
			case e.IsDir() && !slices.Contains(spoolFolders, e.Name()):
				complain("%s: no folder", path)
			case e.IsDir():
				checkFolder(path, complain)
			}
		}
	}
	return problems
}

func checkFolder(dir string, complain func(string, ...any)) {
	entries, _ := os.ReadDir(dir)
	texts, sounds := []int{}, map[int]int{}
	for _, e := range entries {
		m := spoolFiles.FindStringSubmatch(e.Name())
		if m == nil {
			complain("%s/%s: no message", dir, e.Name())
			continue
		}
		n, _ := strconv.Atoi(m[1])
		if m[2] != "txt" {
			sounds[n]++
			continue
		}
		texts = append(texts, n)
		checkText(filepath.Join(dir, e.Name()), filepath.Base(dir), complain)
	}
	for want, n := range texts {
		if n != want {
			complain("%s: number %d is left out", dir, want)
			return
		}
		if sounds[n] == 0 {
			complain("%s: msg%04d has no sound", dir, n)
		}
	}
	if len(sounds) > len(texts) {
		complain("%s: %d sounds of %d messages", dir, len(sounds), len(texts))
	}
}

func checkText(path, folder string, complain func(string, ...any)) {
	b, err := os.ReadFile(path)
	if err != nil {
		complain("%v", err)
		return
	}
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	if len(lines) < 4+len(spoolFields) || lines[0] != ";" || !strings.HasPrefix(lines[1], "; ") || lines[2] != ";" || lines[3] != "[message]" {
		complain("%s begins otherwise: %q", path, lines)
		return
	}
	values := map[string]string{}
	for i, field := range spoolFields {
		name, value, _ := strings.Cut(lines[4+i], "=")
		if values[name] = value; name != field {
			complain("%s: %q stands where %s should", path, lines[4+i], field)
		}
		if re := spoolValues[field]; re != nil && !re.MatchString(value) {
			complain("%s: %s=%q", path, field, value)
		}
	}
	for _, more := range lines[4+len(spoolFields):] {
		if !strings.HasPrefix(more, "transcription=") { // ours
			complain("%s: %q", path, more)
		}
	}
	epoch, err := strconv.ParseInt(values["origtime"], 10, 64)
	if date := time.Unix(epoch, 0).UTC().Format("Mon Jan _2 03:04:05 PM UTC 2006"); err != nil || values["origdate"] != date {
		complain("%s: origdate=%s, and origtime is %s", path, values["origdate"], date)
	}
	if urgent := values["flag"] == "Urgent"; urgent && folder == "INBOX" || !urgent && folder == "Urgent" { // those heard keep their flag
		complain("%s: flag=%s", path, values["flag"])
	}
}

// TestSpoolChecker: it finds Asterisk's own files good, and what is wrong in them.
func TestSpoolChecker(t *testing.T) {
	spoil := func(name string, change func(string) string) func(string) error {
		return func(dir string) error {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, name), []byte(change(string(b))), 0o600)
		}
	}
	for name, test := range map[string]struct {
		do   func(dir string) error
		want string
	}{
		"as it is": {func(string) error { return nil }, ""},
		"a gap":    {func(dir string) error { return os.Remove(filepath.Join(dir, "default/100/INBOX/msg0000.txt")) }, "left out"},
		"no sound": {func(dir string) error { return os.Remove(filepath.Join(dir, "default/100/Old/msg0000.wav")) }, "no sound"},
		"a date":   {spoil("default/100/Old/msg0000.txt", func(s string) string { return strings.Replace(s, "origtime=1", "origtime=2", 1) }), "origdate"},
		"the order": {spoil("default/100/Old/msg0000.txt", func(s string) string {
			return strings.Replace(s, "rdnis=unknown\npriority=2", "priority=2\nrdnis=unknown", 1)
		}), "stands where"},
		"a folder": {func(dir string) error {
			return os.Rename(filepath.Join(dir, "default/100/Old"), filepath.Join(dir, "default/100/old"))
		}, "no folder"},
		"not urgent": {spoil("default/100/Urgent/msg0000.txt", func(s string) string { return strings.Replace(s, "flag=Urgent", "flag=", 1) }), "flag="},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "voicemail")
			goldenSpool(t, dir)
			if err := test.do(dir); err != nil {
				t.Fatal(err)
			}
			problems := strings.Join(checkSpool(dir), "\n")
			if test.want == "" && problems != "" || !strings.Contains(problems, test.want) {
				t.Errorf("want %q, found:\n%s", test.want, problems)
			}
		})
	}
}

// goldenSpool is testdata/spool with sounds: a tone for each message, of 440, 620, 770 and 950 Hz, as wav, ulaw, and wav again.
func goldenSpool(t *testing.T, dir string) {
	t.Helper()
	if err := os.CopyFS(dir, os.DirFS("testdata/spool")); err != nil {
		t.Fatal(err)
	}
	for name, freq := range map[string]float64{"INBOX/msg0000.wav": 440, "INBOX/msg0001.ulaw": 620, "Old/msg0000.wav": 770, "Urgent/msg0000.wav": 950} {
		path, pcm := filepath.Join(dir, "default/100", name), audio.Sine(8000, freq, 0, 2*time.Second)
		err := error(nil)
		if filepath.Ext(path) == ".wav" {
			err = audio.WriteWAV(path, 8000, pcm)
		} else {
			b := make([]byte, len(pcm))
			for i, v := range pcm {
				b[i] = audio.EncodeULaw(v)
			}
			err = os.WriteFile(path, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestSpool: a spool of Asterisk's is heard and gone on with, and what comes of it is one of Asterisk's again, in several formats.
func TestSpool(t *testing.T) {
	if testing.Short() {
		t.Skip("takes twenty seconds")
	}
	h := newHouse(t, process.NewPorts(), 10, `extensions = { internal = {
  ["700"] = function() app.VoiceMailMain("100", "s"); app.VoiceMail("100", "stU"); app.Log("notice", "left") end,
} }`, "[general]\nformat = wav49|gsm|ulaw|opus|wav\nenvelope = no\nsayduration = no\n[default]\n100 => 1234,Anna\n")
	spool := filepath.Join(h.dir, "spool/voicemail")
	goldenSpool(t, spool)
	h.start()
	if out, err := exec.Command(h.bin, "-C", h.conf, "-rx", "voicemail show users").CombinedOutput(); err != nil || !strings.Contains(string(out), "100      Anna                                      3\n") {
		t.Fatalf("%s %v", out, err)
	}
	_, rtp, to := h.dial("600")
	press := func(key string) { _ = rtp.Digits(to, key) }
	for _, step := range []struct {
		key  string
		freq float64
	}{{"1", 950}, {"6", 440}, {"6", 620}} {
		from := rtp.Samples()
		press(step.key)
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			if ok, _ := audio.Hears(rtp.Heard(from), 8000, step.freq, time.Second); ok {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("after key %s there is no %v Hz", step.key, step.freq)
			}
		}
	}
	press("7")
	time.Sleep(300 * time.Millisecond)
	press("#")
	time.Sleep(2 * time.Second) // the good-bye
	_ = rtp.Tone(to, 0, 440, 2*time.Second)
	press("#")
	if _, err := process.WaitLog(h.log, 0, regexp.MustCompile("left"), 10*time.Second); err != nil {
		t.Error(err)
	}
	for _, problem := range checkSpool(spool) {
		t.Error(problem)
	}
	for folder, want := range map[string]string{"INBOX": "", "Old": "msg0000.txt msg0000.wav msg0001.txt msg0001.wav msg0002.txt msg0002.wav",
		"Urgent": "msg0000.WAV msg0000.gsm msg0000.opus msg0000.txt msg0000.ulaw msg0000.wav"} {
		var names []string
		entries, _ := os.ReadDir(filepath.Join(spool, "default/100", folder))
		for _, e := range entries {
			names = append(names, e.Name())
			if info, err := e.Info(); err != nil || info.Size() < 200 {
				t.Errorf("%s/%s is empty", folder, e.Name())
			}
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s has %s, want %s", folder, got, want)
		}
	}
}

// dial calls 700; the sockets are closed with the test.
func (h *pbxHouse) dial(from string) (*wire.SIP, *wire.RTP, netip.AddrPort) {
	h.t.Helper()
	sip, err := wire.OpenSIP("udp", "127.0.0.9", h.sip)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(sip.Close)
	port, rtp, err := newVoice()
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(rtp.Close)
	if err := sip.Send(fmt.Sprintf(crowdUser, from, port)); err != nil {
		h.t.Fatal(err)
	}
	if status, err := sip.Response(3 * time.Second); err != nil || status != 200 {
		h.t.Fatal(status, err)
	}
	m := crowdPort.FindStringSubmatch(sip.Last())
	if err := sip.Send(fmt.Sprintf(crowdACK, from)); err != nil {
		h.t.Fatal(err)
	}
	return sip, rtp, netip.MustParseAddrPort("127.0.0.1:" + m[1])
}
