package sdp

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"asterism/codecs"
)

func parse(t testing.TB, lines ...string) *Description {
	t.Helper()
	d, err := Parse([]byte(strings.Join(lines, "\r\n") + "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func head(media ...string) []string {
	return append([]string{"v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0"}, media...)
}

// checkRoundTrip: what parses prints, and parses to the same again.
func checkRoundTrip(t testing.TB, d *Description) {
	t.Helper()
	text := d.Marshal()
	if len(text) > MaxBytes || strings.Count(string(text), "\n") > MaxLines {
		return // the rtpmaps of static types, written out, can go beyond the bounds
	}
	again, err := Parse(text)
	if err != nil {
		t.Fatalf("printed, it does not parse: %v\n%s", err, text)
	}
	if !reflect.DeepEqual(d, again) {
		t.Fatalf("parsed again it differs:\n%+v\n%+v\n%s", d, again, text)
	}
}

// checkAnswer: as many m-lines as the offer, of its types, at most one voice and one video not refused, and no payload type the offer has not.
func checkAnswer(t testing.TB, offer, answer *Description, r *Result) {
	t.Helper()
	if len(answer.Media) != len(offer.Media) {
		t.Fatalf("answer has %d m-lines, the offer %d", len(answer.Media), len(offer.Media))
	}
	active, videos := 0, 0
	for i, m := range answer.Media {
		o := offer.Media[i]
		if m.Type != o.Type && !strings.EqualFold(m.Type, o.Type) || m.Proto != o.Proto {
			t.Fatalf("m-line %d: %s %s answered with %s %s", i, o.Type, o.Proto, m.Type, m.Proto)
		}
		if m.Port != 0 && m.Type == "video" {
			videos++
		} else if m.Port != 0 {
			active++
		}
		if o.Port == 0 && m.Port != 0 {
			t.Fatalf("m-line %d was off and is answered with port %d", i, m.Port)
		}
		for _, f := range m.Formats {
			if !hasPT(o.Formats, f.PT) {
				t.Fatalf("m-line %d: payload type %d was not offered", i, f.PT)
			}
		}
		if m.Direction.Sends() && !o.Direction.Receives() || m.Direction.Receives() && !o.Direction.Sends() {
			if m.Port != 0 {
				t.Fatalf("m-line %d: %v answered with %v", i, o.Direction, m.Direction)
			}
		}
	}
	if videos > 1 || (videos == 1) != (r.Video != nil) || active != 1 || len(r.Codecs) != 1 || len(r.DTMF) > 1 {
		t.Fatalf("%d active m-lines, codecs %v, events %v", active, r.Codecs, r.DTMF)
	}
	if r.Remote.IsValid() && r.Remote.Addr().IsUnspecified() || !r.Remote.IsValid() && r.Direction.Sends() {
		t.Fatalf("remote %v, direction %v", r.Remote, r.Direction)
	}
}

func hasPT(formats []Format, pt uint8) bool {
	for _, f := range formats {
		if f.PT == pt {
			return true
		}
	}
	return false
}

func TestParse(t *testing.T) {
	d := parse(t, "v=0", "o=alice smith 12 34 IN IP4 host.example", "s= ", "a=sendonly", "a=tool:x", "c=IN IP4 224.2.1.1/127",
		"m=AUDIO 49170/2 RTP/AVP 0 0 96 5", "c=IN IP6 ::ffff:192.0.2.1", "a=rtpmap:96 OPUS/48000", "a=rtpmap:96 PCMA/8000",
		"a=rtpmap:0 ", "a=rtpmap:200 x/8000", "a=FMTP:96  a=1; b=2 ", "a=ptime:2.5", "a=maxptime:99999", "a=rtcp:53020",
		"a=rtcp-mux", "a=inactive", "a=recvonly", "a=x-y: z ", "b=AS:64", "",
		"m=video 0 RTP/AVP 31")
	want := &Description{
		Origin: Origin{"alice_smith", "12", "34", "host.example"}, Name: "-", Connection: netip.MustParseAddr("224.2.1.1"),
		Attributes: []Attribute{{"tool", "x"}},
		Media: []Media{{
			Type: "AUDIO", Port: 49170, Proto: "RTP/AVP", Connection: netip.MustParseAddr("192.0.2.1"),
			Formats: []Format{
				{0, codecs.Format{Name: "PCMU", Rate: 8000, Channels: 1}, ""},
				{96, codecs.Format{Name: "OPUS", Rate: 48000, Channels: 1}, "a=1; b=2"},
				{5, codecs.Format{Name: "DVI4", Rate: 8000, Channels: 1}, ""},
			},
			Direction: RecvOnly, Ptime: 2, RTCP: netip.MustParseAddrPort("192.0.2.1:53020"), RTCPMux: true,
			Attributes: []Attribute{{"x-y", "z"}},
		}, {
			Type: "video", Proto: "RTP/AVP", Connection: netip.MustParseAddr("224.2.1.1"), Direction: SendOnly,
			Formats: []Format{{31, codecs.Format{Name: "H261", Rate: 90000, Channels: 1}, ""}},
		}},
	}
	if !reflect.DeepEqual(d, want) {
		t.Errorf("got  %+v\nwant %+v", d, want)
	}
	checkRoundTrip(t, d)
}

func TestParseErrors(t *testing.T) {
	many := func(n int, s string) string { return strings.Repeat(s, n) }
	tests := []struct{ name, in, err string }{
		{"empty", "", "sdp: empty"},
		{"only blank lines", "\r\n\r\n", "sdp: empty"},
		{"not sdp", "hello", `sdp: line 1: "hello" is not of the form x=value`},
		{"no version", "o=- 1 1 IN IP4 1.2.3.4", "line 1: \"o=- 1 1 IN IP4 1.2.3.4\"; a description begins with v=0"},
		{"version 1", "v=1", "begins with v=0"},
		{"two versions", "v=0\nv=0", "line 2: a second v= line"},
		{"short origin", "v=0\no=- 1 IN IP4", "line 2: o= has 4 fields"},
		{"host name", "v=0\nc=IN IP4 phone.example", `line 2: c= "phone.example": an IP address is wanted`},
		{"short connection", "v=0\nc=IN IP4", "line 2: c= has 2 fields"},
		{"negative port", "v=0\nm=audio -1 RTP/AVP 0", `line 2: m= port "-1"`},
		{"huge port", "v=0\nm=audio 65536 RTP/AVP 0", `m= port "65536"`},
		{"payload type", "v=0\nm=audio 1 RTP/AVP 128", `m= payload type "128"`},
		{"star", "v=0\nm=audio 1 RTP/AVP *", `m= payload type "*"`},
		{"short m-line", "v=0\nm=audio 1", "line 2: m= has 2 fields"},
		{"NUL", "v=0\ns=a\x00b", "line 2: control character 0x00"},
		{"CR alone", "v=0\rs=-", "line 1: control character 0x0d"},
		{"65 formats", "v=0\nm=audio 1 RTP/AVP" + many(65, " 0"), "m= has 65 formats; at most 64"},
		{"33 m-lines", "v=0\n" + many(33, "m=audio 1 RTP/AVP 0\n"), "line 34: more than 32 m-lines"},
		{"1001 lines", "v=0\n" + many(1000, "a=x\n"), "1001 lines; at most 1000"},
		{"too long", "v=0\n" + many(MaxBytes, "x"), "at most 65536"},
	}
	for _, tt := range tests {
		d, err := Parse([]byte(tt.in))
		if err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.err)
		}
		if pe := (*ParseError)(nil); d != nil || !errors.As(err, &pe) {
			t.Errorf("%s: %v with %T", tt.name, d, err)
		}
	}
}

