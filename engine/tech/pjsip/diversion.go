package pjsip

import (
	"cmp"
	"strings"

	"asterism/engine/channel"
	"asterism/engine/config"
	"asterism/engine/sip"
)

// How a call that was sent on says so: Diversion (RFC 5806) and History-Info (RFC 7044, with the causes of RFC 4458).

// diversionWord is a reason of REDIRECTING(reason) on the wire: in Diversion, and as the cause of a History-Info entry.
type diversionWord struct{ reason, word, cause string }

// diversionWords has the plainest reason of a word or cause first.
var diversionWords = []diversionWord{
	{"cfu", "unconditional", "302"}, {"cfb", "user-busy", "486"}, {"cfnr", "no-answer", "408"}, {"unavailable", "unavailable", "503"},
	{"unknown", "unknown", "404"}, {"deflection", "deflection", "480"}, {"dnd", "do-not-disturb", "486"}, {"follow_me", "follow-me", "302"}, {"away", "away", "302"},
	{"time_of_day", "time-of-day", "302"}, {"out_of_order", "out-of-service", "503"},
}

// diversion tells who sent the call on, for endpoints that want to know.
func diversion(e *config.Endpoint, id channel.CallerID, target *sip.URI, hop sip.Hop) (out []sip.Header) {
	if id.RDNIS == "" {
		return nil
	}
	words := diversionWords[0]
	for _, w := range diversionWords {
		if w.reason == id.Reason {
			words = w
		}
	}
	us := hop.Transport.Advertised(hop.Addr.Addr())
	first := sip.Address{URI: *sip.NewURI(sip.EscapeUser(id.RDNIS), cmp.Or(e.FromDomain, bracketed(us.Addr())), 0)}
	if e.SendDiversion {
		out = append(out, sip.NewHeader("Diversion", first.String()+";reason="+words.word))
	}
	if e.SendHistoryInfo {
		second := sip.Address{URI: *sip.NewURI(target.User, target.Host, target.Port)}
		sip.SetURIParam(&second.URI, "cause", words.cause)
		out = append(out, sip.NewHeader("History-Info", first.String()+";index=1"), sip.NewHeader("History-Info", second.String()+";index=1.1"))
	}
	return out
}

// diverted is who sent a call to us, and why, as a reason of REDIRECTING(reason); "" if nobody did. The first Diversion is the last one who
// did; in a History-Info the one before last.
func diverted(req *sip.Request) (number, reason string) {
	if list, err := sip.ParseAddressList(req, "Diversion"); err == nil && len(list) > 0 {
		word, _ := sip.Param(list[0].Params, "reason")
		word = strings.ToLower(sip.Unquote(word))
		for _, w := range diversionWords {
			if w.word == word {
				reason = w.reason
			}
		}
		return divertedNumber(&list[0].URI), cmp.Or(reason, "unknown")
	}
	list, err := sip.ParseAddressList(req, "History-Info")
	if err != nil || len(list) < 2 {
		return "", ""
	}
	cause, sent := sip.URIParam(&list[len(list)-1].URI, "cause")
	if !sent {
		return "", "" // it went on by routing, not because somebody wanted that
	}
	for i := len(diversionWords) - 1; i >= 0; i-- {
		if diversionWords[i].cause == cause {
			reason = diversionWords[i].reason
		}
	}
	return divertedNumber(&list[len(list)-2].URI), cmp.Or(reason, "unknown")
}

// divertedNumber is foreign text made fit for variables and headers.
func divertedNumber(uri *sip.URI) string {
	if number := numberOf(uri); dialable(number) {
		return number
	}
	return ""
}
