package sdp

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"asterism/codecs"
)

var (
	h264 = codecs.Format{Name: "H264", Rate: 90000, Channels: 1}
	vp8  = codecs.Format{Name: "VP8", Rate: 90000, Channels: 1}
)

func withVideo(l Local, formats ...VideoFormat) Local {
	l.Video = &Video{Addr: netip.MustParseAddrPort("203.0.113.1:10002"), Codecs: []codecs.Format{h264, vp8}, Formats: formats}
	return l
}

// filming is an offer of a phone with three kinds of video.
var filming = []string{"m=audio 4000 RTP/AVP 0",
	"m=video 5000 RTP/AVPF 100 97 98 99", "a=rtpmap:100 AV1/90000", "a=rtpmap:97 H264/90000", "a=fmtp:97 profile-level-id=42E01F; packetization-mode=1",
	"a=rtpmap:98 h264/90000", "a=fmtp:98 profile-level-id=64001f", "a=rtpmap:99 VP8/90000",
	"a=rtcp-fb:* nack", "a=rtcp-fb:97 nack pli", "a=rtcp-fb:98 ccm  FIR", "a=rtcp-fb:97 goog-remb", "a=rtcp:5009"}

func TestAnswerVideo(t *testing.T) {
	tests := []struct {
		name string
		have []VideoFormat
		pt   uint8 // 0: refused
		says string
		ask  []string
	}{
		{"nobody asked yet", nil, 97, "profile-level-id=42E01F; packetization-mode=1", []string{"nack", "nack pli"}},
		{"what the other has", []VideoFormat{{Codec: h264, Fmtp: "packetization-mode=1;profile-level-id=42e01f", Reply: "profile-level-id=42e00a", Feedback: []string{"nack pli"}}},
			97, "profile-level-id=42e00a", []string{"nack pli"}},
		{"another profile", []VideoFormat{{Codec: h264, Fmtp: "profile-level-id=640028"}}, 98, "profile-level-id=64001f", nil},
		{"another mode", []VideoFormat{{Codec: h264, Fmtp: "profile-level-id=640028;packetization-mode=1"}, {Codec: vp8}}, 99, "", nil},
		{"nothing in common", []VideoFormat{{Codec: h264, Fmtp: "profile-level-id=4d0028"}}, 0, "", nil},
	}
	for _, tt := range tests {
		offer := parse(t, head(filming...)...)
		answer, r, err := Answer(offer, withVideo(testLocal("ulaw"), tt.have...))
		if err != nil {
			t.Fatal(err)
		}
		checkAnswer(t, offer, answer, r)
		m := answer.Media[1]
		if tt.pt == 0 {
			if m.Port != 0 || r.Video != nil {
				t.Errorf("%s: %+v", tt.name, m)
			}
			continue
		}
		v := r.Video
		if v == nil || m.Port != 10002 || m.Proto != "RTP/AVPF" || len(m.Formats) != 1 || m.Formats[0].PT != tt.pt || m.Formats[0].Fmtp != tt.says {
			t.Fatalf("%s: %+v, %+v", tt.name, m, v)
		}
		if v.Remote != netip.MustParseAddrPort("192.0.2.1:5000") || v.RemoteRTCP.Port() != 5009 || v.Codecs[0].Send != tt.pt || !slices.Equal(v.Picked.Feedback, tt.ask) {
			t.Errorf("%s: %+v", tt.name, v)
		}
		for _, a := range tt.ask {
			if !slices.Contains(m.Attributes, Attribute{"rtcp-fb", fmt.Sprintf("%d %s", tt.pt, a)}) {
				t.Errorf("%s: no %s in %v", tt.name, a, m.Attributes)
			}
		}
	}
	offer := parse(t, head(filming...)...)
	if answer, r, err := Answer(offer, testLocal("ulaw")); err != nil || answer.Media[1].Port != 0 || r.Video != nil {
		t.Errorf("without video of ours: %+v, %v", answer, err)
	}
	held := parse(t, head(append(filming, "a=sendonly")...)...)
	if answer, r, err := Answer(held, withVideo(testLocal("ulaw"))); err != nil || answer.Media[1].Direction != RecvOnly || r.Video.Direction != RecvOnly || !r.Video.Hold {
		t.Errorf("held: %+v, %v", answer, err)
	}
	off := parse(t, head("m=audio 4000 RTP/AVP 0", "m=video 0 RTP/AVP 99", "a=rtpmap:99 VP8/90000")...)
	if answer, r, err := Answer(off, withVideo(testLocal("ulaw"))); err != nil || answer.Media[1].Port != 0 || r.Video != nil {
		t.Errorf("switched off: %+v, %v", answer, err)
	}
}

