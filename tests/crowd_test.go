package tests

import (
	le "encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"asterism/tests/process"
	"asterism/tests/wire"
)

// A crowd of callers leaves messages in one mailbox while the PBX is killed again and again.

const (
	crowdCallers = 100
	crowdKills   = 20
	crowdMost    = 40 * time.Second // of the storm, kills and starts; the machine's own slowness included
	crowdUser    = `INVITE sip:700@${PBX} SIP/2.0
Via: SIP/2.0/UDP ${LOCAL};branch=${BRANCH};rport
Max-Forwards: 70
From: <sip:%[1]s@${PBX}>;tag=${TAG}
To: <sip:700@${PBX}>
Call-ID: ${CALLID}
CSeq: ${CSEQ} INVITE
Contact: <sip:%[1]s@${LOCAL}>
Content-Type: application/sdp
Content-Length: ${LENGTH}

v=0
o=- 1 1 IN IP4 127.0.0.9
s=-
c=IN IP4 127.0.0.9
t=0 0
m=audio %[2]d RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
`
	crowdACK = `ACK sip:700@${PBX} SIP/2.0
Via: SIP/2.0/UDP ${LOCAL};branch=${BRANCH};rport
Max-Forwards: 70
From: <sip:%[1]s@${PBX}>;tag=${TAG}
To: <sip:700@${PBX}>;tag=${TOTAG}
Call-ID: ${CALLID}
CSeq: ${CSEQ} ACK
Content-Length: 0

`
)

var (
	crowdPort    = regexp.MustCompile(`m=audio (\d+)`)
	crowdMessage = regexp.MustCompile(`^msg(\d{4})\.txt$`)
)

// pbxHouse is a PBX of one's own, in a directory of its own.
type pbxHouse struct {
	t                        *testing.T
	bin, dir, log, conf, sip string
	argv                     []string // before the program: what starts it
	pbx                      *process.Process
}

// newHouse writes its configuration, for so many calls at once; the trunk is 127.0.0.9.
func newHouse(t *testing.T, ports *process.Ports, calls int, extensions, voicemail string) *pbxHouse {
	t.Helper()
	sip, err := ports.Block(2)
	if err != nil {
		t.Fatal(err)
	}
	rtp, err := ports.Block(2 * calls)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	h := &pbxHouse{t: t, bin: quickBinary(t), dir: dir, log: filepath.Join(dir, "log.txt"), conf: filepath.Join(dir, "etc", "asterisk.conf"), sip: fmt.Sprintf("127.0.0.1:%d", sip)}
	for _, d := range []string{"etc", "lib", "db", "spool", "run", "log"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"asterisk.conf": strings.ReplaceAll("[directories]\nastetcdir => DIR/etc\nastvarlibdir => DIR/lib\nastdbdir => DIR/db\nastdatadir => DIR/lib\nastspooldir => DIR/spool\nastrundir => DIR/run\nastlogdir => DIR/log\n", "DIR", dir),
		"pjsip.conf":    "[udp]\ntype=transport\nprotocol=udp\nbind=" + h.sip + "\n[trunk]\ntype=endpoint\ncontext=internal\ndisallow=all\nallow=ulaw\n[trunk]\ntype=identify\nendpoint=trunk\nmatch=127.0.0.9\n",
		"rtp.conf":      fmt.Sprintf("[general]\nrtpstart=%d\nrtpend=%d\n", rtp, rtp+2*calls-1),
		"logger.conf":   "[logfiles]\nconsole => warning,error,notice\n", "cdr.conf": "[general]\nenable=no\n",
		"extensions.lua": extensions, "voicemail.conf": voicemail,
	} {
		if err := os.WriteFile(filepath.Join(dir, "etc", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if h.pbx != nil && h.pbx.Running() {
			h.pbx.Kill()
		}
		if t.Failed() {
			t.Logf("the PBX said last:\n%s", process.Tail(h.log, 40))
		}
	})
	return h
}

// quickBinary is the program without the race detector, whose starts would take most of the time here.
func quickBinary(t *testing.T) string {
	t.Helper()
	if os.Getenv("SCENES_BINARY") != "" {
		return binary(t)
	}
	path := filepath.Join(t.TempDir(), "asterism")
	if out, err := exec.Command("go", "build", "-o", path, "asterism/cmd/asterism").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// start starts the PBX and waits until it is booted.
func (h *pbxHouse) start() {
	h.t.Helper()
	p, err := process.Start("pbx", h.dir, h.log, []string{"GOTRACEBACK=all"}, append(slices.Clone(h.argv), h.bin, "-f", "-g", "-q", "-n", "-C", h.conf)...)
	if err != nil {
		h.t.Fatal(err)
	}
	h.pbx = p
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		out, err := exec.Command(h.bin, "-C", h.conf, "-rx", "core waitfullybooted").CombinedOutput()
		if err == nil && strings.Contains(string(out), "fully booted") {
			return
		}
		if time.Now().After(deadline) || !p.Running() {
			h.t.Fatalf("not booted: %s, %v", out, err)
		}
	}
}

// call calls 700 from a number, says 440 Hz for a while, and leaves the call to its end.
func (h *pbxHouse) call(from string, talks time.Duration) *wire.RTP {
	h.t.Helper()
	_, rtp, to := h.dial(from)
	if err := rtp.Tone(to, 0, 440, talks); err != nil {
		h.t.Fatal(err)
	}
	_ = rtp.Digits(to, "#") // a PBX that has ended the call takes nothing
	return rtp
}

// caller is one of the crowd: he calls, says something, presses the pound key, and hears whether it was taken.
type caller struct {
	number int
	tries  int
}

// newVoice is a media socket at a port that nobody has used lately: a sound that comes is for this call.
func newVoice() (int, *wire.RTP, error) {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 9)})
	if err != nil {
		return 0, nil, err
	}
	port := conn.LocalAddr().(*net.UDPAddr).Port
	_ = conn.Close() // it is wire's from now on
	rtp, err := wire.OpenRTP(fmt.Sprintf("127.0.0.9:%d", port), nil)
	return port, rtp, err
}

