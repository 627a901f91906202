package sipp

import (
	"fmt"
	"strings"
)

// A flow is a sipp scenario told in the lines a reader wants to see:
//
//	> INVITE sdp          send; "sdp" adds an offer or answer, "sdp=alaw,sendonly" another one
//	< 180 ?               receive; "?" if it may be left out (a 100 always may)
//	< 200
//	    Contact: sip:     an indented line under < must match (regular expression); "body: m=audio" looks into the body;
//	                      "!Name: re" must not match
//	> ACK
//	    X-Extra: 1        an indented line under > adds a header, or replaces the one of that name
//	pause 500             milliseconds
//	> BYE
//	< 200
//
// A flow that begins with < is a server. A response belongs to the request received last; "> 487 INVITE" to the first INVITE.
// Words: "auth" (answer the challenge with -au and -ap), "rseq" (keep the RSeq, for "RAck: [$rseq] 1 INVITE"), "uri=sip:…", "late" (no retransmission by sipp), "timeout=8000" (ms, that is the default).
type flow struct {
	xml     strings.Builder
	server  bool
	first   bool   // nothing was written yet
	invited bool   // an INVITE was received
	cseq    int    // of our requests
	invite  int    // CSeq of our last INVITE
	dialog  bool   // a 2xx (client) or the ACK (server) was seen: requests carry both tags
	failed  bool   // the last answer to our INVITE was 3xx-6xx
	asked   string // the request received last, for our responses
	late    bool   // that request came within the dialog
	sdp     int    // version of o=
	waits   string // the method our next received response answers
}

type line struct {
	no    int
	verb  string
	words []string
	more  []string // indented lines
}

// XML translates a flow to sipp's own language. name is for sipp's screens.
func XML(name, text string) (string, error) {
	lines, err := split(text)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	f := &flow{first: true, server: len(lines) > 0 && lines[0].verb == "<"}
	fmt.Fprintf(&f.xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE scenario SYSTEM \"sipp.dtd\">\n<scenario name=%q>\n", name)
	for _, l := range lines {
		switch l.verb {
		case ">":
			err = f.send(l)
		case "<":
			err = f.receive(l)
		case "pause":
			fmt.Fprintf(&f.xml, "<pause milliseconds=%q/>\n", l.words[0])
		}
		if err != nil {
			return "", fmt.Errorf("%s:%d: %w", name, l.no, err)
		}
	}
	if f.invited {
		f.xml.WriteString("<Reference variables=\"ivia,ifrom,ito,icseq,iuri\"/>\n")
	}
	f.xml.WriteString("</scenario>\n")
	return f.xml.String(), nil
}

func split(text string) ([]line, error) {
	var lines []line
	for i, raw := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(raw)
		switch words := strings.Fields(raw); {
		case trimmed == "" || strings.HasPrefix(trimmed, "#"):
		case raw[0] == ' ' || raw[0] == '\t':
			if len(lines) == 0 {
				return nil, fmt.Errorf("line %d: indented under nothing", i+1)
			}
			last := &lines[len(lines)-1]
			last.more = append(last.more, trimmed)
		case len(words) < 2 || words[0] != ">" && words[0] != "<" && words[0] != "pause":
			return nil, fmt.Errorf("line %d: %q: want >, < or pause and what", i+1, raw)
		default:
			lines = append(lines, line{no: i + 1, verb: words[0], words: words[1:]})
		}
	}
	return lines, nil
}

func isStatus(word string) bool { return len(word) == 3 && word[0] >= '1' && word[0] <= '6' }

func (l line) has(word string) bool { _, ok := l.option(word); return ok }

func (l line) option(name string) (string, bool) {
	for _, w := range l.words[1:] {
		if n, v, _ := strings.Cut(w, "="); n == name {
			return v, true
		}
	}
	return "", false
}

func (f *flow) send(l line) error {
	if isStatus(l.words[0]) {
		return f.respond(l)
	}
	return f.request(l)
}

func (f *flow) request(l line) error {
	method := l.words[0]
	switch method {
	case "ACK", "CANCEL":
	default:
		f.cseq++
	}
	n := f.cseq
	if method == "INVITE" {
		f.invite, f.failed = f.cseq, false
	}
	via, uri := "SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport", "sip:[service]@[remote_ip]:[remote_port]"
	from, to := "\"[display]\" <sip:[from]@[local_ip]:[local_port]>;tag=[pid]F[call_number]", "<sip:[service]@[remote_ip]:[remote_port]>"
	switch {
	case method == "CANCEL" || method == "ACK" && f.failed:
		via, n = "", f.invite
		if method == "ACK" {
			to += "[peer_tag_param]"
		}
	case f.server:
		uri, from, to = "[$iuri]", "[$ito];tag=[pid]T[call_number]", "[$ifrom]"
	case f.dialog || method == "PRACK":
		uri, to = "[next_url]", to+"[peer_tag_param]"
	}
	if method == "ACK" {
		n = f.invite
	}
	if u, ok := l.option("uri"); ok {
		uri = u
	}
	h := headers{}
	if via == "" {
		h.add("", "[last_Via:]") // the same transaction: the Via of the answer is our own
	} else {
		h.add("Via", via)
	}
	h.add("From", from)
	h.add("To", to)
	h.add("Call-ID", "[call_id]")
	h.add("CSeq", fmt.Sprintf("%d %s", n, method))
	h.add("Max-Forwards", "70")
	if method != "CANCEL" && method != "BYE" && (method != "ACK" || !f.failed) {
		h.add("Contact", "<sip:[from]@[local_ip]:[local_port];transport=[transport]>")
	}
	if f.dialog && !f.server {
		h.add("", "[routes]")
	}
	if l.has("auth") {
		h.add("", "[authentication]")
	}
	retrans := ` retrans="500"`
	if method == "ACK" || l.has("late") {
		retrans = ""
	}
	f.waits = method
	return f.write(l, h, method+" "+uri+" SIP/2.0", retrans)
}

