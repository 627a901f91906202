package config

import "net/netip"

// Rule is one permit or deny line's entry.
type Rule struct {
	Allow  bool
	Prefix netip.Prefix
}

// AccessList is an ordered list of rules. The last one that fits decides; without one an address is allowed.
type AccessList []Rule

// Allows says whether addr may pass.
//
// Deviates: a deny of 0.0.0.0/0 also covers IPv6, because everybody who writes it means "the whole world", and a
// listener on [::] would else let it in. permit=::/0 after it opens IPv6 again.
func (l AccessList) Allows(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	allow := true
	for _, r := range l {
		world := !r.Allow && r.Prefix.Bits() == 0 && r.Prefix.Addr().Is4()
		if world || r.Prefix.Contains(addr) {
			allow = r.Allow
		}
	}
	return allow
}

// Access is the sum of named lists and an object's own permit and deny lines. The zero value allows all.
type Access struct {
	Names []string // acl=, as written
	Lists []AccessList
}

// Allows says whether every list allows addr.
func (a Access) Allows(addr netip.Addr) bool {
	for _, l := range a.Lists {
		if !l.Allows(addr) {
			return false
		}
	}
	return true
}
