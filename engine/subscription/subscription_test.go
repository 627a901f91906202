package subscription

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"asterism/engine/config"
	"asterism/engine/device"
	"asterism/engine/event"
	"asterism/engine/registrar"
	"asterism/engine/sip"
)

func TestLamp(t *testing.T) {
	h := newHouse(t, nil, nil)
	p := newPhone(t, h)
	res := p.subscribe("102", "Event: dialog;id=7", "Accept: application/dialog-info+xml", "Expires: 600", "User-Agent: desk")
	if res.StatusCode != 200 || sip.HeaderValue(res, "Expires") != "600" || res.Contact() == nil {
		t.Fatal(res)
	}
	first := p.told("NOTIFY "+p.uri(), "Event: dialog;id=7", "Subscription-State: active;expires=600", `version="0"`, `state="full"`, "<state>terminated</state>",
		"Content-Type: application/dialog-info+xml", fmt.Sprintf(`entity="sip:102@%s"`, h.tr.LocalAddr()))
	if sip.FromTag(first) != res.To().Params[0].V || first.CallID().Value() != p.callID {
		t.Errorf("another dialog: %s", first)
	}
	h.lamp(device.Ringing)
	second := p.told(`version="1"`, "<state>early</state>", `direction="recipient"`)
	if first.CSeq().SeqNo+1 != second.CSeq().SeqNo {
		t.Errorf("CSeq %d after %d", second.CSeq().SeqNo, first.CSeq().SeqNo)
	}
	h.lamp(device.Ringing) // nothing new
	h.lamp(device.InUse)
	p.told(`version="2"`, "<state>confirmed</state>")
	h.lamp(device.RingInUse)
	p.told("<state>confirmed</state>")
	h.lamp(device.OnHold)
	p.told("<state>confirmed</state>", "+sip.rendering")
	if list := h.All(); len(list) != 1 || list[0].Endpoint != "alice" || list[0].Resource != "102" || list[0].Context != "internal" || list[0].State != "ONHOLD" {
		t.Errorf("listed: %+v", list)
	}
	h.stores(1)

	if res := p.subscribe("102", "Event: dialog;id=7", "Expires: 120"); res.StatusCode != 200 || sip.HeaderValue(res, "Expires") != "120" {
		t.Fatal(res)
	}
	p.told("active;expires=120", "<state>confirmed</state>")
	if res := p.subscribe("102", "Event: presence", "Expires: 120"); res.StatusCode != 481 {
		t.Errorf("another event: %d", res.StatusCode)
	}
	if res := p.subscribe("102", "Event: dialog;id=7", "Expires: 0", "X-Stranger: yes"); res.StatusCode != 401 {
		t.Errorf("a stranger's: %d", res.StatusCode)
	}
	if res := p.subscribe("102", "Event: dialog;id=7", "Expires: 0"); res.StatusCode != 200 || sip.HeaderValue(res, "Expires") != "0" {
		t.Fatal(res)
	}
	p.told("terminated;reason=timeout")
	h.stores(0)
	if res := p.subscribe("102", "Event: dialog;id=7", "Expires: 60"); res.StatusCode != 481 {
		t.Errorf("after the end: %d", res.StatusCode)
	}
}

func TestRefused(t *testing.T) {
	h := newHouse(t, nil, func(h *house) { h.conf.Endpoints["alice"].SubMinExpiry = time.Minute })
	for _, tt := range []struct {
		name, exten string
		headers     []string
		status      int
		header      string
	}{
		{"no event", "102", []string{"Expires: 60"}, 489, "Allow-Events: " + AllowEvents},
		{"unknown event", "102", []string{"Event: conference"}, 489, "Allow-Events: " + AllowEvents},
		{"no hint", "103", []string{"Event: dialog"}, 404, ""},
		{"no mailbox", "bob", []string{"Event: message-summary"}, 404, ""},
		{"too brief", "102", []string{"Event: dialog", "Expires: 59"}, 423, "Min-Expires: 60"},
		{"other bodies", "102", []string{"Event: dialog", "Accept: application/pidf+xml"}, 489, "Accept: application/dialog-info+xml"},
		{"extension", "102", []string{"Event: dialog", "Require: eventlist"}, 420, "Unsupported: eventlist"},
		{"no contact", "102", []string{"Event: dialog", "no Contact: "}, 400, ""},
		{"control", "1%0102", []string{"Event: dialog"}, 404, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := newPhone(t, h).subscribe(tt.exten, tt.headers...)
			if res.StatusCode != tt.status || !strings.Contains(res.String(), tt.header) {
				t.Errorf("want %d with %s, got\n%s", tt.status, tt.header, res)
			}
		})
	}
	h.set(nil, func() { // a new configuration: requests may still read the old one
		conf, alice := *h.conf, *h.conf.Endpoints["alice"]
		alice.AllowSubscribe = false
		conf.Endpoints = map[string]*config.Endpoint{"alice": &alice}
		h.conf = &conf
	})
	if res := newPhone(t, h).subscribe("102", "Event: dialog"); res.StatusCode != 603 {
		t.Errorf("allow_subscribe=no: %d", res.StatusCode)
	}
	if got := h.All(); len(got) != 0 {
		t.Errorf("there are %v", got)
	}
}

