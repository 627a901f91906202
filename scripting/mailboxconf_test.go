package scripting

import (
	"testing"

	"asterism/engine/config"
)

func TestMailboxProblems(t *testing.T) {
	b := newBench(t, nil)
	for _, tt := range []struct{ conf, want string }{
		{"[general]\nformat = wav49|gsm|wav\nmaxmsg = 100\nadsifdn = 0000000F\nmine = 1\n[zonemessages]\neu = Europe/Berlin|HMp\n[default]\n100 => 1234,Anna,,,tz=eu|review=yes\n", ""},
		{"[general]\naliasescontext = also\n[also]\n1@default => 100@default\n", ""},
		{"[general]\nreveiw = yes\n", `warning voicemail.conf:2: option "reveiw" is unknown (did you mean "review"?)`},
		{"[general]\nformat = mp9|wav\n", `warning voicemail.conf:2: format: "mp9" cannot be recorded; write wav, wav49, gsm, ulaw, alaw, g722, opus or sln`},
		{"[general]\nmaxmsg = lots\n", `warning voicemail.conf:2: maxmsg: "lots"; write a whole number`},
		{"[default]\n100 => \n", `warning voicemail.conf:2: mailbox 100 has no password: everybody may hear it; write 100 => password,name`},
		{"[default]\n100 => 1,A,,,tz=nowhere|review\n", `warning voicemail.conf:2: tz: there is no "nowhere" in [zonemessages]; the time of the server is said` +
			"\n" + `warning voicemail.conf:2: mailbox 100: "review" has no effect; write option=value|option=value`},
		{"[default]\n100 1234\n", `warning voicemail.conf:2: line "100" … has no =; write name = value`},
	} {
		etc := files(dialplanFile, "extensions = {}", "voicemail.conf", tt.conf)
		snap, _ := config.Load(etc, config.LoadOptions{})
		_, problems := b.host.Load(etc, snap)
		if got := texts(problems); got != tt.want {
			t.Errorf("%q:\n%s\nwant\n%s", tt.conf, got, tt.want)
		}
	}
}
