package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"asterism/engine/config"
)

// hosts are the addresses of the names in identify objects. It does not change once made.
type hosts map[hostKey][]netip.Addr

type hostKey struct {
	name string
	srv  bool
}

// Resolver is what Resolve needs of net.Resolver.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
}

var _ Resolver = (*net.Resolver)(nil)

// Resolve looks up the host names in match= of the identify objects; until it has, and where it fails, they match
// nobody. What before (the generation before, may be nil) knew serves at once and stays where a look-up fails, so that
// neither a reload nor an outage of DNS locks out a trunk. It blocks for the look-ups and may be repeated at any time.
func (d *Directory) Resolve(ctx context.Context, r Resolver, before *Directory) error {
	keys := d.hostKeys()
	if len(keys) == 0 {
		return nil
	}
	known := make(hosts)
	for _, dir := range []*Directory{before, d} {
		if dir == nil || dir.hosts.Load() == nil {
			continue
		}
		for key, addrs := range *dir.hosts.Load() {
			known[key] = addrs
		}
	}
	d.hosts.Store(&known)
	fresh := make(hosts, len(keys))
	var errs []error
	for _, key := range keys {
		addrs, err := lookUp(ctx, r, key)
		if err != nil {
			errs = append(errs, fmt.Errorf("endpoint: identify match %q: %w", key.name, err))
			addrs = known[key]
		}
		fresh[key] = addrs
	}
	d.hosts.Store(&fresh)
	return errors.Join(errs...)
}

func (d *Directory) hostKeys() []hostKey {
	var keys []hostKey
	for _, i := range d.identifies {
		for _, m := range i.Match {
			if key := keyOf(i, m); m.Host != "" && !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

func keyOf(i *config.Identify, m config.Match) hostKey {
	return hostKey{m.Host, i.SRVLookups && m.Port == 0}
}

// lookUp returns the addresses of a name, and with srv those its SIP services live at (RFC 3263 §4.2), whose ports do
// not matter: a trunk may send from any.
func lookUp(ctx context.Context, r Resolver, key hostKey) ([]netip.Addr, error) {
	names := []string{key.name}
	if key.srv {
		for _, proto := range []string{"udp", "tcp"} {
			_, records, err := r.LookupSRV(ctx, "sip", proto, key.name)
			if err != nil {
				continue // most names have none
			}
			for _, rec := range records {
				names = append(names, rec.Target)
			}
		}
	}
	var addrs []netip.Addr
	var last error
	for _, name := range names {
		found, err := r.LookupNetIP(ctx, "ip", name)
		if err != nil {
			last = err
		}
		for _, a := range found {
			addrs = append(addrs, a.Unmap())
		}
	}
	if len(addrs) == 0 {
		return nil, last
	}
	return addrs, nil
}

// matchesSource goes through the match list: the last entry that fits decides, an empty list fits nobody. Entries that
// are neither a network nor a name that was found fit nobody either.
func (d *Directory) matchesSource(i *config.Identify, source netip.AddrPort) bool {
	addr := source.Addr().Unmap().WithZone("")
	if !addr.IsValid() {
		return false
	}
	matched := false
	for _, m := range i.Match {
		if m.Port != 0 && m.Port != source.Port() {
			continue
		}
		if m.Host == "" && m.Prefix.IsValid() && m.Prefix.Contains(addr) || m.Host != "" && d.hasAddress(keyOf(i, m), addr) {
			matched = !m.Except
		}
	}
	return matched
}

func (d *Directory) hasAddress(key hostKey, addr netip.Addr) bool {
	h := d.hosts.Load()
	if h == nil {
		return false
	}
	return slices.Contains((*h)[key], addr)
}
