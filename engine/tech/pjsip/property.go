package pjsip

import (
	"fmt"
	"strings"

	"asterism/codecs"
	"asterism/engine/sip"
)

// Property answers CHANNEL(pjsip,…), CHANNEL(rtp,…), CHANNEL(rtcp,…) and CHANNEL(audioreadformat) and its like.
func (l *leg) Property(name string) (string, bool) {
	room, item, _ := strings.Cut(name, ",")
	item = strings.TrimSuffix(item, ",audio") // the one stream we have
	switch room {
	case "pjsip":
		return l.signalling(item)
	case "rtp":
		return l.rtpProperty(item)
	case "rtcp":
		return l.rtcpProperty(item)
	case "audioreadformat", "audiowriteformat", "audionativeformat":
		l.mu.Lock()
		format := l.format
		l.mu.Unlock()
		c, ok := codecs.ByFormat(format)
		if room == "audionativeformat" {
			return "(" + c.Name + ")", ok
		}
		return c.Name, ok
	case "videonativeformat":
		return l.videoName()
	}
	return "", false
}

// signalling is pjsip,ITEM.
func (l *leg) signalling(item string) (string, bool) {
	l.mu.Lock()
	from, to, target, local, secured := l.from, l.to, l.target, l.localAddr, l.secure
	l.mu.Unlock()
	switch item {
	case "endpoint":
		return l.endpoint.Name, true
	case "remote_addr":
		return l.remote.String(), true
	case "local_addr":
		return local, local != ""
	case "secure":
		return flag(secured), true
	case "t38state":
		return l.faxState(), true
	}
	if d := l.dialog.Load(); d != nil {
		switch item {
		case "call-id":
			return d.CallID(), true
		case "local_tag":
			return d.LocalTag(), true
		}
	}
	if l.invite != nil {
		switch item {
		case "request_uri":
			return l.invite.Recipient.String(), true
		case "local_uri":
			return address(l.invite.To().Address), true
		case "remote_uri":
			return address(l.invite.From().Address), true
		case "target_uri":
			return address(l.invite.Contact().Address), true
		case "remote_tag":
			return l.invite.From().Params.Get("tag")
		}
		return "", false
	}
	switch item {
	case "request_uri", "target_uri":
		return target, target != ""
	case "remote_uri":
		return to, to != ""
	case "local_uri":
		return from, from != ""
	}
	return "", false
}

func address(uri sip.URI) string { return "<" + uri.String() + ">" }

func secure(t *sip.Transport) bool { return t.Protocol() == "tls" || t.Protocol() == "wss" }

func flag(yes bool) string {
	if yes {
		return "1"
	}
	return "0"
}

// rtpProperty is rtp,ITEM.
func (l *leg) rtpProperty(item string) (string, bool) {
	l.mu.Lock()
	port, held, local, remote := l.port, l.held, l.local.Addr, l.media
	l.mu.Unlock()
	if port == nil {
		return "", false
	}
	switch item {
	case "src":
		return local.String(), true
	case "dest":
		if from := port.Stats().Source; from.IsValid() {
			return from.String(), true
		}
		return remote.String(), remote.IsValid()
	case "direct":
		return "(null)", true
	case "hold":
		return flag(held), true
	case "secure":
		return "0", true
	}
	return "", false
}

// rtcpProperty is rtcp,ITEM: what was counted here and what the peer reported. Jitter and round trip are in seconds.
func (l *leg) rtcpProperty(item string) (string, bool) {
	l.mu.Lock()
	port := l.port
	l.mu.Unlock()
	if port == nil {
		return "", false
	}
	s := port.Stats()
	switch item {
	case "all", "":
		return fmt.Sprintf("ssrc=%d;themssrc=%d;lp=%d;rxjitter=%f;rxcount=%d;txjitter=%f;txcount=%d;rlp=%d;rtt=%f", s.LocalSSRC, s.RemoteSSRC, s.Lost,
			s.Jitter.Seconds(), s.PacketsIn, s.RemoteJitter.Seconds(), s.PacketsOut, s.RemoteLost, s.RTT.Seconds()), true
	case "txcount":
		return fmt.Sprint(s.PacketsOut), true
	case "rxcount":
		return fmt.Sprint(s.PacketsIn), true
	case "txjitter":
		return fmt.Sprintf("%f", s.RemoteJitter.Seconds()), true
	case "rxjitter":
		return fmt.Sprintf("%f", s.Jitter.Seconds()), true
	case "txploss":
		return fmt.Sprint(s.RemoteLost), true
	case "rxploss":
		return fmt.Sprint(s.Lost), true
	case "rtt":
		return fmt.Sprintf("%f", s.RTT.Seconds()), true
	case "rxmes": // 0 to 100
		return fmt.Sprintf("%f", s.Rating), true
	case "txmes":
		return fmt.Sprintf("%f", s.RemoteRating), true
	case "local_ssrc":
		return fmt.Sprint(s.LocalSSRC), true
	case "remote_ssrc":
		return fmt.Sprint(s.RemoteSSRC), true
	}
	return "", false
}