// leave makes one call: the number it was made from, and whether he heard the confirmation.
func (c *caller) leave(pbx string, life *atomic.Int64) (number string, acknowledged bool) {
	c.tries++
	number, born := fmt.Sprintf("%d%03d", 5000+c.number, c.tries), life.Load()
	sip, err := wire.OpenSIP("udp", "127.0.0.9", pbx)
	if err != nil {
		return number, false
	}
	defer sip.Close()
	port, rtp, err := newVoice()
	if err != nil {
		return number, false
	}
	defer rtp.Close()
	if sip.Send(fmt.Sprintf(crowdUser, number, port)) != nil {
		return number, false
	}
	for status := 0; status < 200; {
		if status, err = sip.Response(1500 * time.Millisecond); err != nil || status >= 300 {
			return number, false
		}
	}
	m := crowdPort.FindStringSubmatch(sip.Last())
	if m == nil || sip.Send(fmt.Sprintf(crowdACK, number)) != nil {
		return number, false
	}
	to := netip.MustParseAddrPort("127.0.0.1:" + m[1])
	_ = rtp.Tone(to, 0, 440, time.Duration(200+rand.IntN(300))*time.Millisecond) // a PBX that is dead takes nothing
	_ = rtp.Digits(to, "#")
	for range 150 {
		if slices.ContainsFunc(rtp.Heard(0), func(v int16) bool { return v > 500 || v < -500 }) {
			sources := rtp.Stats().Sources // the end of an earlier call's prompt may come to a port that is used again
			acknowledged = len(sources) == 1 && sources[to] > 0
			break
		}
		if life.Load() != born {
			return number, false
		}
		time.Sleep(20 * time.Millisecond)
	}
	if bye, err := sip.Receive(1500 * time.Millisecond); err == nil && life.Load() == born {
		_ = sip.Reply(bye, "200 OK")
	}
	return number, acknowledged
}