func TestOffer(t *testing.T) {
	d := Offer(testLocal("opus", "ulaw", "g722", "alaw"))
	want := `v=0
o=- 7 8 IN IP4 203.0.113.1
s=Asterism
c=IN IP4 203.0.113.1
t=0 0
m=audio 10000 RTP/AVP 96 0 9 8 101 97
a=rtpmap:96 opus/48000/2
a=fmtp:96 useinbandfec=1
a=rtpmap:0 PCMU/8000
a=rtpmap:9 G722/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=rtpmap:97 telephone-event/48000
a=fmtp:97 0-16
a=ptime:20
a=sendrecv
`
	if got := strings.ReplaceAll(string(d.Marshal()), "\r\n", "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	checkRoundTrip(t, d)
	l := testLocal("opus")
	l.Addr = netip.MustParseAddrPort("[2001:db8::1]:4000")
	l.Username, l.SessionName = "a b\r\nm=evil", "x\r\ny"
	text := string(Offer(l).Marshal())
	for _, s := range []string{"o=a_b__m=evil 7 8 IN IP6 2001:db8::1\r\n", "s=xy\r\n", "c=IN IP6 2001:db8::1\r\n", "RTP/AVP 96 101\r\n", "telephone-event/48000"} {
		if !strings.Contains(text, s) {
			t.Errorf("no %q in\n%s", s, text)
		}
	}
}

// Every codec known, all at once: distinct payload types, none outside its range.
func TestOfferEverything(t *testing.T) {
	l := testLocal()
	l.Codecs = codecs.All()
	d := Offer(l)
	seen := map[uint8]bool{}
	for _, f := range d.Media[0].Formats {
		if seen[f.PT] || f.PT > 127 {
			t.Errorf("payload type %d twice or too large", f.PT)
		}
		seen[f.PT] = true
	}
	checkRoundTrip(t, d)
}

func TestAnswer(t *testing.T) {
	tests := []struct {
		name, allow string
		media       []string
		dir         Direction
		want        string // our audio m-line and direction; "" for no common codec
		result      string
	}{
		{name: "the caller's order", allow: "alaw ulaw", media: []string{"m=audio 4000 RTP/AVP 0 8"},
			want: "10000 RTP/AVP 0 sendrecv", result: "192.0.2.1:4000 sendrecv [{0 0 {PCMU 8000 1} }] [] hold=false"},
		{name: "names in any case, their numbers", allow: "alaw", media: []string{"m=audio 4000 RTP/AVP 0 120 121", "a=rtpmap:120 pcma/8000", "a=rtpmap:121 Telephone-Event/8000"},
			want: "10000 RTP/AVP 120 121 sendrecv", result: "192.0.2.1:4000 sendrecv [{120 120 {PCMA 8000 1} }] [{121 121 {telephone-event 8000 1} }] hold=false"},
		{name: "an rtpmap overrules the table", allow: "ulaw alaw", media: []string{"m=audio 4000 RTP/AVP 0", "a=rtpmap:0 PCMA/8000"},
			want: "10000 RTP/AVP 0 sendrecv", result: "192.0.2.1:4000 sendrecv [{0 0 {PCMA 8000 1} }] [] hold=false"},
		{name: "event at another rate only", allow: "opus", media: []string{"m=audio 4000 RTP/AVP 96 101", "a=rtpmap:96 opus/48000", "a=rtpmap:101 telephone-event/8000"},
			want: "10000 RTP/AVP 96 101 sendrecv", result: "192.0.2.1:4000 sendrecv [{96 96 {opus 48000 2} }] [{101 101 {telephone-event 8000 1} }] hold=false"},
		{name: "sendonly", allow: "ulaw", media: []string{"m=audio 4000 RTP/AVP 0", "a=sendonly"},
			want: "10000 RTP/AVP 0 recvonly", result: "192.0.2.1:4000 recvonly [{0 0 {PCMU 8000 1} }] [] hold=true"},
		{name: "inactive", allow: "ulaw", media: []string{"m=audio 4000 RTP/AVP 0", "a=inactive"},
			want: "10000 RTP/AVP 0 inactive", result: "192.0.2.1:4000 inactive [{0 0 {PCMU 8000 1} }] [] hold=true"},
		{name: "recvonly", allow: "ulaw", media: []string{"m=audio 4000 RTP/AVP 0", "a=recvonly"},
			want: "10000 RTP/AVP 0 sendonly", result: "192.0.2.1:4000 sendonly [{0 0 {PCMU 8000 1} }] [] hold=false"},
		{name: "we hold", allow: "ulaw", media: []string{"m=audio 4000 RTP/AVP 0"}, dir: SendOnly,
			want: "10000 RTP/AVP 0 sendonly", result: "192.0.2.1:4000 sendonly [{0 0 {PCMU 8000 1} }] [] hold=false"},
		{name: "both hold", allow: "ulaw", media: []string{"m=audio 4000 RTP/AVP 0", "a=sendonly"}, dir: SendOnly,
			want: "10000 RTP/AVP 0 inactive", result: "192.0.2.1:4000 inactive [{0 0 {PCMU 8000 1} }] [] hold=true"},
		{name: "0.0.0.0", allow: "ulaw", media: []string{"m=audio 4000 RTP/AVP 0", "c=IN IP4 0.0.0.0"},
			want: "10000 RTP/AVP 0 recvonly", result: "invalid AddrPort recvonly [{0 0 {PCMU 8000 1} }] [] hold=true"},
		{name: "IPv6", allow: "ulaw", media: []string{"m=audio 4000 RTP/AVP 0", "c=IN IP6 2001:db8::9"},
			want: "10000 RTP/AVP 0 sendrecv", result: "[2001:db8::9]:4000 sendrecv [{0 0 {PCMU 8000 1} }] [] hold=false"},
		{name: "the second audio", allow: "alaw", media: []string{"m=audio 4000 RTP/AVP 0", "m=video 5000 RTP/AVP 31", "m=audio 4002 RTP/AVP 8"},
			want: "10000 RTP/AVP 8 sendrecv", result: "192.0.2.1:4002 sendrecv [{8 8 {PCMA 8000 1} }] [] hold=false"},
		{name: "no common codec", allow: "alaw", media: []string{"m=audio 4000 RTP/AVP 0 18"}},
		{name: "switched off", allow: "alaw", media: []string{"m=audio 0 RTP/AVP 8"}},
		{name: "secure", allow: "alaw", media: []string{"m=audio 4000 RTP/SAVP 8"}},
		{name: "video only", allow: "alaw", media: []string{"m=video 4000 RTP/AVP 8"}},
		{name: "no m-line", allow: "alaw"},
		{name: "multicast", allow: "alaw", media: []string{"m=audio 4000 RTP/AVP 8", "c=IN IP4 224.2.1.1"}},
		{name: "broadcast", allow: "alaw", media: []string{"m=audio 4000 RTP/AVP 8", "c=IN IP4 255.255.255.255"}},
		{name: "events only", allow: "alaw", media: []string{"m=audio 4000 RTP/AVP 101", "a=rtpmap:101 telephone-event/8000"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			offer := parse(t, head(tt.media...)...)
			l := testLocal(strings.Fields(tt.allow)...)
			l.Direction = tt.dir
			answer, r, err := Answer(offer, l)
			if tt.want == "" {
				if !errors.Is(err, ErrNoCommonCodec) || answer != nil || r != nil {
					t.Fatalf("%v, %v, %v", answer, r, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			checkAnswer(t, offer, answer, r)
			m := answer.Media[activeAudio(answer.Media)]
			got := fmt.Sprintf("%d %s", m.Port, m.Proto)
			for _, f := range m.Formats {
				got += fmt.Sprintf(" %d", f.PT)
			}
			if got += " " + m.Direction.String(); got != tt.want {
				t.Errorf("m-line %s, want %s", got, tt.want)
			}
			if got := fmt.Sprintf("%v %v %v %v hold=%v", r.Remote, r.Direction, r.Codecs, r.DTMF, r.Hold); got != tt.result {
				t.Errorf("result %s\nwant   %s", got, tt.result)
			}
			if _, err := Parse(answer.Marshal()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRTCP(t *testing.T) {
	offer := parse(t, head("m=audio 4000 RTP/AVP 0", "a=rtcp:5001 IN IP4 192.0.2.9", "a=rtcp-mux")...)
	l := testLocal("ulaw")
	answer, r, err := Answer(offer, l)
	if err != nil || r.RemoteRTCP != netip.MustParseAddrPort("192.0.2.9:5001") || r.RTCPMux || answer.Media[0].RTCPMux {
		t.Errorf("without mux: %+v %v", r, err)
	}
	l.RTCPMux = true
	answer, r, err = Answer(offer, l)
	if err != nil || !r.RTCPMux || !answer.Media[0].RTCPMux {
		t.Errorf("with mux: %+v %v", r, err)
	}
}

func TestPtime(t *testing.T) {
	for lines, want := range map[string]int{
		"": 0, "a=ptime:30": 30, "a=ptime:60 a=maxptime:40": 40, "a=maxptime:10": 10, "a=maxptime:150": 0, "a=ptime:0": 0, "a=ptime:1000": 0, "a=ptime:x": 0,
	} {
		offer := parse(t, head(append([]string{"m=audio 4000 RTP/AVP 0"}, strings.Fields(lines)...)...)...)
		if _, r, err := Answer(offer, testLocal("ulaw")); err != nil || r.Ptime != want {
			t.Errorf("%q: %+v %v, want %d", lines, r, err, want)
		}
	}
}

func TestAccept(t *testing.T) {
	l := testLocal("opus", "ulaw", "alaw") // 96 0 8, events 101 (8000) and 97 (48000)
	tests := []struct {
		name   string
		media  []string
		dir    Direction
		result string // "" for no common codec
	}{
		{"one codec", []string{"m=audio 4000 RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000"}, 0,
			"192.0.2.1:4000 sendrecv [{8 8 {PCMA 8000 1} }] [{101 101 {telephone-event 8000 1} }] hold=false"},
		{"their order, their numbers", []string{"m=audio 4000 RTP/AVP 111 0 112", "a=rtpmap:111 OPUS/48000/2", "a=fmtp:111 stereo=1", "a=rtpmap:112 telephone-event/48000"}, 0,
			"192.0.2.1:4000 sendrecv [{111 96 {opus 48000 2} stereo=1} {0 0 {PCMU 8000 1} }] [{112 97 {telephone-event 48000 1} }] hold=false"},
		{"rtpmap left out", []string{"m=audio 4000 RTP/AVP 96 101"}, 0,
			"192.0.2.1:4000 sendrecv [{96 96 {opus 48000 2} }] [{101 101 {telephone-event 8000 1} }] hold=false"},
		{"twice the same", []string{"m=audio 4000 RTP/AVP 0 99", "a=rtpmap:99 PCMU/8000"}, 0,
			"192.0.2.1:4000 sendrecv [{0 0 {PCMU 8000 1} }] [] hold=false"},
		{"we held", []string{"m=audio 4000 RTP/AVP 0", "a=recvonly"}, SendOnly,
			"192.0.2.1:4000 sendonly [{0 0 {PCMU 8000 1} }] [] hold=false"},
		{"they hold", []string{"m=audio 4000 RTP/AVP 0", "a=sendonly"}, 0,
			"192.0.2.1:4000 recvonly [{0 0 {PCMU 8000 1} }] [] hold=true"},
		{"a direction we did not offer", []string{"m=audio 4000 RTP/AVP 0", "a=sendrecv"}, SendOnly,
			"192.0.2.1:4000 sendonly [{0 0 {PCMU 8000 1} }] [] hold=false"},
		{"one m-line more", []string{"m=audio 4000 RTP/AVP 0", "m=video 1 RTP/AVP 31"}, 0,
			"192.0.2.1:4000 sendrecv [{0 0 {PCMU 8000 1} }] [] hold=false"},
		{"refused", []string{"m=audio 0 RTP/AVP 0"}, 0, ""},
		{"no m-line", nil, 0, ""},
		{"another codec", []string{"m=audio 4000 RTP/AVP 18"}, 0, ""},
		{"events only", []string{"m=audio 4000 RTP/AVP 101"}, 0, ""},
		{"another profile", []string{"m=audio 4000 RTP/SAVP 0"}, 0, ""},
	}
	for _, tt := range tests {
		l.Direction = tt.dir
		r, err := Accept(Offer(l), parse(t, head(tt.media...)...))
		if tt.result == "" {
			if !errors.Is(err, ErrNoCommonCodec) || r != nil {
				t.Errorf("%s: %+v %v", tt.name, r, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := fmt.Sprintf("%v %v %v %v hold=%v", r.Remote, r.Direction, r.Codecs, r.DTMF, r.Hold); got != tt.result {
			t.Errorf("%s: %s\nwant %s", tt.name, got, tt.result)
		}
	}
}

// A call that came with video refused keeps its places and numbers when we re-offer.
func TestReoffer(t *testing.T) {
	offer := parse(t, head("m=video 5000 RTP/AVP 96", "a=rtpmap:96 VP8/90000", "m=audio 4000 RTP/AVP 110 120",
		"a=rtpmap:110 opus/48000/2", "a=rtpmap:120 telephone-event/48000")...)
	l := testLocal("opus", "ulaw")
	first, _, err := Answer(offer, l)
	if err != nil {
		t.Fatal(err)
	}
	l.Version++
	same := Reoffer(first, l)
	l.Direction = SendOnly
	held := Reoffer(same, l)
	if len(held.Media) != 2 || held.Media[0].Port != 0 || held.Media[0].Type != "video" {
		t.Fatalf("m-lines %+v", held.Media)
	}
	var pts []uint8
	for _, f := range held.Media[1].Formats {
		pts = append(pts, f.PT)
	}
	// opus and its event keep 110 and 120; PCMU is static; the event at 8 kHz is new
	if fmt.Sprint(pts) != "[110 0 101 120]" || held.Media[1].Direction != SendOnly {
		t.Errorf("audio %v %v", pts, held.Media[1].Direction)
	}
	if SameBody(same, held) {
		t.Error("sendrecv and sendonly are the same body")
	}
	l.Version++
	if !SameBody(held, Reoffer(held, l)) {
		t.Errorf("re-offered without change, the body differs:\n%s\n%s", held.Marshal(), Reoffer(held, l).Marshal())
	}
}

// Bombs within and beyond the bounds cost little (at most 50 ms of CPU).
func TestBombs(t *testing.T) {
	bombs := map[string]string{
		"100,000 lines":      "v=0\n" + strings.Repeat("a=x\n", 100000),
		"100,000 short ones": strings.Repeat("\n", 100000),
		"2,000 codecs":       "v=0\nm=audio 1 RTP/AVP" + strings.Repeat(" 96", 2000),
		"2,000 m-lines":      "v=0\n" + strings.Repeat("m=audio 1 RTP/AVP 0\n", 2000),
		"one long line":      "v=0\na=" + strings.Repeat("x", 60000),
		"fields":             "v=0\no=" + strings.Repeat("x ", 30000),
		"rtpmaps":            "v=0\nc=IN IP4 192.0.2.1\nm=audio 1 RTP/AVP 96 97\n" + strings.Repeat("a=rtpmap:97 PCMU/8000\na=fmtp:97 "+strings.Repeat("y", 80)+"\n", 490),
		"all at their bounds": "v=0\nc=IN IP4 192.0.2.1\n" +
			strings.Repeat("m=audio 1 RTP/AVP "+strings.Repeat("97 98 ", 32)+"\na=rtpmap:97 x/8000\na=rtpmap:98 y/8000\n", 32),
	}
	l := testLocal()
	l.Codecs = codecs.All()
	for name, in := range bombs {
		begin := time.Now()
		const rounds = 10
		for range rounds {
			if d, err := Parse([]byte(in)); err == nil {
				if answer, _, err := Answer(d, l); err == nil {
					answer.Marshal()
				}
			}
		}
		if took := time.Since(begin) / rounds; took > 50*time.Millisecond {
			t.Errorf("%s: %v", name, took)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(strings.Join(head("m=audio 4000 RTP/AVP 0 96", "a=rtpmap:96 opus/48000/2", "a=rtcp:1 IN IP6 ::1", "a=sendonly", "m=x 1 y z"), "\r\n"))
	f.Add("v=0\no=x 1 1 IN IP4 1.2.3.4\nc=IN IP4 0.0.0.0\nm=audio 1/2 RTP/AVPF 0 8 101 120\na=fmtp:8 x\na=inactive\na=:\na=b\tc")
	f.Add("v=0\nm=audio 0 RTP/AVP\nm=audio 3 rtp/avp 0\na=ptime:20\na=rtcp:99\nc=IN IP4 [::ffff:1.2.3.4]")
	f.Fuzz(func(t *testing.T, in string) {
		d, err := Parse([]byte(in))
		if err != nil {
			return
		}
		checkRoundTrip(t, d)
		l := testLocal("opus", "ulaw", "alaw", "g722")
		l.RTCPMux = true
		if answer, r, err := Answer(d, l); err == nil {
			checkAnswer(t, d, answer, r)
			if again, err := Parse(answer.Marshal()); err != nil || len(again.Media) != len(d.Media) {
				t.Fatalf("our answer: %v\n%s", err, answer.Marshal())
			}
			if re := Reoffer(answer, l); len(re.Media) != len(d.Media) {
				t.Fatalf("re-offer has %d m-lines, the session %d", len(re.Media), len(d.Media))
			}
		}
		if r, err := Accept(Offer(l), d); err == nil && len(r.Codecs) == 0 {
			t.Fatal("accepted without a codec")
		}
	})
}
