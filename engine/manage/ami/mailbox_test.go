package ami

import "testing"

const voicemailConf = `
[general]
format = wav
serveremail = pbx@example.com
aliasescontext = short
[zonemessages]
berlin = Europe/Berlin|R
[short]
1@default => 100@default
[default]
100 => 1234,Anna Bell,anna@example.com,pager@example.com,tz=berlin|review=yes|maxmsg=7|serveremail=own@example.com
101 => 99
[sales]
200 => 5,Sales
`

func TestMailboxes(t *testing.T) {
	c := start(t).login("admin", "s3cret")
	for _, test := range []struct{ ask, header, want string }{
		{"MailboxCount\nMailbox: 100@default", "NewMessages", "2"},
		{"MailboxCount\nMailbox: 100@default", "UrgMessages", "1"},
		{"MailboxCount\nMailbox: 100@default", "OldMessages", "2"},
		{"MailboxCount", "Message", "Mailbox not specified"},
		{"MailboxStatus\nMailbox: 100@default", "Waiting", "1"},
		{"MailboxStatus\nMailbox: 101@default", "Waiting", "0"},
		{"MailboxStatus\nMailbox: 101@default,100@default", "Waiting", "1"},
		{"VoicemailRefresh", "Response", "Success"},
		{"VoicemailUserStatus\nContext: default\nMailbox: 9", "Response", "Error"},
	} {
		if m := c.ask("Action: " + test.ask); m.get(test.header) != test.want {
			t.Errorf("%s: %v, want %s: %s", test.ask, m, test.header, test.want)
		}
	}
	c.ask("Action: VoicemailUsersList\nActionID: 7")
	for _, want := range [][2]string{{"100", "Anna Bell"}, {"101", ""}, {"200", "Sales"}} {
		m := c.message()
		if m.get("Event") != "VoicemailUserEntry" || m.get("ActionID") != "7" || m.get("VoiceMailbox") != want[0] || m.get("Fullname") != want[1] {
			t.Errorf("%v, want %v", m, want)
		}
		if want[0] == "100" && (m.get("TimeZone")+m.get("CanReview")+m.get("MaxMessageCount")+m.get("ServerEmail")+m.get("Email")+m.get("Pager")+m.get("NewMessageCount") !=
			"berlinYes7own@example.comanna@example.compager@example.com3") {
			t.Error(m)
		}
	}
	if m := c.message(); m.get("Event") != "VoicemailUserEntryComplete" || m.get("ListItems") != "3" {
		t.Error(m)
	}
	c.ask("Action: VoicemailUserStatus\nContext: sales\nMailbox: 200")
	if m := c.message(); m.get("Event") != "VoicemailUserDetail" || m.get("VMContext") != "sales" || m.get("ServerEmail") != "pbx@example.com" {
		t.Error(m)
	}
}
