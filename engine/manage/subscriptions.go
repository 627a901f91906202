package manage

import (
	"slices"
	"strings"
	"time"

	"asterism/engine/subscription"
)

// showSubscriptions lists what phones have subscribed to, as Asterisk does.
func showSubscriptions(r *Request) {
	list := r.PBX.Subscriptions()
	if len(r.Args) == 2 && strings.EqualFold(r.Args[0], "like") {
		list = slices.DeleteFunc(list, func(s subscription.Subscription) bool {
			return !strings.Contains(s.Endpoint+" "+s.Resource+"/"+s.Event, r.Args[1])
		})
	}
	r.text("Endpoint: <Endpoint/Caller-ID.............................................>\n" +
		"Resource: <Resource/Event.................................................>\n" +
		"  Expiry: <Expiry>  <Call-id..............................................>\n" + strings.Repeat("=", 75) + "\n\n")
	for _, s := range list {
		left := max(0, int(s.Expires.Sub(r.Now())/time.Second))
		r.printf("Endpoint: %s/%s\nResource: %s/%s\n  Expiry: %8d  %s\n\n", s.Endpoint, s.Subscriber, s.Resource, s.Event, left, s.CallID)
	}
	r.printf("%d active subscriptions\n", len(list))
}

// watchers counts who watches the extension of a hint.
func (r *Request) watchers(context, exten string) (n int) {
	for _, s := range r.PBX.Subscriptions() {
		if s.Context == context && s.Resource == exten {
			n++
		}
	}
	return n
}