func (f *flow) respond(l line) error {
	h := headers{}
	if f.asked == "INVITE" {
		f.failed = l.words[0][0] > '2'
	}
	if len(l.words) > 1 && l.words[1] == "INVITE" || f.asked == "INVITE" && !f.late {
		h.add("Via", "[$ivia]")
		h.add("From", "[$ifrom]")
		if l.words[0] == "100" {
			h.add("To", "[$ito]")
		} else {
			h.add("To", "[$ito];tag=[pid]T[call_number]")
		}
		h.add("Call-ID", "[call_id]")
		h.add("CSeq", "[$icseq]")
	} else {
		for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
			h.add("", "[last_"+name+":]")
		}
	}
	if f.asked == "INVITE" || f.asked == "UPDATE" {
		h.add("Contact", "<sip:[from]@[local_ip]:[local_port];transport=[transport]>")
	}
	retrans := ""
	if l.words[0][0] == '2' && f.asked == "INVITE" {
		retrans = ` retrans="500"`
	}
	return f.write(l, h, "SIP/2.0 "+l.words[0]+" "+reasons[l.words[0]], retrans)
}

var reasons = map[string]string{"100": "Trying", "180": "Ringing", "181": "Call Is Being Forwarded", "183": "Session Progress", "200": "OK", "202": "Accepted",
	"302": "Moved Temporarily", "401": "Unauthorized", "407": "Proxy Authentication Required", "403": "Forbidden", "404": "Not Found", "480": "Temporarily Unavailable", "481": "Call/Transaction Does Not Exist",
	"486": "Busy Here", "487": "Request Terminated", "488": "Not Acceptable Here", "491": "Request Pending", "500": "Server Internal Error", "503": "Service Unavailable", "603": "Decline"}

