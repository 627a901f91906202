package sip

import (
	"slices"
	"strings"
)

// Rules is what a user agent server checks of any request before its method matters (RFC 3261 §8.2.1 to §8.2.3).
type Rules struct {
	Methods    []Method // handled; others get 405 if some RFC knows them, else 501
	Extensions []string // option tags understood in Require
	Bodies     []string // media types understood, in lower case
}

// Refusal returns the response that turns req down, or nil when it passes: 405, 501, 416, 420, 415, 406, each with the header
// field that tells what would do.
func (r Rules) Refusal(req *Request) *Response {
	if !slices.Contains(r.Methods, req.Method) {
		if KnownMethod(req.Method) {
			return NewResponse(req, StatusMethodNotAllowed, "", nil)
		}
		return NewResponse(req, StatusNotImplemented, "", nil)
	}
	if !IsSIP(&req.Recipient) {
		return NewResponse(req, StatusUnsupportedURIScheme, "", nil)
	}
	if unsupported := r.unsupported(req); unsupported != "" && req.Method != ACK && req.Method != CANCEL {
		res := NewResponse(req, StatusBadExtension, "", nil)
		res.AppendHeader(NewHeader("Unsupported", unsupported))
		return res
	}
	return r.refuseBody(req)
}

func (r Rules) unsupported(req *Request) string {
	var out []string
	for _, tag := range Tokens(req, "Require") {
		if !slices.ContainsFunc(r.Extensions, func(e string) bool { return strings.EqualFold(e, tag) }) {
			out = append(out, tag)
		}
	}
	return strings.Join(out, ", ")
}

func (r Rules) refuseBody(req *Request) *Response {
	if len(req.Body()) > 0 && !strings.Contains(strings.ToLower(HeaderValue(req, "Content-Disposition")), "handling=optional") {
		if e := HeaderValue(req, "Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
			res := NewResponse(req, StatusUnsupportedMediaType, "", nil)
			res.AppendHeader(NewHeader("Accept-Encoding", "identity"))
			return res
		}
		if !slices.Contains(r.Bodies, MediaType(req)) {
			res := NewResponse(req, StatusUnsupportedMediaType, "", nil)
			res.AppendHeader(NewHeader("Accept", strings.Join(r.Bodies, ", ")))
			return res
		}
	}
	if req.Method == INVITE && HasHeader(req, "Accept") && !acceptsSDP(req) {
		return NewResponse(req, StatusNotAcceptable, "", nil)
	}
	return nil
}

// MediaType is the Content-Type without parameters, in lower case.
func MediaType(m Message) string {
	v, _, _ := strings.Cut(HeaderValue(m, "Content-Type"), ";")
	return strings.ToLower(trimLWS(v))
}

func acceptsSDP(req *Request) bool {
	for _, v := range Tokens(req, "Accept") {
		v, _, _ = strings.Cut(v, ";")
		switch strings.ToLower(trimLWS(v)) {
		case "application/sdp", "application/*", "*/*":
			return true
		}
	}
	return false
}
