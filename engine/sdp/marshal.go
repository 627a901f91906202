package sdp

import (
	"net/netip"
	"strconv"
	"strings"
)

// Marshal writes d with CRLF line ends. Texts lose what would break a line, or a field of o= and m=.
func (d *Description) Marshal() []byte {
	var w writer
	o := &d.Origin
	w.line("v=0")
	w.line("o=", token(o.Username), " ", token(o.Session), " ", token(o.Version), " IN ", family(o.Address), " ", token(o.Address))
	w.line("s=", orDash(d.Name))
	if d.Connection.IsValid() {
		w.connection(d.Connection)
	}
	w.line("t=0 0")
	w.attributes(d.Attributes)
	for i := range d.Media {
		w.media(&d.Media[i], d.Connection)
	}
	return w.b
}

type writer struct{ b []byte }

func (w *writer) line(parts ...string) {
	for _, p := range parts {
		for i := 0; i < len(p); i++ {
			if p[i] != '\r' && p[i] != '\n' && p[i] != 0 {
				w.b = append(w.b, p[i])
			}
		}
	}
	w.b = append(w.b, '\r', '\n')
}

func (w *writer) attributes(list []Attribute) {
	for _, a := range list {
		if a.Value == "" {
			w.line("a=", a.Name)
		} else {
			w.line("a=", a.Name, ":", a.Value)
		}
	}
}

func (w *writer) connection(a netip.Addr) { w.line("c=IN ", family(a.String()), " ", a.String()) }

func (w *writer) media(m *Media, session netip.Addr) {
	fields := make([]string, 0, len(m.Formats)+len(m.Other))
	for _, f := range m.Formats {
		fields = append(fields, strconv.Itoa(int(f.PT)))
	}
	for _, s := range m.Other {
		fields = append(fields, token(s))
	}
	w.line("m=", token(m.Type), " ", strconv.Itoa(m.Port), " ", token(m.Proto), " ", strings.Join(fields, " "))
	if m.Connection.IsValid() && m.Connection != session {
		w.connection(m.Connection)
	}
	for _, f := range m.Formats {
		w.format(f)
	}
	w.milliseconds("ptime", m.Ptime)
	w.milliseconds("maxptime", m.MaxPtime)
	w.rtcp(m)
	if m.RTCPMux {
		w.line("a=rtcp-mux")
	}
	w.attributes(m.Attributes)
	if m.Port != 0 || m.Direction != SendRecv {
		w.line("a=", m.Direction.String())
	}
}

func (w *writer) format(f Format) {
	pt := strconv.Itoa(int(f.PT))
	if c := f.Codec; c.Name != "" {
		channels := ""
		if c.Channels > 1 {
			channels = "/" + strconv.Itoa(c.Channels)
		}
		w.line("a=rtpmap:", pt, " ", c.Name, "/", strconv.Itoa(c.Rate), channels)
	}
	if f.Fmtp != "" {
		w.line("a=fmtp:", pt, " ", f.Fmtp)
	}
}

func (w *writer) milliseconds(name string, ms int) {
	if ms > 0 {
		w.line("a=", name, ":", strconv.Itoa(ms))
	}
}

func (w *writer) rtcp(m *Media) {
	switch a := m.RTCP.Addr(); {
	case m.RTCP.Port() == 0:
	case a == m.Connection:
		w.line("a=rtcp:", strconv.Itoa(int(m.RTCP.Port())))
	default:
		w.line("a=rtcp:", strconv.Itoa(int(m.RTCP.Port())), " IN ", family(a.String()), " ", a.String())
	}
}

// family is IP6 for what looks like an IPv6 address.
func family(address string) string {
	if strings.Contains(address, ":") {
		return "IP6"
	}
	return "IP4"
}

// token makes s one field of a line.
func token(s string) string {
	if s == "" {
		return "-"
	}
	b := []byte(s)
	for i, c := range b {
		if c <= ' ' || c == 0x7f {
			b[i] = '_'
		}
	}
	return string(b)
}
