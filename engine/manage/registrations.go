package manage

import (
	"fmt"
	"strings"
	"time"

	"asterism/engine/registration"
)

func registrationCommands() []Command {
	names := func(c *CLI, args []string) []string {
		names := []string{"*all"}
		for _, g := range c.PBX.Registrations() {
			names = append(names, g.Name)
		}
		return oneOf(names...)(c, args)
	}
	order := func(register bool) func(*Request) {
		return func(r *Request) {
			switch {
			case !r.PBX.OrderRegistration(r.Args[0], register):
				r.printf("Unable to retrieve registration %s\n", r.Args[0])
			case register:
				r.printf("Registration of %s has been asked for; 'pjsip show registrations' tells what came of it\n", r.Args[0])
			default:
				r.printf("Unregistration of %s has been asked for; 'pjsip send register' takes it back\n", r.Args[0])
			}
		}
	}
	return []Command{
		{Name: "pjsip show registrations", Args: "[like TEXT]", Max: 2, Summary: "Lists our registrations with others", Run: showRegistrations},
		{Name: "pjsip show registration", Args: "NAME", Min: 1, Max: 1, Summary: "Shows one registration with its options", Run: showRegistration, Complete: names},
		{Name: "pjsip send register", Args: "NAME|*all", Min: 1, Max: 1, Summary: "Registers now", Run: order(true), Complete: names},
		{Name: "pjsip send unregister", Args: "NAME|*all", Min: 1, Max: 1, Summary: "Takes a registration back, and sends no more", Run: order(false), Complete: names},
	}
}

const registrationHeading = " <Registration/ServerURI..............................>  <Auth....................>  <Status.......>\n"

func registrationLine(g registration.Registration, now time.Time) string {
	auth := "n/a"
	if len(g.Auth) > 0 {
		auth = strings.Join(g.Auth, ",")
	}
	status := fmt.Sprintf("%-16s", g.Status)
	if !g.Expires.IsZero() {
		status += fmt.Sprintf("  (exp. %ds)", int(g.Expires.Sub(now)/time.Second))
	}
	return fmt.Sprintf(" %s  %s  %s\n", cut(g.Name+"/"+g.ServerURI, 54), cut(auth, 26), status)
}

func showRegistrations(r *Request) {
	var lines []string
	for _, g := range r.PBX.Registrations() {
		if len(r.Args) == 2 && strings.EqualFold(r.Args[0], "like") && !strings.Contains(g.Name, r.Args[1]) {
			continue
		}
		lines = append(lines, registrationLine(g, r.Now()))
	}
	if len(lines) == 0 {
		r.printf("No objects found.\n\n")
		return
	}
	r.text("\n" + registrationHeading + strings.Repeat("=", 90) + "\n\n" + strings.Join(lines, "") + "\n")
	r.printf("Objects found: %d\n\n", len(lines))
}

func showRegistration(r *Request) {
	conf := r.PBX.Config().PJSIP.Registrations[r.Args[0]]
	for _, g := range r.PBX.Registrations() {
		if g.Name != r.Args[0] || conf == nil {
			continue
		}
		r.text("\n" + registrationHeading + strings.Repeat("=", 90) + "\n\n" + registrationLine(g, r.Now()))
		options := optionsOf(*conf)
		if g.Last != "" {
			options = append(options, option{"(last answer)", g.Last})
		}
		r.showOptions(options)
		return
	}
	r.printf("Unable to find object %s.\n\n", r.Args[0])
}
