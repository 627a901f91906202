package pjsip

import (
	"testing"

	"asterism/engine/config"
)

// A realm left open is answered towards places the administrator wrote down only.
func TestCredentials(t *testing.T) {
	p := &config.PJSIP{
		AORs:  map[string]*config.AOR{"fixed": {Contact: []string{"sip:carrier.example"}}, "phones": {MaxContacts: 1}},
		Auths: map[string]*config.Auth{"open": {Username: "me", Password: "x"}, "named": {Username: "me", Password: "x", Realm: "carrier"}},
	}
	for _, tt := range []struct {
		aors, auths []string
		realm       string
	}{
		{[]string{"fixed"}, []string{"open"}, "*"},
		{[]string{"fixed"}, []string{"named"}, "carrier"},
		{[]string{"fixed", "phones"}, []string{"open"}, ""},
		{[]string{"phones"}, []string{"named"}, "carrier"},
	} {
		got := credentials(p, &config.Endpoint{AORs: tt.aors, OutboundAuth: tt.auths})
		if len(got) != 1 || got[0].Realm != tt.realm || got[0].Username != "me" {
			t.Errorf("%v %v: %+v, want realm %q", tt.aors, tt.auths, got, tt.realm)
		}
	}
}