// TestOfferVideo: what one phone has goes to the other under its own numbers, and comes back as the other's answer.
func TestOfferVideo(t *testing.T) {
	caller := parse(t, head(filming...)...)
	shown := VideoOffered(caller, []codecs.Format{h264, vp8})
	l := withVideo(testLocal("ulaw", "opus"), shown...)
	offer := Offer(l)
	checkPrinted(t, offer)
	text := strings.ReplaceAll(string(offer.Marshal()), "\r\n", "\n")
	want := `m=video 10002 RTP/AVP 98 99 100
a=rtpmap:98 H264/90000
a=fmtp:98 profile-level-id=42E01F; packetization-mode=1
a=rtpmap:99 h264/90000
a=fmtp:99 profile-level-id=64001f
a=rtpmap:100 VP8/90000
a=rtcp-fb:98 nack
a=rtcp-fb:98 nack pli
a=rtcp-fb:99 nack
a=rtcp-fb:99 ccm fir
a=rtcp-fb:100 nack
a=sendrecv
`
	if _, got, _ := strings.Cut(text, "m=video"); "m=video"+got != want { // 96 and 97 are opus' here, and its event's
		t.Errorf("got\n%s", text)
	}
	tests := []struct {
		name  string
		video []string
		want  *PayloadType
		fmtp  string // as the caller offered it
		ask   []string
	}{
		{"the second", []string{"m=video 7000 RTP/AVP 99", "a=rtpmap:99 H264/90000", "a=fmtp:99 profile-level-id=64000c", "a=rtcp-fb:99 nack", "a=rtcp-fb:99 nack pli"},
			&PayloadType{99, 99, shown[1].Codec, "profile-level-id=64000c"}, "profile-level-id=64001f", []string{"nack"}},
		{"numbers of its own", []string{"m=video 7000 RTP/AVP 120", "a=rtpmap:120 VP8/90000"}, &PayloadType{120, 100, vp8, ""}, "", nil},
		{"no rtpmap", []string{"m=video 7000 RTP/AVP 100"}, &PayloadType{100, 100, vp8, ""}, "", nil},
		{"refused", []string{"m=video 0 RTP/AVP 99"}, nil, "", nil},
		{"never offered", []string{"m=video 7000 RTP/AVP 121", "a=rtpmap:121 H261/90000"}, nil, "", nil},
		{"left out", nil, nil, "", nil},
		{"a multicast address", []string{"m=video 7000 RTP/AVP 100", "c=IN IP4 224.2.1.1"}, nil, "", nil},
	}
	for _, tt := range tests {
		r, err := Accept(offer, parse(t, head(append([]string{"m=audio 6000 RTP/AVP 0"}, tt.video...)...)...))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if tt.want == nil {
			if r.Video != nil {
				t.Errorf("%s: %+v", tt.name, r.Video)
			}
			continue
		}
		if v := r.Video; v == nil || !reflect.DeepEqual(v.Codecs, []PayloadType{*tt.want}) || v.Picked.Fmtp != tt.fmtp || v.Picked.Reply != tt.want.Fmtp ||
			!slices.Equal(v.Picked.Feedback, tt.ask) {
			t.Errorf("%s: %+v", tt.name, v)
		}
	}
	// A later offer keeps places and numbers, also when the video is gone for a while.
	without := Reoffer(offer, testLocal("ulaw", "opus"))
	again := Reoffer(without, l)
	if len(without.Media) != 2 || without.Media[1].Port != 0 || len(again.Media) != 2 || again.Media[1].Port != 10002 {
		t.Errorf("%+v, then %+v", without.Media, again.Media)
	}
	if same := Reoffer(offer, l); !SameBody(offer, same) {
		t.Errorf("an offer repeated is\n%s", same.Marshal())
	}
}

