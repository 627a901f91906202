package sip

import (
	"slices"
	"strings"

	gosip "github.com/emiago/sipgo/sip"
)

// The message types are sipgo's; no other room imports it.
type (
	// Message is a request or a response.
	Message = gosip.Message
	// Request is a SIP request. A request given to a handler belongs to the handler; one given to Stack.Request or
	// Stack.Send belongs to the stack.
	Request = gosip.Request
	// Response is a SIP response. One given to ServerTx.Respond belongs to the stack.
	Response = gosip.Response
	// Method is a request method; methods are case-sensitive (RFC 3261 §7.1).
	Method = gosip.RequestMethod
	// RequestMethod is Method by its long name.
	RequestMethod = gosip.RequestMethod
	// Header is one header field; build others than the typed ones with NewHeader.
	Header = gosip.Header
	// Params are the ;name=value parameters of a URI or a header field. Names of parsed header parameters are in
	// lower case; a value that was quoted keeps its quotes (see Unquote).
	Params = gosip.HeaderParams
	// Parameter is one of Params.
	Parameter = gosip.HeaderKV

	ViaHeader           = gosip.ViaHeader
	FromHeader          = gosip.FromHeader
	ToHeader            = gosip.ToHeader
	ContactHeader       = gosip.ContactHeader
	CallIDHeader        = gosip.CallIDHeader
	CSeqHeader          = gosip.CSeqHeader
	MaxForwardsHeader   = gosip.MaxForwardsHeader
	ContentTypeHeader   = gosip.ContentTypeHeader
	ContentLengthHeader = gosip.ContentLengthHeader
	RouteHeader         = gosip.RouteHeader
	RecordRouteHeader   = gosip.RecordRouteHeader
	ReferToHeader       = gosip.ReferToHeader
	ReferredByHeader    = gosip.ReferredByHeader
)

// Request methods.
const (
	INVITE    = gosip.INVITE
	ACK       = gosip.ACK
	BYE       = gosip.BYE
	CANCEL    = gosip.CANCEL
	REGISTER  = gosip.REGISTER
	OPTIONS   = gosip.OPTIONS
	INFO      = gosip.INFO
	UPDATE    = gosip.UPDATE
	PRACK     = gosip.PRACK
	SUBSCRIBE = gosip.SUBSCRIBE
	NOTIFY    = gosip.NOTIFY
	REFER     = gosip.REFER
	MESSAGE   = gosip.MESSAGE
	PUBLISH   = gosip.PUBLISH
)

// Allow lists the methods the PBX answers, for the Allow header field (RFC 3261 §20.5).
const Allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, UPDATE, PRACK, SUBSCRIBE, NOTIFY"

// KnownMethod reports whether m is a method of some RFC. Others are answered 501, known but unwanted
// ones 405 (RFC 3261 §8.2.1).
func KnownMethod(m Method) bool {
	switch m {
	case INVITE, ACK, BYE, CANCEL, REGISTER, OPTIONS, INFO, UPDATE, PRACK, SUBSCRIBE, NOTIFY, REFER, MESSAGE, PUBLISH:
		return true
	}
	return false
}

// NewRequest returns a request with no header fields. The Request-URI is copied.
func NewRequest(method Method, uri URI) *Request {
	return gosip.NewRequest(method, *uri.Clone())
}

// NewHeader returns a header field of any name. Line breaks and other control bytes in value never reach the wire.
func NewHeader(name, value string) Header { return gosip.NewHeader(name, value) }

// NewResponse answers req: Via, From, To, Call-ID and CSeq are copied, Record-Route too when the response may make a
// dialog (RFC 3261 §8.2.6, §12.1.1), Timestamp for a 100. The To tag is added by ServerTx.Respond. An empty reason means the
// status's own phrase. The caller adds Content-Type when there is a body.
func NewResponse(req *Request, status int, reason string, body []byte) *Response {
	if reason == "" {
		reason = ReasonPhrase(status)
	}
	res := gosip.NewResponse(status, reason)
	copyHeaders(req, res, "Via")
	if status > 100 && status < 300 && formsDialog(req.Method) {
		copyHeaders(req, res, "Record-Route")
	}
	copyHeaders(req, res, "From")
	copyHeaders(req, res, "To")
	copyHeaders(req, res, "Call-ID")
	copyHeaders(req, res, "CSeq")
	if status == 100 {
		copyHeaders(req, res, "Timestamp")
	}
	res.SetTransport(req.Transport())
	res.SetBody(body)
	return res
}

func formsDialog(m Method) bool {
	return m == INVITE || m == SUBSCRIBE || m == REFER || m == NOTIFY
}

func copyHeaders(from, to Message, name string) {
	for _, h := range headersNamed(from, name) {
		to.AppendHeader(gosip.HeaderClone(h))
	}
}

type headerLister interface{ Headers() []Header }

func headersNamed(m Message, name string) []Header {
	var out []Header
	for _, h := range m.(headerLister).Headers() {
		if strings.EqualFold(h.Name(), name) {
			out = append(out, h)
		}
	}
	return out
}

// HeaderValue returns the value of the first header field of this name, "" when there is none.
// Compact forms have been expanded when the message was read: ask for "Supported", not "k".
func HeaderValue(m Message, name string) string {
	for _, h := range m.(headerLister).Headers() {
		if strings.EqualFold(h.Name(), name) {
			return headerText(h)
		}
	}
	return ""
}

// HasHeader reports whether m has a header field of this name, were it empty.
func HasHeader(m Message, name string) bool {
	return slices.ContainsFunc(m.(headerLister).Headers(), func(h Header) bool { return strings.EqualFold(h.Name(), name) })
}

// HeaderValues returns the values of all header fields of this name in order. Via, Contact, Route, Record-Route, Path and
// Service-Route come one value an element however the sender had joined them; others as they were (see SplitList).
func HeaderValues(m Message, name string) []string {
	var out []string
	for _, h := range headersNamed(m, name) {
		out = append(out, headerText(h))
	}
	return out
}

// Tokens returns the comma-separated tokens of all header fields of this name: Require, Supported, Allow, Accept…
func Tokens(m Message, name string) []string {
	var out []string
	for _, v := range HeaderValues(m, name) {
		for _, t := range SplitList(v) {
			if t != "" {
				out = append(out, t)
			}
		}
	}
	return out
}

// HasToken reports whether a token is listed, without regard to case.
func HasToken(m Message, name, token string) bool {
	return slices.ContainsFunc(Tokens(m, name), func(t string) bool { return strings.EqualFold(t, token) })
}

// SetHeader replaces every header field of this name by one.
func SetHeader(m Message, name, value string) {
	RemoveHeader(m, name)
	m.AppendHeader(NewHeader(name, value))
}

// RemoveHeader removes every header field of this name.
func RemoveHeader(m Message, name string) {
	type remover interface{ RemoveHeader(name string) bool }
	for _, h := range headersNamed(m, name) {
		m.(remover).RemoveHeader(h.Name())
	}
}

// SetBody sets body, Content-Length and Content-Type; an empty body has no Content-Type.
func SetBody(m Message, contentType string, body []byte) {
	RemoveHeader(m, "Content-Type")
	if len(body) > 0 && contentType != "" {
		ct := ContentTypeHeader(contentType)
		m.AppendHeader(&ct)
	}
	m.SetBody(body)
}