func (f *flow) write(l line, h headers, start, retrans string) error {
	body := ""
	if want, ok := l.option("sdp"); ok {
		f.sdp++
		var err error
		if body, err = sdp(want, f.sdp); err != nil {
			return err
		}
		h.add("Content-Type", "application/sdp")
	}
	for _, m := range l.more {
		if b, ok := strings.CutPrefix(m, "body: "); ok {
			body += b + "\n"
			continue
		}
		name, value, ok := strings.Cut(m, ":")
		if !ok {
			return fmt.Errorf("%q is no header", m)
		}
		h.set(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	h.add("Content-Length", "[len]")
	fmt.Fprintf(&f.xml, "<send%s><![CDATA[\n%s\n%s\n%s]]></send>\n", retrans, start, h.text(), body)
	return nil
}

func (f *flow) receive(l line) error {
	word := l.words[0]
	attr := `request="` + word + `"`
	if isStatus(word) {
		attr = `response="` + word + `"`
		switch {
		case word[0] > '2' && (f.waits == "INVITE" || f.waits == "CANCEL"):
			f.failed = true
		case word[0] == '2' && (f.waits == "INVITE" || f.waits == "SUBSCRIBE"):
			f.failed, f.dialog = false, true
			attr += ` rrs="true"`
		case word[0] == '2' && f.waits == "PRACK": // the INVITE is still open
			f.waits = "INVITE"
		case l.has("rseq"): // it makes an early dialog
			attr += ` rrs="true"`
		}
		if l.has("auth") {
			attr += ` auth="true"`
		}
		if word != "100" {
			f.xml.WriteString("<recv response=\"100\" optional=\"true\"/>\n")
		}
	} else {
		f.asked, f.late = word, f.dialog || !f.first && word != "INVITE"
		if word == "ACK" {
			f.dialog = f.dialog || !f.failed // a refused re-INVITE ends nothing
		}
	}
	if l.has("?") {
		attr += ` optional="true"`
	} else {
		wait, ok := l.option("timeout")
		if !ok {
			wait = "8000"
		}
		attr += ` timeout="` + wait + `"`
	}
	actions := checks(l.more)
	if f.server && !f.dialog && word == "INVITE" { // the first, or the one after a challenge
		actions, f.invited = actions+inviteActions, true
	}
	if l.has("rseq") {
		actions += `<ereg regexp="[0-9]+" search_in="hdr" header="RSeq:" assign_to="rseq"/>` + "\n"
	}
	f.first = false
	if actions == "" {
		fmt.Fprintf(&f.xml, "<recv %s/>\n", attr)
		return nil
	}
	fmt.Fprintf(&f.xml, "<recv %s><action>\n%s</action></recv>\n", attr, actions)
	return nil
}

// inviteActions keep what later messages of a server need; the response to INVITE may come after another request.
const inviteActions = `<ereg regexp=".*" search_in="hdr" header="Via:" assign_to="ivia"/>
<ereg regexp=".*" search_in="hdr" header="From:" assign_to="ifrom"/>
<ereg regexp=".*" search_in="hdr" header="To:" assign_to="ito"/>
<ereg regexp=".*" search_in="hdr" header="CSeq:" assign_to="icseq"/>
<ereg regexp="sips?:[^>;]*" search_in="hdr" header="Contact:" assign_to="iuri"/>
`

func checks(more []string) string {
	var b strings.Builder
	for i, m := range more {
		check := "check_it"
		if rest, ok := strings.CutPrefix(m, "!"); ok {
			check, m = "check_it_inverse", rest
		}
		name, re, _ := strings.Cut(m, ":")
		where := `search_in="hdr" header="` + name + `:"`
		if name == "body" {
			where = `search_in="body"`
		}
		fmt.Fprintf(&b, "<ereg regexp=\"%s\" %s %s=\"true\" assign_to=\"_%d\"/>\n", escape.Replace(strings.TrimSpace(re)), where, check, i)
	}
	for i := range more {
		fmt.Fprintf(&b, "<log message=\"%d [$_%d]\"/>\n", i, i)
	}
	return b.String()
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// headers keeps order; an empty name is a line of sipp's own making.
type headers []struct{ name, value string }

func (h *headers) add(name, value string) { *h = append(*h, struct{ name, value string }{name, value}) }

// set replaces the header, or adds one that is new. "-" takes it away.
func (h *headers) set(name, value string) {
	for i := range *h {
		if strings.EqualFold((*h)[i].name, name) {
			if (*h)[i].value = value; value == "-" {
				*h = append((*h)[:i], (*h)[i+1:]...)
			}
			return
		}
	}
	if value != "-" {
		h.add(name, value)
	}
}

func (h headers) text() string {
	var b strings.Builder
	for _, e := range h {
		if e.name == "" {
			b.WriteString(e.value + "\n")
		} else {
			b.WriteString(e.name + ": " + e.value + "\n")
		}
	}
	return b.String()
}

// sdp makes a description of words: ulaw alaw g722 gsm opus slin cn, events (always unless noevents), sendonly recvonly inactive
// sendrecv, hold0 (RFC 2543's c=0.0.0.0), video and fax (m-lines besides). RTP goes to port [rtp], with moved to [moved].
func sdp(want string, version int) (string, error) {
	conn, port, dir, events, others := "[media_ip]", "[rtp]", "", true, ""
	var pts, maps []string
	for _, w := range strings.FieldsFunc(want, func(r rune) bool { return r == ',' }) {
		switch w {
		case "sendonly", "recvonly", "inactive", "sendrecv":
			dir = "a=" + w + "\n"
		case "hold0":
			conn = "0.0.0.0"
		case "moved":
			port = "[moved]"
		case "video":
			others += "m=video [beside] RTP/AVP 99\na=rtpmap:99 H264/90000\na=fmtp:99 profile-level-id=42e01f\na=rtcp-fb:* nack\na=rtcp-fb:99 nack pli\na=rtcp-fb:99 ccm fir\na=rtcp-fb:99 goog-remb\n"
		case "fax":
			others += "m=image 6004 udptl t38\na=T38FaxVersion:0\na=T38FaxMaxBuffer:400\n"
		case "noevents":
			events = false
		default:
			m, ok := rtpmaps[w]
			if !ok {
				return "", fmt.Errorf("sdp: unknown word %q", w)
			}
			pt, _, _ := strings.Cut(m, " ")
			pts, maps = append(pts, pt), append(maps, "a=rtpmap:"+m+"\n")
		}
	}
	if len(pts) == 0 {
		pts, maps = []string{"0"}, []string{"a=rtpmap:0 PCMU/8000\n"}
	}
	if events {
		pts, maps = append(pts, "101"), append(maps, "a=rtpmap:101 telephone-event/8000\na=fmtp:101 0-16\n")
	}
	return fmt.Sprintf("v=0\no=sipp 1 %d IN IP[local_ip_type] [local_ip]\ns=-\nc=IN IP[media_ip_type] %s\nt=0 0\nm=audio %s RTP/AVP %s\n%s%s%s",
		version, conn, port, strings.Join(pts, " "), strings.Join(maps, ""), dir, others), nil
}

var rtpmaps = map[string]string{"ulaw": "0 PCMU/8000", "alaw": "8 PCMA/8000", "gsm": "3 GSM/8000", "g722": "9 G722/8000", "g729": "18 G729/8000", "opus": "107 opus/48000/2", "slin": "118 L16/8000", "cn": "13 CN/8000",
	"amr": "116 AMR/8000", "ilbc": "117 iLBC/8000"}