func TestFax(t *testing.T) {
	re := parse(t, head("m=audio 0 RTP/AVP 0", "m=image 6004 udptl t38", "a=T38FaxVersion:3", "a=T38FaxUdpEC:t38UDPFEC", "a=x:y")...)
	params, ok := FaxOffered(re)
	if !ok || !reflect.DeepEqual(params, []Attribute{{"T38FaxVersion", "3"}, {"T38FaxUdpEC", "t38UDPFEC"}}) {
		t.Fatalf("%v, %v", params, ok)
	}
	for name, lines := range map[string][]string{
		"voice beside it": {"m=audio 4000 RTP/AVP 0", "m=image 6004 udptl t38"}, "switched off": {"m=image 0 udptl t38"},
		"by TCP": {"m=image 6004 tcp t38"}, "voice": {"m=audio 4000 RTP/AVP 0"}, "something else": {"m=image 6004 udptl t38 t37"},
	} {
		if _, ok := FaxOffered(parse(t, head(lines...)...)); ok {
			t.Errorf("%s: a fax", name)
		}
	}
	l := testLocal("ulaw")
	voice := Offer(withVideo(l, VideoFormat{PT: 99, Codec: vp8}))
	fax := Fax{Addr: netip.MustParseAddrPort("203.0.113.1:10008"), Attributes: params}
	offer := OfferFax(voice, l, fax)
	checkPrinted(t, offer)
	if text := string(offer.Marshal()); len(offer.Media) != 2 || !strings.Contains(text, "m=image 10008 udptl t38\r\na=T38FaxVersion:3\r\na=T38FaxUdpEC:t38UDPFEC\r\n") || offer.Media[1].Port != 0 {
		t.Errorf("offer\n%s", text)
	}
	if back := Reoffer(offer, l); len(back.Media) != 2 || back.Media[0].Type != "audio" || back.Media[0].Port != 10000 {
		t.Errorf("back to the voice\n%s", back.Marshal())
	}
	answer, r, err := AnswerFax(re, l, fax)
	if err != nil || r.Remote != netip.MustParseAddrPort("192.0.2.1:6004") || len(answer.Media) != 2 || answer.Media[0].Port != 0 || answer.Media[1].Port != 10008 {
		t.Errorf("%+v, %+v, %v", answer, r, err)
	}
	r, its, err := AcceptFax(offer, parse(t, head("m=image 7000 udptl t38", "a=T38FaxVersion:0", "m=video 0 RTP/AVP 99")...))
	if err != nil || r.Remote.Port() != 7000 || !reflect.DeepEqual(its, []Attribute{{"T38FaxVersion", "0"}}) {
		t.Errorf("%+v, %v, %v", r, its, err)
	}
	for name, lines := range map[string][]string{"refused": {"m=image 0 udptl t38"}, "voice": {"m=audio 7000 RTP/AVP 0"}, "nothing": nil, "nowhere": {"c=IN IP4 224.0.0.1", "m=image 7000 udptl t38"}} {
		if r, _, err := AcceptFax(offer, parse(t, head(lines...)...)); err == nil {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestPassedOnFmtp: what one phone says of a codec nobody here can decode reaches the other; packets laid out otherwise are no answer.
func TestPassedOnFmtp(t *testing.T) {
	l := testLocal("amr", "ilbc", "g729")
	l.Fmtp = map[string]string{"amr": "octet-align=1; mode-set=0,2", "ilbc": ""}
	offer := Offer(l)
	text := string(offer.Marshal())
	for _, want := range []string{"a=fmtp:96 octet-align=1; mode-set=0,2\r\n", "a=fmtp:18 annexb=no\r\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "mode=30") {
		t.Errorf("the caller's 20 ms of iLBC became 30 in\n%s", text)
	}
	for fmtp, ok := range map[string]bool{"octet-align=1": true, " OCTET-ALIGN = 1 ;max-red=0": true, "": false, "octet-align=0": false, "octet-align=1;crc=1": false, "octet-align=1;interleaving=4": false} {
		lines := []string{"m=audio 4000 RTP/AVP 96", "a=rtpmap:96 AMR/8000"}
		if fmtp != "" {
			lines = append(lines, "a=fmtp:96 "+fmtp)
		}
		if r, err := Accept(offer, parse(t, head(lines...)...)); (err == nil) != ok {
			t.Errorf("answer %q: %+v, %v", fmtp, r, err)
		}
		answer, _, err := Answer(parse(t, head(lines...)...), l)
		if err != nil {
			t.Fatal(err)
		}
		want := fmtp
		if ok {
			want = l.Fmtp["amr"]
		}
		if got := answer.Media[0].Formats[0].Fmtp; got != strings.TrimSpace(want) {
			t.Errorf("offer %q, answer %q", fmtp, got)
		}
	}
}

func FuzzBeside(f *testing.F) {
	f.Add(strings.Join(head(filming...), "\r\n"))
	f.Add(strings.Join(head("m=image 6004 udptl t38", "a=T38FaxVersion:3", "m=video 9 RTP/AVP 97 97", "a=rtcp-fb:97 nack", "m=video 8 RTP/AVP 31", "m=audio 1 RTP/AVP 96", "a=rtpmap:96 AMR/8000"), "\n"))
	f.Fuzz(func(t *testing.T, in string) {
		d, err := Parse([]byte(in))
		if err != nil {
			return
		}
		allowed := []codecs.Format{h264, vp8}
		l := withVideo(testLocal("ulaw", "amr"), VideoOffered(d, allowed)...)
		if answer, r, err := Answer(d, l); err == nil {
			checkAnswer(t, d, answer, r)
			checkPrinted(t, answer)
			if re := Reoffer(answer, l); len(re.Media) != max(len(d.Media), len(re.Media)) || len(re.Media) > len(d.Media)+1 {
				t.Fatalf("re-offer has %d m-lines, the session %d", len(re.Media), len(d.Media))
			}
		}
		offer := Offer(l)
		checkPrinted(t, offer)
		seen := map[uint8]bool{}
		for _, m := range offer.Media {
			for _, f := range m.Formats {
				if seen[f.PT] {
					t.Fatalf("payload type %d twice in\n%s", f.PT, offer.Marshal())
				}
				seen[f.PT] = true
			}
		}
		if r, err := Accept(offer, d); err == nil && r.Video != nil && (len(r.Video.Codecs) != 1 || !r.Video.Remote.IsValid() && r.Video.Direction.Sends()) {
			t.Fatalf("%+v", r.Video)
		}
		if params, ok := FaxOffered(d); ok {
			fax := Fax{Addr: netip.MustParseAddrPort("203.0.113.1:10008"), Attributes: params}
			checkPrinted(t, OfferFax(d, l, fax))
			if answer, _, err := AnswerFax(d, l, fax); err == nil && len(answer.Media) != len(d.Media) {
				t.Fatalf("answer has %d m-lines, the offer %d", len(answer.Media), len(d.Media))
			}
		}
	})
}

// checkPrinted: a description of ours prints, parses, and prints the same again.
func checkPrinted(t testing.TB, d *Description) {
	t.Helper()
	text := d.Marshal()
	if len(text) > MaxBytes || strings.Count(string(text), "\n") > MaxLines {
		return // the rtpmaps of static types, written out, can go beyond the bounds
	}
	again, err := Parse(text)
	if err != nil {
		t.Fatalf("printed, it does not parse: %v\n%s", err, text)
	}
	if got := again.Marshal(); string(got) != string(text) {
		t.Fatalf("printed\n%s\nthen\n%s", text, got)
	}
}

// FuzzFmtp: what one end says of a codec that is passed on can always be unpacked by who says the same, and neither end decides alone; a
// parameter that is written is read.
func FuzzFmtp(f *testing.F) {
	f.Add("octet-align=1;mode-set=0,2", "octet-align=0", "AMR")
	f.Add(" Interleaving = 30 ; crc=1", "", "AMR-WB")
	f.Add("profile-level-id=42e01f;packetization-mode=1", "profile-level-id=42E00C; packetization-mode=1", "H264")
	f.Fuzz(func(t *testing.T, a, b, name string) {
		x, y := Format{Codec: codecs.Format{Name: name}, Fmtp: a}, Format{Codec: codecs.Format{Name: name}, Fmtp: b}
		if !compatible(&x, &x) || compatible(&x, &y) != compatible(&y, &x) {
			t.Fatalf("%s: %q and %q", name, a, b)
		}
		v, w := VideoFormat{Codec: x.Codec, Fmtp: a}, VideoFormat{Codec: y.Codec, Fmtp: b}
		if !v.alike(&x) || v.alike(&y) != w.alike(&x) {
			t.Fatalf("%s: %q and %q", name, a, b)
		}
		if !strings.ContainsAny(b, ";") {
			if got := parameter("mode="+b+";"+a, "MODE", "none"); got != strings.TrimSpace(b) {
				t.Fatalf("%q became %q", b, got)
			}
		}
	})
}
