package main

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"asterism/engine/config"
	"asterism/engine/manage/logger"
)

// welcome tells what to do next. A first start shows the phones with their passwords, which stand in pjsip.conf; they go to
// the terminal only, never into a log.
func welcome(out io.Writer, p places, snap *config.Snapshot, open []listener, first bool) {
	fmt.Fprintf(out, "\nAsterism is up.\n\n")
	for _, s := range servers(open) {
		fmt.Fprintf(out, "  SIP server   %s\n", s)
	}
	dialplan := filepath.Join(p.dirs.Etc, "extensions.lua")
	if !first {
		fmt.Fprintf(out, "  Dialplan     %s (saving it reloads it)\n  Console      %s\n\n", dialplan, consoleCommand(p))
		return
	}
	fmt.Fprintf(out, "\n  Phones (they stand in %s):\n\n", filepath.Join(p.dirs.Etc, "pjsip.conf"))
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintf(table, "    User\tPassword\tName\n")
	for _, phone := range phones(&snap.PJSIP) {
		fmt.Fprintf(table, "    %s\t%s\t%s\n", phone[0], phone[1], phone[2])
	}
	_ = table.Flush()
	if numbers := numbers(filepath.Join(p.dirs.Etc, "README.md")); len(numbers) > 0 {
		fmt.Fprintf(out, "\n  Numbers worth dialling:\n\n")
		table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
		for _, n := range numbers {
			fmt.Fprintf(table, "    %s\t%s\n", n[0], n[1])
		}
		_ = table.Flush()
	}
	fmt.Fprintf(out, "\n  Next:\n"+
		"    1. Set up two softphones, each with a user, its password and the SIP server above, and call the one from the other.\n"+
		"    2. Change %s and save it: the next call takes the new dialplan. A mistake is named here, and the old one stays.\n", dialplan)
	if tests, _ := filepath.Glob(filepath.Join(p.dirs.Etc, "*_test.lua")); len(tests) > 0 {
		fmt.Fprintf(out, "    3. Try it without a phone: %s test %s\n", program(), p.dirs.Etc)
	}
	fmt.Fprintf(out, "\n  Console: %s      End: Ctrl-C\n\n", consoleCommand(p))
}

// consoleCommand is the command that talks to this PBX: asterisk.conf alone finds it, unless --data put its socket elsewhere.
func consoleCommand(p places) string {
	command := program() + " -C " + p.conf + " -r"
	if found, err := findPlaces(p.conf, "", ""); err != nil || found.socket != p.socket {
		command += " -s " + p.socket
	}
	return command
}

// program is this one as it was typed, so that the line can be copied.
func program() string { return os.Args[0] }

// listener is what *sip.Transport tells of itself.
type listener interface {
	Protocol() string
	LocalAddr() netip.AddrPort
}

// servers lists the addresses a phone can register at, each once with its protocols, this machine's own ones last.
func servers(open []listener) []string {
	var order []netip.AddrPort
	protocols := map[netip.AddrPort][]string{}
	for _, t := range open {
		for _, a := range reachable(t.LocalAddr()) {
			if protocols[a] == nil {
				order = append(order, a)
			}
			if !slices.Contains(protocols[a], t.Protocol()) {
				protocols[a] = append(protocols[a], t.Protocol())
			}
		}
	}
	slices.SortStableFunc(order, func(a, b netip.AddrPort) int { return rank(a) - rank(b) })
	list := make([]string, len(order))
	for i, a := range order {
		list[i] = fmt.Sprintf("%s (%s)", a, strings.Join(protocols[a], ", "))
		if a.Addr().IsLoopback() {
			list[i] += ", for phones on this machine"
		}
	}
	return list
}

func rank(a netip.AddrPort) int {
	if a.Addr().IsLoopback() {
		return 1
	}
	return 0
}

// phones lists user, password and name of the endpoints that a person can register, by name.
func phones(conf *config.PJSIP) [][3]string {
	var list [][3]string
	for _, e := range conf.Endpoints {
		for _, name := range e.Auth {
			if a := conf.Auths[name]; a != nil && a.Password != "" {
				list = append(list, [3]string{logger.Escape(a.Username), logger.Escape(a.Password), logger.Escape(e.CallerID.Name)})
			}
		}
	}
	slices.SortFunc(list, func(a, b [3]string) int { return strings.Compare(a[0], b[0]) })
	return list
}

// reachable gives the addresses a phone can use for a listener: the machine's own for a wildcard.
func reachable(bind netip.AddrPort) []netip.AddrPort {
	if !bind.Addr().IsUnspecified() {
		return []netip.AddrPort{bind}
	}
	var found []netip.AddrPort
	for _, a := range machineAddresses() {
		if a.Is4() == bind.Addr().Is4() && !a.IsLinkLocalUnicast() {
			found = append(found, netip.AddrPortFrom(a, bind.Port()))
		}
	}
	return found
}

// numbers reads the table "| number | what happens |" of a configuration's README.md; nothing if there is none.
func numbers(path string) [][2]string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	var list [][2]string
	inTable := false
	for scan := bufio.NewScanner(f); scan.Scan(); {
		cells := strings.Split(strings.Trim(scan.Text(), "| "), "|")
		switch {
		case len(cells) == 2 && strings.TrimSpace(cells[0]) == "number":
			inTable = true
		case !inTable:
		case len(cells) != 2:
			return list
		case strings.Trim(cells[0], "- ") != "":
			list = append(list, [2]string{plain(cells[0]), plain(cells[1])})
		}
	}
	return list
}

// plain takes the marks out of a table cell.
func plain(cell string) string {
	return logger.Escape(strings.ReplaceAll(strings.TrimSpace(cell), "`", ""))
}

// firstStart tells whether a PBX ever ran upon these directories: it leaves its database behind.
func firstStart(p places) bool {
	_, err := os.Stat(filepath.Join(p.dirs.DB, "astdb.sqlite3"))
	return err != nil && os.IsNotExist(err)
}
