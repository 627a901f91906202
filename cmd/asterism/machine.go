package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// machineAddresses lists the addresses of this machine's interfaces.
func machineAddresses() []netip.Addr {
	var list []netip.Addr
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil // a banner without addresses is no reason to stop
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			if addr, ok := netip.AddrFromSlice(n.IP); ok {
				list = append(list, addr.Unmap())
			}
		}
	}
	return list
}

// become changes to the user and group of -U, -G or asterisk.conf, and gives them the directories that were made. Both ""
// changes nothing. Sockets are opened afterwards: SIP needs no port below 1024.
func become(name, group string, dirs ...string) error {
	if name == "" && group == "" {
		return nil
	}
	uid, gid := os.Getuid(), os.Getgid()
	var groups []int
	if name != "" {
		u, err := user.Lookup(name)
		if err != nil {
			return fmt.Errorf("-U: %w", err)
		}
		uid, gid = number(u.Uid), number(u.Gid)
		ids, err := u.GroupIds()
		if err != nil {
			return fmt.Errorf("-U: %w", err)
		}
		for _, id := range ids {
			groups = append(groups, number(id))
		}
	}
	if group != "" {
		g, err := user.LookupGroup(group)
		if err != nil {
			return fmt.Errorf("-G: %w", err)
		}
		gid = number(g.Gid)
	}
	if uid == os.Getuid() && gid == os.Getgid() {
		return nil
	}
	var errs []error
	for _, dir := range dirs {
		errs = append(errs, os.Chown(dir, uid, gid))
	}
	errs = append(errs, syscall.Setgroups(groups), syscall.Setgid(gid), syscall.Setuid(uid))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("-U %s -G %s: only root may: %w", name, group, err)
	}
	return nil
}

// number reads an id of the user database, which has no others.
func number(id string) int {
	n, err := strconv.Atoi(id)
	if err != nil {
		return -1 // Setuid refuses it
	}
	return n
}
