package sip

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

const (
	srvTimeout = 2 * time.Second // for a look-up that most names need in vain
	noSRVFor   = time.Minute     // how long a name without SRV records is not asked for them
	avoidFor   = time.Minute     // how long others are preferred to who did not answer
	namesMost  = 1024            // names and addresses remembered of each; when there are more, all are forgotten
)

// Resolve finds the hop for a URI: its host and port (maddr is ignored), by transport t, or if t is nil by one that fits the URI's transport
// parameter and the address's family. A name without a port is looked up for SRV records (RFC 3263 §4.2), by priority and weight, then
// for A and AAAA with port 5060. Of several places one that did not answer in the last minute comes last.
//
// Deviates: no NAPTR; where neither t nor the URI says a transport, _sip._udp is asked for, then _sip._tcp.
func (s *Stack) Resolve(ctx context.Context, uri *URI, t *Transport) (Hop, error) {
	if !IsSIP(uri) || uri.Wildcard {
		return Hop{}, fmt.Errorf("sip: resolve %q: not a sip URI", uri.String())
	}
	if uri.Scheme == "sips" {
		return Hop{}, fmt.Errorf("sip: resolve %q: no TLS transport", uri.String())
	}
	protos := []string{"udp", "tcp"}
	if v, ok := URIParam(uri, "transport"); ok {
		protos = []string{strings.ToLower(v)}
	}
	if t != nil {
		protos = []string{t.proto}
	}
	var second *Hop // who did not answer
	var failed error
	for _, p := range s.places(ctx, uri, protos) {
		addrs, err := s.lookup(ctx, p.host)
		if err != nil {
			failed = err
			continue
		}
		failed = fmt.Errorf("no %s transport for %v", p.proto, addrs)
		for _, a := range addrs {
			by := t
			if t == nil {
				by = s.pick(p.proto, a)
			} else if t.local.Addr().Is4() != a.Is4() {
				by = nil
			}
			if by == nil {
				continue
			}
			hop := Hop{by, netip.AddrPortFrom(a, p.port)}
			if !s.avoided(hop.Addr) {
				return hop, nil
			}
			if second == nil {
				second = &hop
			}
		}
	}
	if second != nil {
		return *second, nil
	}
	return Hop{}, fmt.Errorf("sip: resolve %q: %w", uri.String(), failed)
}

// place is where a URI may lead to.
type place struct {
	proto, host string
	port        uint16
}

// places are those of a URI, the best first; there is one at least.
func (s *Stack) places(ctx context.Context, uri *URI, protos []string) []place {
	plain := place{protos[0], uri.Host, 5060}
	if uri.Port != 0 {
		plain.port = uint16(uri.Port)
		return []place{plain}
	}
	if _, numeric := parseHostAddr(uri.Host); numeric || !strings.Contains(uri.Host, ".") {
		return []place{plain}
	}
	for _, proto := range protos {
		if list := s.services(ctx, proto, uri.Host); len(list) > 0 {
			return list
		}
	}
	return []place{plain}
}

// services are the places of a name's SRV records.
func (s *Stack) services(ctx context.Context, proto, host string) (list []place) {
	if proto != "udp" && proto != "tcp" {
		return nil
	}
	key, now := proto+"."+strings.ToLower(host), time.Now()
	s.mu.Lock()
	none := now.Before(s.noSRV[key])
	s.mu.Unlock()
	if none {
		return nil
	}
	short, cancel := context.WithTimeout(ctx, srvTimeout)
	defer cancel()
	_, records, err := s.resolver().LookupSRV(short, "sip", proto, host)
	for _, r := range records {
		if target := strings.TrimSuffix(r.Target, "."); target != "" && r.Port > 0 { // "." says: not by this protocol
			list = append(list, place{proto, target, r.Port})
		}
	}
	if ctx.Err() == nil && (err != nil || len(list) == 0) {
		s.mu.Lock()
		if len(s.noSRV) >= namesMost {
			clear(s.noSRV)
		}
		s.noSRV[key] = now.Add(noSRVFor)
		s.mu.Unlock()
	}
	return list
}

// avoid has others preferred to an address that did not answer.
func (s *Stack) avoid(addr netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.silent) >= namesMost {
		clear(s.silent)
	}
	s.silent[addr] = time.Now().Add(avoidFor)
}

func (s *Stack) avoided(addr netip.AddrPort) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.silent[addr])
}

func (s *Stack) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, ok := parseHostAddr(host); ok {
		return []netip.Addr{a}, nil
	}
	addrs, err := s.resolver().LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	// IPv4 first, each family in the resolver's order: a phone's AAAA is the rarer to work.
	var v4, v6 []netip.Addr
	for _, a := range addrs {
		if a = a.Unmap(); a.Is4() {
			v4 = append(v4, a)
		} else {
			v6 = append(v6, a)
		}
	}
	return append(v4, v6...), nil
}