func TestBounded(t *testing.T) {
	h := newHouse(t, nil, nil)
	h.Notifier.mu.Lock()
	h.Notifier.endpoints["alice"] = maxOfEndpoint
	h.Notifier.mu.Unlock()
	if res := newPhone(t, h).subscribe("102", "Event: dialog"); res.StatusCode != 503 || sip.HeaderValue(res, "Retry-After") == "" {
		t.Errorf("one more: %s", res)
	}
}

func TestFetch(t *testing.T) {
	h := newHouse(t, nil, nil)
	p := newPhone(t, h)
	if res := p.subscribe("102", "Event: presence", "Expires: 0"); res.StatusCode != 200 {
		t.Fatal(res)
	}
	p.told("terminated;reason=timeout", "<basic>open</basic>", "<note>Ready</note>", "Content-Type: application/pidf+xml")
	h.stores(0)
}

func TestPresence(t *testing.T) {
	h := newHouse(t, nil, nil)
	p, q := newPhone(t, h), newPhone(t, h)
	p.subscribe("102", "Event: presence", "Accept: application/pidf+xml")
	q.subscribe("102", "Event: presence", "Accept: text/plain, application/xpidf+xml;q=0.5")
	p.told("<note>Ready</note>", "expires=3600")
	q.told(`status="open"`, `substatus="online"`)
	h.lamp(device.Unavailable)
	p.told("<basic>closed</basic>", "<note>Unavailable</note>", "<ep:away/>")
	q.told(`status="closed"`)
	h.lamp(device.InUse)
	p.told("<basic>open</basic>", "<note>On the phone</note>", "<ep:on-the-phone/>")
	q.told(`status="inuse"`)
}

func TestMessagesAskedFor(t *testing.T) {
	h := newHouse(t, nil, func(h *house) { h.waiting["100@default"] = [3]int{2, 3, 1} })
	p := newPhone(t, h)
	if res := p.subscribe("alice", "Event: message-summary"); res.StatusCode != 200 {
		t.Fatal(res)
	}
	p.told("Messages-Waiting: yes\r\n", "Voice-Message: 2/3 (1/0)\r\n", "Message-Account: sip:*97@127.0.0.1")
	h.set(event.MailboxChanged{Mailbox: "7@sales"}, func() { h.waiting["7@sales"] = [3]int{1, 0, 0} })
	p.told("Voice-Message: 3/3 (1/0)")
	h.set(event.MailboxChanged{Mailbox: "100@default"}, func() { h.waiting = map[string][3]int{"7@sales": {0, 1, 0}} })
	p.told("Messages-Waiting: no\r\n", "Voice-Message: 0/1 (0/0)")
}

