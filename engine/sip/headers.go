package sip

// headerText is a header field's value as it goes out.
func headerText(h Header) string { return h.Value() }
