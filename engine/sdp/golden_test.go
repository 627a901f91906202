package sdp

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"asterism/codecs"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const divider = "\n----------\n"

// TestGolden answers real phones' offers, as kept in testdata/*.sdp: the offer, a line of dashes, our answer and what was agreed.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.sdp")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".sdp"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in, want, _ := strings.Cut(strings.TrimSuffix(string(b), "\n"), divider)
			wire := in + "\n"
			if !strings.Contains(file, "bare-lf") {
				wire = strings.ReplaceAll(wire, "\n", "\r\n")
			}
			got := answerText(t, wire)
			if *update {
				if err := os.WriteFile(file, []byte(in+divider+got+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got\n%s\n\nwant\n%s", got, want)
			}
		})
	}
}

func answerText(t *testing.T, wire string) string {
	t.Helper()
	offer, err := Parse([]byte(wire))
	if err != nil {
		return err.Error()
	}
	checkRoundTrip(t, offer)
	answer, r, err := Answer(offer, testLocal("opus", "alaw", "ulaw"))
	if err != nil {
		return err.Error()
	}
	checkAnswer(t, offer, answer, r)
	var s strings.Builder
	s.WriteString(strings.ReplaceAll(string(answer.Marshal()), "\r\n", "\n"))
	fmt.Fprintf(&s, "\nremote %v rtcp %v mux %v %v hold %v ptime %d\n", r.Remote, r.RemoteRTCP, r.RTCPMux, r.Direction, r.Hold, r.Ptime)
	for _, p := range append(r.Codecs, r.DTMF...) {
		fmt.Fprintf(&s, "%d %s/%d/%d %q\n", p.Send, p.Format.Name, p.Format.Rate, p.Format.Channels, p.Fmtp)
	}
	return strings.TrimSuffix(s.String(), "\n")
}

func testLocal(names ...string) Local {
	l := Local{
		Addr: netip.MustParseAddrPort("203.0.113.1:10000"), DTMF: true,
		SessionName: "Asterism", Session: 7, Version: 8, OpusFmtp: "useinbandfec=1",
	}
	for _, n := range names {
		c, ok := codecs.ByName(n)
		if !ok {
			panic("no codec " + n)
		}
		l.Codecs = append(l.Codecs, c)
	}
	return l
}
