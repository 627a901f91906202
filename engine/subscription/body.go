package subscription

import (
	"bytes"
	"encoding/xml"
	"fmt"

	"asterism/engine/device"
)

// words are what the documents say of a state, as Asterisk has them.
type words struct {
	dialog         string // RFC 4235 §4.1.6
	open           bool   // can it be called?
	note, activity string // RFC 3863's note, RFC 4480's activity
	ms, msSub      string // what xpidf has instead
}

func wordsOf(d document) words {
	switch d.device {
	case device.Ringing:
		return words{"early", true, "Ringing", "on-the-phone", "inuse", "onthephone"}
	case device.RingInUse:
		w := words{"confirmed", true, "Ringing", "on-the-phone", "inuse", "onthephone"}
		if d.earlyInUse {
			w.dialog = "early"
		}
		return w
	case device.InUse, device.Busy:
		return words{"confirmed", true, "On the phone", "on-the-phone", "inuse", "onthephone"}
	case device.OnHold:
		return words{"confirmed", true, "On hold", "on-the-phone", "inuse", "onthephone"}
	case device.Unavailable:
		return words{"terminated", false, "Unavailable", "away", "closed", "offline"}
	}
	return words{"terminated", true, "Ready", "", "open", "online"}
}

// dialogInfo is RFC 4235's document: always the full state, of one dialog that stands for all.
func dialogInfo(d document) []byte {
	w := wordsOf(d)
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	fmt.Fprintf(&b, `<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="%d" state="full" entity="%s">`+"\n", d.version, escaped(d.local))
	switch {
	case w.dialog == "early":
		fmt.Fprintf(&b, ` <dialog id="%s" direction="recipient">`+"\n", escaped(d.exten))
		fmt.Fprintf(&b, "  <local>\n   <identity>%[1]s</identity>\n   <target uri=\"%[1]s\" />\n  </local>\n", escaped(d.local))
		fmt.Fprintf(&b, "  <state>%s</state>\n", w.dialog)
	case d.device == device.OnHold:
		fmt.Fprintf(&b, ` <dialog id="%s">`+"\n", escaped(d.exten))
		fmt.Fprintf(&b, "  <state>%s</state>\n", w.dialog)
		fmt.Fprintf(&b, "  <local>\n   <target uri=\"%s\">\n    <param pname=\"+sip.rendering\" pvalue=\"no\" />\n   </target>\n  </local>\n", escaped(d.local))
	default:
		fmt.Fprintf(&b, ` <dialog id="%s">`+"\n", escaped(d.exten))
		fmt.Fprintf(&b, "  <state>%s</state>\n", w.dialog)
	}
	b.WriteString(" </dialog>\n</dialog-info>\n")
	return b.Bytes()
}

// pidf is RFC 3863's document, with the activities of RFC 4480.
func pidf(d document) []byte {
	w := wordsOf(d)
	basic, activity := "closed", ""
	if w.open {
		basic = "open"
	}
	if w.activity != "" {
		activity = "<ep:" + w.activity + "/>"
	}
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	fmt.Fprintf(&b, `<presence entity="%s" xmlns="urn:ietf:params:xml:ns:pidf" xmlns:pp="urn:ietf:params:xml:ns:pidf:data-model" xmlns:ep="urn:ietf:params:xml:ns:pidf:rpid">`+"\n",
		escaped(d.local))
	fmt.Fprintf(&b, " <note>%s</note>\n", w.note)
	fmt.Fprintf(&b, " <tuple id=\"%s\">\n  <status><basic>%s</basic></status>\n  <contact priority=\"1\">%s</contact>\n </tuple>\n",
		escaped(d.exten), basic, escaped(d.remote))
	fmt.Fprintf(&b, " <pp:person><ep:activities>%s</ep:activities></pp:person>\n", activity)
	b.WriteString("</presence>\n")
	return b.Bytes()
}

// xpidf is what phones knew before RFC 3863.
func xpidf(d document) []byte {
	w := wordsOf(d)
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<!DOCTYPE presence PUBLIC "-//IETF//DTD RFCxxxx XPIDF 1.0//EN" "xpidf.dtd">` + "\n<presence>\n")
	fmt.Fprintf(&b, ` <presentity uri="%s;method=SUBSCRIBE" />`+"\n", escaped(d.local))
	fmt.Fprintf(&b, ` <atom atomid="%[1]s" id="%[1]s">`+"\n", escaped(d.exten))
	fmt.Fprintf(&b, `  <address uri="%s;user=ip" priority="0.80000">`+"\n", escaped(d.remote))
	fmt.Fprintf(&b, "   <status status=\"%s\" />\n   <msnsubstatus substatus=\"%s\" />\n  </address>\n </atom>\n</presence>\n", w.ms, w.msSub)
	return b.Bytes()
}

func escaped(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}

// summary is RFC 3842's document. The urgent messages are among the new ones.
func summary(d document) []byte {
	waiting, account := "no", ""
	if d.fresh > 0 {
		waiting = "yes"
	}
	if d.account != "" {
		account = "Message-Account: " + d.account + "\r\n"
	}
	return fmt.Appendf(nil, "Messages-Waiting: %s\r\n%sVoice-Message: %d/%d (%d/0)\r\n", waiting, account, d.fresh, d.old, d.urgent)
}
