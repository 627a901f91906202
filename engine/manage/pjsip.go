package manage

import (
	"fmt"
	"slices"
	"strings"
)

func pjsipCommands() []Command {
	show := func(words, singular string, list func(*phones) []section, find func(*phones, string) (section, bool)) []Command {
		names := func(c *CLI, args []string) []string {
			var names []string
			for _, s := range list(c.phones()) {
				names = append(names, s.name)
			}
			return oneOf(names...)(c, args)
		}
		return []Command{
			{Name: "pjsip show " + words, Args: "[like TEXT]", Max: 2, Summary: "Lists the " + words, Run: func(r *Request) { r.showSections(singular, list(r.phones())) }},
			{Name: "pjsip show " + singular, Args: "NAME", Min: 1, Max: 1, Summary: "Shows one " + singular + " with its options", Complete: names,
				Run: func(r *Request) { r.showSection(singular, find) }},
		}
	}
	return slices.Concat(
		show("endpoints", "endpoint", (*phones).endpoints, (*phones).endpoint),
		show("aors", "aor", (*phones).aors, (*phones).aor),
		show("contacts", "contact", (*phones).contactList, (*phones).contact),
		show("auths", "auth", (*phones).auths, (*phones).auth),
		show("transports", "transport", (*phones).transports, (*phones).transport),
		show("identifies", "identify", (*phones).identifies, (*phones).identify),
		show("channels", "channel", (*phones).channelList, (*phones).channel),
		registrationCommands(),
		[]Command{
			{Name: "pjsip reload", Summary: "Reads the whole configuration again", Run: reload},
			{Name: "pjsip show subscriptions inbound", Args: "[like TEXT]", Max: 2, Summary: "Lists what phones have subscribed to: lamps, presence, messages", Run: showSubscriptions},
			{Name: "pjsip set logger", Args: "on|off|host ADDRESS|verbose on|off", Min: 1, Max: 2, Summary: "Shows the SIP messages in the log, of all peers or one", Run: setTrace,
				Complete: oneOf("on", "off", "host", "verbose")},
		})
}

// The columns of Asterisk's pjsip listings.
const (
	lastTabstop = 62
	dots        = ".........................................................................................."
	spaces      = "                                                                                          "
)

func indent(level int) int { return 2*level + 9 }

// heading is one header line: the column's name over dots up to the last tab stop but `taken`.
func heading(level int, title, column string, taken int, rest string) string {
	return fmt.Sprintf("%*s:  <%s%s>%s\n", indent(level), title, column, dots[:max(0, lastTabstop-indent(level)-taken)], rest)
}

// cut pads or cuts s to width.
func cut(s string, width int) string { return fmt.Sprintf("%-*.*s", width, width, s) }

const (
	endpointHeading = " Endpoint:  <Endpoint/CID.....................................>  <State.....>  <Channels.>\n"
	contactRest     = " <Hash....> <Status> <RTT(ms)..>"
)

func aorHeading(level int) string {
	return heading(level, "Aor", "Aor", 7, "  <MaxContact>") + contactHeading(level+1)
}
func contactHeading(level int) string {
	return heading(level, "Contact", "Aor/ContactUri", 23, contactRest)
}
func authHeading(level int) string { return heading(level, "I/OAuth", "AuthId/UserName", -12, "") }
func transportHeading(level int) string {
	return fmt.Sprintf("%*s:  <TransportId........>  <Type>  <cos>  <tos>  <BindAddress..................>\n", indent(level), "Transport")
}
func identifyHeading(level int) string {
	return heading(level, "Identify", "Identify/Endpoint", -10, "") + heading(level+1, "Match", "criteria", 24, "")
}
func channelHeading(level int) string {
	return heading(level, "Channel", "ChannelId", 13, "  <State.....>  <Time.....>") +
		fmt.Sprintf("%*s: <DialedExten%s>  CLCID: <ConnectedLineCID.......>\n", indent(level+1), "Exten", dots[:lastTabstop-indent(level+1)-38])
}

func headings(singular string) string {
	switch singular {
	case "endpoint":
		return endpointHeading + authHeading(1) + aorHeading(1) + transportHeading(1) + identifyHeading(1) + channelHeading(1)
	case "aor":
		return aorHeading(0)
	case "contact":
		return contactHeading(0)
	case "auth":
		return authHeading(0)
	case "transport":
		return transportHeading(0)
	case "identify":
		return identifyHeading(0)
	}
	return channelHeading(0)
}

// section is one object as listed: its lines, and for `pjsip show endpoint X` its options.
type section struct {
	name, lines string
	gap         bool // an empty line follows
	options     []option
}

func (r *Request) showSections(singular string, list []section) {
	if len(r.Args) == 2 && strings.EqualFold(r.Args[0], "like") {
		list = slices.DeleteFunc(list, func(s section) bool { return !strings.Contains(s.name, r.Args[1]) })
	}
	if len(list) == 0 {
		r.printf("No objects found.\n\n")
		return
	}
	r.text("\n" + headings(singular) + strings.Repeat("=", 90) + "\n\n")
	for _, s := range list {
		r.text(s.lines)
		if s.gap {
			r.printf("\n")
		}
	}
	r.printf("\nObjects found: %d\n\n", len(list))
}

func (r *Request) showSection(singular string, find func(*phones, string) (section, bool)) {
	s, ok := find(r.phones(), r.Args[0])
	if !ok {
		r.printf("Unable to find object %s.\n\n", r.Args[0])
		return
	}
	r.text("\n" + headings(singular) + strings.Repeat("=", 90) + "\n\n" + s.lines)
	r.showOptions(s.options)
}

func (r *Request) showOptions(options []option) {
	width, value := len("ParameterName"), len("ParameterValue")
	for _, o := range options {
		width, value = max(width, len(o.name)), max(value, len(o.value))
	}
	r.printf("\n\n %-*s : %s\n %s\n", width, "ParameterName", "ParameterValue", strings.Repeat("=", width+value+3))
	for _, o := range options {
		r.printf(" %-*s : %s\n", width, o.name, o.value)
	}
	r.printf("\n")
}

func setTrace(r *Request) {
	word := strings.ToLower(r.Args[0])
	switch {
	case word == "on" && len(r.Args) == 1:
		r.PBX.SetTrace(true, "")
		r.printf("PJSIP Logging enabled\n")
	case word == "off" && len(r.Args) == 1:
		r.PBX.SetTrace(false, "")
		r.printf("PJSIP Logging disabled\n")
	case word == "host" && len(r.Args) == 2:
		r.PBX.SetTrace(true, r.Args[1])
		r.printf("PJSIP Logging Enabled for host: %s\n", r.Args[1])
	case word == "verbose" && len(r.Args) == 2 && (r.Args[1] == "on" || r.Args[1] == "off"):
		// The trace goes to the log as it is: there is no second, quieter place for it.
		r.PBX.SetTrace(r.Args[1] == "on", "")
		r.printf("PJSIP Logging to verbose has been %s\n", map[bool]string{true: "enabled", false: "disabled"}[r.Args[1] == "on"])
	default:
		r.text("Usage: pjsip set logger on|off|host ADDRESS|verbose on|off\n")
	}
}