func TestMessagesUnasked(t *testing.T) {
	h := newHouse(t, nil, func(h *house) {
		h.conf.Endpoints["alice"].Mailboxes = []string{"100", "7@sales"}
		h.conf.Endpoints["alice"].MWIFromUser = "post"
	})
	p := newPhone(t, h)
	here := event.Contact{AOR: "alice", URI: p.uri()}
	h.set(event.ContactAdded{Contact: here}, func() { h.contacts["alice"] = []registrar.Contact{{AOR: "alice", URI: p.uri()}} })
	p.told("Messages-Waiting: no", "Event: message-summary", "Subscription-State: terminated", "From: <sip:post@", "Message-Account: sip:*97@")
	h.set(event.MailboxChanged{Mailbox: "7@sales"}, func() { h.waiting["7@sales"] = [3]int{1, 0, 0} })
	p.told("Messages-Waiting: yes", "Voice-Message: 1/0")
	h.set(event.ContactRefreshed{Contact: here}, func() {}) // told again, though nothing has changed
	p.told("Messages-Waiting: yes")
	if res := p.subscribe("alice", "Event: message-summary"); res.StatusCode != 500 {
		t.Errorf("for what it is told anyway: %d", res.StatusCode)
	}
	replaces := newConf()
	replaces.Endpoints["alice"].Mailboxes, replaces.Endpoints["alice"].MWISubscribeReplaces = []string{"100", "7@sales"}, true
	h.set(event.ConfigReloaded{}, func() { h.conf = replaces })
	if res := p.subscribe("alice", "Event: message-summary"); res.StatusCode != 200 {
		t.Fatal(res)
	}
	p.told("Subscription-State: active")
	h.set(event.MailboxChanged{Mailbox: "7@sales"}, func() { h.waiting["7@sales"] = [3]int{2, 0, 0} })
	p.told("Subscription-State: active", "Voice-Message: 2/0")
	h.set(event.ContactRemoved{Contact: here}, func() { h.contacts = nil })
	h.set(event.MailboxChanged{Mailbox: "7@sales"}, func() { h.waiting["7@sales"] = [3]int{3, 0, 0} })
	p.told("Subscription-State: active", "Voice-Message: 3/0")
	select {
	case req := <-p.notifies:
		t.Errorf("and also\n%s", req)
	default:
	}
	h.Notifier.mu.Lock()
	defer h.Notifier.mu.Unlock()
	if len(h.lamps) != 0 {
		t.Errorf("lamps of contacts that are gone: %v", h.lamps)
	}
}

func TestEveryMailboxOnItsOwn(t *testing.T) {
	h := newHouse(t, nil, func(h *house) {
		h.conf.Endpoints["alice"].Mailboxes, h.conf.Endpoints["alice"].AggregateMWI = []string{"100", "7@sales"}, false
		h.waiting["100@default"], h.waiting["7@sales"] = [3]int{1, 0, 0}, [3]int{5, 5, 0}
	})
	p := newPhone(t, h)
	h.set(event.ContactAdded{Contact: event.Contact{AOR: "alice", URI: p.uri()}},
		func() { h.contacts["alice"] = []registrar.Contact{{AOR: "alice", URI: p.uri()}} })
	p.told("Voice-Message: 1/0")
	p.told("Voice-Message: 5/5")
}

func TestPhonesThatDoNotListen(t *testing.T) {
	h := newHouse(t, nil, nil)
	gone := newPhone(t, h)
	gone.subscribe("102", "Event: dialog")
	gone.told("terminated</state>")
	gone.answers(func(req *sip.Request) *sip.Response { return sip.NewResponse(req, 481, "", nil) })
	busy := newPhone(t, h)
	busy.subscribe("102", "Event: dialog")
	busy.told("terminated</state>")
	busy.answers(func(req *sip.Request) *sip.Response {
		res := sip.NewResponse(req, 503, "", nil)
		res.AppendHeader(sip.NewHeader("Retry-After", "1"))
		return res
	})
	h.lamp(device.InUse)
	gone.told("confirmed")
	busy.told("confirmed")
	h.stores(1)
	busy.answers(nil)
	busy.told("confirmed") // after the second it wanted
	if list := h.All(); len(list) != 1 || list[0].CallID != busy.callID {
		t.Errorf("left are %v", list)
	}
	busy.answers(func(*sip.Request) *sip.Response { return nil }) // silent: 64*T1
	h.lamp(device.NotInUse)
	h.stores(0)
}

func TestExpiry(t *testing.T) {
	h := newHouse(t, nil, nil)
	p := newPhone(t, h)
	p.subscribe("102", "Event: dialog", "Expires: 60")
	p.told("active;expires=60")
	h.Notifier.mu.Lock()
	for _, s := range h.subscriptions { // the minute has gone by
		s.expires = time.Now()
		h.fixLocked(s)
	}
	h.Notifier.mu.Unlock()
	p.told("terminated;reason=timeout")
	h.stores(0)
}

