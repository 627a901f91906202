package config

import (
	"net/netip"
	"strings"
	"time"
)

const defaultSIPPort = 5060

func newTransport(name string, pos Pos) *Transport {
	return &Transport{
		Name: name, Pos: pos, Protocol: "udp",
		TCPKeepaliveIdleTime: 30 * time.Second, TCPKeepaliveIntervalTime: 10 * time.Second, TCPKeepaliveProbeCount: 5,
	}
}

var transportSchema = &schema[Transport]{
	kind: "transport",
	fields: append([]field[Transport]{
		oneOf("protocol", func(t *Transport) *string { return &t.Protocol }, "udp", "tcp", "tls", "ws", "wss", "flow"),
		{"bind", func(t *Transport, v string) *complaint {
			var c *complaint
			t.Bind, c = parseBind(v)
			return c
		}},
		tos("tos", func(t *Transport) *int { return &t.TOS }),
		number("cos", 0, 7, func(t *Transport) *int { return &t.COS }),
		addr("external_media_address", func(t *Transport) *netip.Addr { return &t.ExternalMediaAddress }),
		{"external_signaling_address", func(t *Transport, v string) (c *complaint) {
			if ap, err := netip.ParseAddrPort(v); err == nil { // Asterisk takes a port here too
				t.ExternalSignalingAddress, t.ExternalSignalingPort = ap.Addr().Unmap(), int(ap.Port())
				return nil
			}
			t.ExternalSignalingAddress, c = parseAddr(v)
			return c
		}},
		number("external_signaling_port", 0, 65535, func(t *Transport) *int { return &t.ExternalSignalingPort }),
		{"local_net", func(t *Transport, v string) *complaint {
			for _, s := range parseList(v) {
				p, c := parsePrefix(s)
				if c != nil {
					return c
				}
				t.LocalNet = append(t.LocalNet, p)
			}
			return nil
		}},
		text("domain", func(t *Transport) *string { return &t.Domain }),
		yes("symmetric_transport", func(t *Transport) *bool { return &t.SymmetricTransport }),
		yes("allow_reload", func(t *Transport) *bool { return &t.AllowReload }),
		yes("tcp_keepalive_enable", func(t *Transport) *bool { return &t.TCPKeepaliveEnable }),
		seconds("tcp_keepalive_idle_time", day, func(t *Transport) *time.Duration { return &t.TCPKeepaliveIdleTime }),
		seconds("tcp_keepalive_interval_time", day, func(t *Transport) *time.Duration { return &t.TCPKeepaliveIntervalTime }),
		number("tcp_keepalive_probe_count", 0, 127, func(t *Transport) *int { return &t.TCPKeepaliveProbeCount }),
	},
		// Asterisk itself has let go of it: always 1.
		silent[Transport]("async_operations")...),
	later: list(`allow_wildcard_certs=no ca_list_file ca_list_path cert_file cipher external_signaling_hostname method password
		priv_key_file require_client_cert=no verify_client=no verify_server=no websocket_write_timeout=100`),
}

// parseBind reads address or address:port; IPv6 with or without brackets.
//
// Deviates: an explicit port 0 stays 0, any free port, where Asterisk takes 5060.
func parseBind(v string) (netip.AddrPort, *complaint) {
	if ap, err := netip.ParseAddrPort(v); err == nil {
		return ap, nil
	}
	if a, err := netip.ParseAddr(strings.Trim(v, "[]")); err == nil {
		return netip.AddrPortFrom(a, defaultSIPPort), nil
	}
	return netip.AddrPort{}, bad("write an address of this machine, such as 0.0.0.0:5060 or [::]:5060", "%q is no address", clip(v))
}

// transport builds one listener. A protocol we do not speak yet is no mistake: nil, without an error.
func (l *loader) transport(sec *Section) (*Transport, bool) {
	t := newTransport(sec.Name, sec.Pos)
	o := object{"transport", sec.Name}
	if p, ok := sec.Get("protocol"); ok {
		if p, c := parseOneOf(p, "tls", "ws", "wss", "flow"); c == nil {
			l.report(o, l.at(sec, "protocol"), odd("write udp or tcp", "protocol %s is not supported yet; the transport is left out", p))
			return nil, true
		}
	}
	good := transportSchema.fill(l, t, sec)
	if good && !t.Bind.IsValid() {
		l.report(o, sec.Pos, bad("write bind = 0.0.0.0", "there is no bind"))
		return t, false
	}
	for _, other := range l.snap.PJSIP.Transports {
		if good && other.Protocol == t.Protocol && other.Bind == t.Bind && t.Bind.Port() != 0 {
			l.report(o, l.at(sec, "bind"), bad("give it another port", "%s is taken by transport %q (%s)", t.Bind, other.Name, other.Pos))
			return t, false
		}
	}
	return t, good
}
