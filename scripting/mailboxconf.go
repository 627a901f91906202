package scripting

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"asterism/engine/config"
	"asterism/engine/sound"
)

// voicemail.conf is read by the plugin when somebody calls, which is late to learn of a typing mistake.

const mailboxFile = "voicemail.conf"

// mailboxNumbers are the options of voicemail.conf that are whole numbers.
var mailboxNumbers = []string{"backupdeleted", "maxgreet", "maxlogins", "maxmsg", "maxsecs", "maxsilence", "minpassword", "minsecs", "saydurationm",
	"silencethreshold", "skipms", "transcribetimeout"}

// mailboxOptions are its other options, and those of Asterisk that have no effect: what is unlike all of them is nobody's mistake.
var mailboxOptions = append([]string{"adsifdn", "adsisec", "adsiver", "alias", "aliasescontext", "attach", "attachfmt", "callback", "charset", "cidinternalcontexts",
	"delete", "deletevoicemail", "dialout", "directoryintro", "emailbody", "emaildateformat", "emailsubject", "envelope", "exitcontext", "externnotify", "externpass",
	"externpasscheck", "externpassnotify", "forcegreetings", "forcename", "format", "forward_urgent_auto", "forwardurgent", "fromstring", "greetingfolder", "hidefromdir",
	"imapflags", "imapfolder", "imapgreetings", "imappassword", "imapport", "imapserver", "imapuser", "language", "leaveurgent", "listen-control-forward-key",
	"listen-control-pause-key", "listen-control-restart-key", "listen-control-reverse-key", "listen-control-stop-key", "locale", "mailcmd", "maxmessage",
	"messagewrap", "minmessage", "moveheard", "msg_id_incompat", "nextaftercmd", "odbcstorage", "odbctable", "operator", "pagerbody", "pagerdateformat", "pagerfromstring", "pagersubject",
	"passwordlocation", "pbxskip", "pollfreq", "pollmailboxes", "review", "saycid", "sayduration", "searchcontexts", "sendvoicemail", "serveremail", "smdienable", "smdiport",
	"smtpcafile", "smtppassword", "smtpsecurity", "smtpserver", "smtpuser", "tempgreetwarn", "transcribe", "transcribeurl", "tz", "usedirectory",
	"userscontext", "vm-invalid-password", "vm-login", "vm-mailboxfull", "vm-mismatch", "vm-newpassword", "vm-newuser", "vm-passchanged", "vm-password", "vm-pls-try-again",
	"vm-prepend-timeout", "vm-reenterpassword", "vmconnectfrom", "volgain"}, mailboxNumbers...)

// checkMailboxes is what in voicemail.conf has no effect, or not the one that was meant. All of it are warnings: other mailboxes are good.
func (g *Generation) checkMailboxes() (problems []config.Problem) {
	if g.snap == nil {
		return nil
	}
	file := g.snap.File(mailboxFile)
	if file == nil {
		return nil
	}
	for _, p := range file.Problems {
		p.Warning = true
		problems = append(problems, p)
	}
	notContexts, zones := []string{"general", "zonemessages"}, []string{}
	if general := file.Section("general"); general != nil {
		if aliases, ok := general.Get("aliasescontext"); ok {
			notContexts = append(notContexts, aliases)
		}
	}
	if list := file.Section("zonemessages"); list != nil {
		for _, o := range list.Options {
			zones = append(zones, o.Name)
		}
	}
	for _, section := range file.Sections {
		for _, o := range section.Options {
			var found []string
			switch {
			case section.Template:
			case section.Name == "general":
				found = mailboxOption(o.Name, o.Value, zones)
			case !slices.Contains(notContexts, section.Name):
				found = mailboxLine(o, zones)
			}
			for _, what := range found {
				problems = append(problems, config.Problem{Pos: o.Pos, Warning: true, What: what})
			}
		}
	}
	return problems
}

// mailboxLine is what is wrong with "password,name,e-mail,pager,option=value|option=value".
func mailboxLine(o config.Option, zones []string) (found []string) {
	fields := strings.SplitN(o.Value, ",", 5)
	if strings.Trim(fields[0], " -") == "" && !strings.Contains(o.Value, "passwordlocation") {
		found = append(found, fmt.Sprintf("mailbox %s has no password: everybody may hear it; write %s => password,name", o.Name, o.Name))
	}
	if len(fields) < 5 {
		return found
	}
	for _, piece := range strings.Split(fields[4], "|") {
		name, value, ok := strings.Cut(piece, "=")
		if !ok && strings.TrimSpace(piece) != "" {
			found = append(found, fmt.Sprintf("mailbox %s: %q has no effect; write option=value|option=value", o.Name, piece))
		}
		if ok {
			found = append(found, mailboxOption(strings.TrimSpace(name), strings.TrimSpace(value), zones)...)
		}
	}
	return found
}

// mailboxOption is what is wrong with one option, of [general] or a mailbox.
func mailboxOption(name, value string, zones []string) (found []string) {
	name = strings.ToLower(name)
	switch {
	case !slices.Contains(mailboxOptions, name):
		if near := config.DidYouMean(name, mailboxOptions); near != "" {
			return []string{fmt.Sprintf("option %q is unknown (%s)", name, near)}
		}
	case slices.Contains(mailboxNumbers, name):
		if n, err := strconv.Atoi(value); err != nil || n < 0 {
			return []string{fmt.Sprintf("%s: %q; write a whole number", name, value)}
		}
	case name == "format" || name == "attachfmt":
		for _, format := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune("|, \t", r) }) {
			if _, err := sound.RateOf("x." + strings.ToLower(format)); err != nil {
				found = append(found, fmt.Sprintf("%s: %q cannot be recorded; write wav, wav49, gsm, ulaw, alaw, g722, opus or sln", name, format))
			}
		}
	case name == "tz" && value != "" && !slices.Contains(zones, value):
		return []string{fmt.Sprintf("tz: there is no %q in [zonemessages]; the time of the server is said", value)}
	}
	return found
}