func TestReload(t *testing.T) {
	h := newHouse(t, nil, nil)
	p := newPhone(t, h)
	p.subscribe("102", "Event: dialog")
	p.told("terminated</state>")
	h.set(event.ConfigReloaded{}, func() {
		h.hints["102@internal"] = "PJSIP/bob&Custom:lamp"
		h.states["PJSIP/bob&Custom:lamp"] = device.InUse
	})
	p.told("confirmed")
	h.set(event.DeviceStateChanged{Device: "Custom:lamp"}, func() { h.states["PJSIP/bob&Custom:lamp"] = device.NotInUse })
	p.told("terminated</state>")
	h.set(event.ConfigReloaded{}, func() { delete(h.hints, "102@internal") })
	p.told("Subscription-State: terminated;reason=noresource")
	h.stores(0)
}

func TestRestart(t *testing.T) {
	h := newHouse(t, nil, nil)
	p := newPhone(t, h)
	p.subscribe("102", "Event: dialog")
	before := p.told("terminated</state>")
	h.stop()
	again := newHouse(t, h.kept, func(h *house) { h.states["PJSIP/bob"] = device.InUse })
	after := p.told("confirmed", "Subscription-State: active")
	if after.CallID().Value() != before.CallID().Value() || sip.FromTag(after) != sip.FromTag(before) || after.CSeq().SeqNo <= before.CSeq().SeqNo {
		t.Errorf("not the dialog it was:\n%s\n%s", before, after)
	}
	again.lamp(device.Ringing)
	p.told("early")
	p.house = again
	if res := p.subscribe("102", "Event: dialog", "Expires: 0"); res.StatusCode != 200 {
		t.Fatal(res)
	}
	p.told("terminated;reason=timeout")
	again.stores(0)
}

func TestBodies(t *testing.T) {
	for _, s := range []device.State{device.NotInUse, device.InUse, device.Busy, device.Unavailable, device.Ringing, device.RingInUse, device.OnHold} {
		d := document{state: state{device: s}, exten: `1<2"&`, local: `sip:1%3C2@a?x="<&>"`, remote: "sip:b@c;x='y'"}
		for _, write := range []func(document) []byte{dialogInfo, pidf, xpidf} {
			dec := xml.NewDecoder(strings.NewReader(string(write(d))))
			for {
				if _, err := dec.Token(); err == io.EOF {
					break
				} else if err != nil {
					t.Errorf("%s: %v in\n%s", s, err, write(d))
					break
				}
			}
		}
	}
	early := document{state: state{device: device.RingInUse}, earlyInUse: true}
	if !strings.Contains(string(dialogInfo(early)), "<state>early</state>") {
		t.Error("notify_early_inuse_ringing has no effect")
	}
}

func FuzzEvent(f *testing.F) {
	for _, s := range []string{"dialog", " Presence ; id=7;x", "message-summary;id=", "a;id=1;id=2", ";", "dialog;ID = x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		name, id, ok := parseEvent(value)
		if !ok {
			return
		}
		again := name
		if id != "" {
			again += ";id=" + id
		}
		if n, i, ok := parseEvent(again); !ok || n != name || i != id {
			t.Errorf("%q reads as %q %q, and that as %q %q %t", value, name, id, n, i, ok)
		}
		if strings.ContainsAny(again, "\r\n \t") {
			t.Errorf("%q lets %q through", value, again)
		}
	})
}

func FuzzStored(f *testing.F) {
	f.Add([]byte(`{"dialog":{"call_id":"a","tag":"b","local":"<sip:102@a>","remote":"<sip:al@b>;x=y","contact":"<sip:102@a>","peer_tag":"c","target":"sip:al@1.2.3.4","listener":"udp","source":"1.2.3.4:5060","cseq":5,"peer_cseq":1},"first_cseq":1,"event":"dialog;id=3","media":"application/dialog-info+xml","exten":"102","context":"internal","endpoint":"alice","expires":1800000000}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		s, err := decode(value, nil)
		if err != nil {
			return
		}
		req, _ := s.dialog.Request(sip.NOTIFY, sip.NewHeader("Event", s.event))
		if text := req.String(); strings.Count(text, "\r\n\r\n") != 1 || req.CallID() == nil {
			t.Errorf("%q makes\n%s", value, text)
		}
		saved := s.dialog.Save()
		if d, err := saved.Restore(nil); err != nil || d.Key() != s.dialog.Key() {
			t.Errorf("%+v: %v", saved, err)
		}
	})
}

func TestTooBrief(t *testing.T) {
	e := &config.Endpoint{SubMinExpiry: 30 * time.Second}
	for in, want := range map[time.Duration]bool{0: false, time.Second: true, 30 * time.Second: false} {
		if got := tooBrief(in, e); got != want {
			t.Errorf("%s: %t", in, got)
		}
	}
}