// TestCrowd: 100 callers leave messages in one mailbox at once, and the PBX is killed at random 20 times. Every message that was
// acknowledged is there, once, whole, and the numbers have no gap.
func TestCrowd(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	ports := process.NewPorts()
	h := newHouse(t, ports, crowdCallers+20, `extensions = { internal = { ["700"] = function() app.VoiceMail("100", "st") end } }`,
		"[general]\nformat = wav\nmaxmsg = 9999\nmaxsecs = 3\n[default]\n100 => 1234,Anna\n")
	h.start()
	var life atomic.Int64 // of the PBX: one more with each kill
	var mu sync.Mutex
	var acknowledged []string
	stop := make(chan struct{})
	var crowd sync.WaitGroup
	for i := range crowdCallers {
		crowd.Go(func() {
			c := caller{number: i}
			for {
				select {
				case <-stop:
					return
				default:
				}
				if number, ok := c.leave(h.sip, &life); ok {
					mu.Lock()
					acknowledged = append(acknowledged, number)
					mu.Unlock()
				} else {
					time.Sleep(20 * time.Millisecond) // nobody listens at the moment
				}
			}
		})
	}
	began := time.Now()
	for range crowdKills {
		time.Sleep(time.Duration(300+rand.IntN(900)) * time.Millisecond)
		h.pbx.Kill()
		life.Add(1)
		h.start()
	}
	took := time.Since(began)
	time.Sleep(time.Second)
	close(stop)
	crowd.Wait()
	h.pbx.Kill()
	time.Sleep(time.Second) // a draft of this second would be taken for one of the next PBX
	h.start()
	h.settle()
	messages := h.messages()
	t.Logf("%d kills in %v; %d messages acknowledged, %d in the mailbox", crowdKills, took.Round(time.Millisecond), len(acknowledged), len(messages))
	if took > crowdMost {
		t.Errorf("the storm took %v, more than %v", took, crowdMost)
	}
	if len(acknowledged) < crowdKills {
		t.Errorf("only %d messages were acknowledged: too few to tell", len(acknowledged))
	}
	for _, number := range acknowledged {
		if messages[number] != 1 {
			t.Errorf("%d messages of %s, whose caller heard that it was taken", messages[number], number)
			for line := range strings.SplitSeq(process.Log(h.log), "\n") {
				if strings.Contains(line, "ERROR") || strings.Contains(line, number) {
					t.Log(line)
				}
			}
		}
	}
}

// settle waits until what a kill has left behind is done with.
func (h *pbxHouse) settle() {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		drafts, _ := filepath.Glob(filepath.Join(h.dir, "spool/voicemail/default/100/tmp/*"))
		if len(drafts) == 0 {
			return
		}
		if time.Now().After(deadline) {
			h.t.Errorf("%d files are left in tmp, such as %s", len(drafts), drafts[0])
			return
		}
	}
}

// messages counts those of the mailbox by their caller's number, and complains of gaps, halves and broken sounds.
func (h *pbxHouse) messages() map[string]int {
	dir := filepath.Join(h.dir, "spool/voicemail/default/100/INBOX")
	entries, err := os.ReadDir(dir)
	if err != nil {
		h.t.Fatal(err)
	}
	found, numbers, sounds := map[string]int{}, []int{}, 0
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".wav" {
			sounds++
		}
		m := crowdMessage.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		n, _ := strconv.Atoi(m[1])
		numbers = append(numbers, n)
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			h.t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), "callerid=")
		from, _, _ := strings.Cut(rest, "\n")
		if !strings.Contains(string(text), "\nduration=") || from == "" {
			h.t.Errorf("%s is not whole:\n%s", e.Name(), text)
		}
		found[from]++
		h.whole(filepath.Join(dir, "msg"+m[1]+".wav"))
	}
	for want, n := range numbers { // ReadDir sorts
		if n != want {
			h.t.Fatalf("message %d is missing; %v", want, numbers)
		}
	}
	if over := sounds - len(numbers); over < 0 || over > 1 { // one may be left over, in the place of the next message
		h.t.Errorf("%d sounds of %d messages", sounds, len(numbers))
	}
	return found
}

// whole complains unless a WAV has sound, as much as its header says.
func (h *pbxHouse) whole(path string) {
	b, err := os.ReadFile(path)
	if err != nil || len(b) <= 44 || int(le.LittleEndian.Uint32(b[4:]))+8 != len(b) || int(le.LittleEndian.Uint32(b[40:]))+44 != len(b) {
		h.t.Errorf("%s: %d bytes, %v", filepath.Base(path), len(b), err)
	}
}
