package manage

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"asterism/engine/config"
)

// option is one line of `pjsip show endpoint X`.
type option struct{ name, value string }

// secret are the fields that no listing shows.
var secret = map[string]bool{"Password": true, "PasswordDigest": true}

// optionNames are the options whose Go field is not their name in Go's casing.
var optionNames = map[string]string{
	"Codecs": "allow", "Rel100": "100rel", "CallerID": "callerid", "CallerIDPrivacy": "callerid_privacy", "CallerIDTag": "callerid_tag",
	"AORs": "aors", "AccountCode": "accountcode", "UserEqPhone": "user_eq_phone", "SuppressQ850Reason": "suppress_q850_reason_headers",
	"UnauthenticatedOptions": "allow_unauthenticated_options", "AcceptMultipleSDPAnswer": "accept_multiple_sdp_answers",
	"Ignore183WithoutSDP": "ignore_183_without_sdp", "Qualify2xxOnly": "qualify_2xx_only", "TimersSessExpires": "timers_sess_expires",
	"TrustIDInbound": "trust_id_inbound", "TrustIDOutbound": "trust_id_outbound", "RTPIPv6": "rtp_ipv6",
	"MWISubscribeReplaces": "mwi_subscribe_replaces_unsolicited", "NotifyEarlyInUse": "notify_early_inuse_ringing",
}

// optionsOf lists the options of a configuration object by name. It reads the typed value, not the file: what is shown is
// what holds, defaults and templates included. Empty lists and addresses have no line.
func optionsOf(object any) []option {
	v := reflect.ValueOf(object)
	var options []option
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() || f.Name == "Name" || f.Name == "Pos" || secret[f.Name] {
			continue
		}
		name := optionNames[f.Name]
		if name == "" {
			name = snake(f.Name)
		}
		if value, ok := optionValue(f.Name, v.Field(i)); ok {
			options = append(options, option{name, value})
		}
	}
	slices.SortFunc(options, func(a, b option) int { return cmp.Compare(a.name, b.name) })
	return options
}

func optionValue(field string, v reflect.Value) (string, bool) {
	switch x := v.Interface().(type) {
	case time.Duration:
		if x%time.Second == 0 {
			return fmt.Sprint(int64(x / time.Second)), true
		}
		return fmt.Sprint(x.Seconds()), true
	case config.CallerID:
		switch {
		case x == config.CallerID{}:
			return "<unknown>", true
		case x.Name == "":
			return x.Number, true
		}
		return fmt.Sprintf("%q <%s>", x.Name, x.Number), true
	case config.Access:
		return strings.Join(x.Names, ","), len(x.Names) > 0
	case []config.Variable:
		var list []string
		for _, set := range x {
			list = append(list, set.Name+"="+set.Value)
		}
		return strings.Join(list, ","), len(list) > 0
	case []config.Match:
		var list []string
		for _, m := range x {
			list = append(list, matchText(m))
		}
		return strings.Join(list, ","), len(list) > 0
	case *config.HeaderMatch:
		if x == nil {
			return "", false
		}
		if x.Header == "" {
			return headerValue(x), true
		}
		return x.Header + ": " + headerValue(x), true
	case []string:
		if field == "Codecs" {
			return "(" + strings.Join(x, "|") + ")", true
		}
		return strings.Join(x, ","), len(x) > 0
	case fmt.Stringer:
		if v.IsZero() {
			return "", false
		}
		return x.String(), true
	}
	if k := v.Kind(); (k == reflect.Slice || k == reflect.Map) && v.Len() == 0 {
		return "", false
	}
	return fmt.Sprint(v.Interface()), true
}

// snake turns RTPSymmetric into rtp_symmetric and MaxContacts into max_contacts.
func snake(name string) string {
	runes := []rune(name)
	var b strings.Builder
	for i, r := range runes {
		upper := unicode.IsUpper(r)
		if upper && i > 0 && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
