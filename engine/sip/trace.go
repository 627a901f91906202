package sip

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"sync"
)

// tracer shows whole messages as Asterisk's "pjsip set logger on" does.
type tracer struct {
	mu     sync.Mutex // guards filter, and keeps messages of several transports apart
	filter string
}

// SetTrace shows (or stops showing) every message sent and received on Config.TraceWriter. filter limits it to one address
// ("192.0.2.1" or "192.0.2.1:5060"); "" shows all. The responses of digests and SDES keys are masked.
func (s *Stack) SetTrace(on bool, filter string) {
	s.trace.mu.Lock()
	s.trace.filter = filter
	s.trace.mu.Unlock()
	s.tracing.Store(on)
}

func (s *Stack) traceMessage(received bool, proto string, peer netip.AddrPort, msg []byte) {
	if !s.tracing.Load() {
		return
	}
	s.trace.mu.Lock()
	defer s.trace.mu.Unlock()
	if f := s.trace.filter; f != "" && f != peer.String() && f != peer.Addr().String() {
		return
	}
	text := traceText(received, proto, peer, msg)
	if w := s.cfg.TraceWriter; w != nil {
		_, _ = w.Write(text) // a trace that cannot be written must not disturb the call
		return
	}
	s.log.Info().Msg(string(text))
}

// traceText: <--- Received SIP request (432 bytes) from UDP:192.0.2.1:5060 --->
func traceText(received bool, proto string, peer netip.AddrPort, msg []byte) []byte {
	kind, verb, prep := "request", "Transmitting", "to"
	if bytes.HasPrefix(msg, []byte("SIP/")) {
		kind = "response"
	}
	if received {
		verb, prep = "Received", "from"
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "<--- %s SIP %s (%d bytes) %s %s:%s --->\n", verb, kind, len(msg), prep, strings.ToUpper(proto), peer)
	for line := range bytes.Lines(msg) {
		writeTraceLine(&b, bytes.TrimRight(line, "\r\n"))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func writeTraceLine(b *bytes.Buffer, line []byte) {
	for _, c := range maskSecrets(line) {
		if c < ' ' && c != '\t' || c == 0x7f || c >= 0x80 && c < 0xa0 && !isUTF8Line(line) {
			fmt.Fprintf(b, `\x%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
}

func isUTF8Line(line []byte) bool { return bytes.Equal(line, bytes.ToValidUTF8(line, nil)) }

// maskSecrets hides what a password can be guessed from, and media keys.
func maskSecrets(line []byte) []byte {
	lower := bytes.ToLower(line)
	switch {
	case bytes.HasPrefix(lower, []byte("authorization")), bytes.HasPrefix(lower, []byte("proxy-authorization")),
		bytes.HasPrefix(lower, []byte("authentication-info")), bytes.HasPrefix(lower, []byte(" ")), bytes.HasPrefix(lower, []byte("\t")):
		line = maskAfter(line, "response", `="`, `"`)
		return maskAfter(line, "rspauth", `="`, `"`)
	case bytes.HasPrefix(lower, []byte("a=crypto")):
		return maskAfter(line, "inline", ":", " |")
	}
	return line
}

// maskAfter replaces what follows name and any of the bytes in skip, up to one of the bytes in end.
func maskAfter(line []byte, name, skip, end string) []byte {
	i := bytes.Index(bytes.ToLower(line), []byte(name))
	if i < 0 {
		return line
	}
	i += len(name)
	for i < len(line) && (isLWS(line[i]) || strings.IndexByte(skip, line[i]) >= 0) {
		i++
	}
	j := i
	for j < len(line) && strings.IndexByte(end, line[j]) < 0 && line[j] != ',' {
		j++
	}
	return append(append(append([]byte{}, line[:i]...), "***"...), line[j:]...)
}
