// Package sip is RFC 3261 §7, §17 and §18 upon sipgo, its only importer.
package sip

import (
	"context"
	"net/netip"
	"time"
)

type Stack struct{ cfg Config }

func New(cfg Config) *Stack                                 { return &Stack{cfg: cfg} }
func (s *Stack) Listen(TransportConfig) (*Transport, error) { return nil, ErrClosed }
func (s *Stack) Transports() []*Transport                   { return nil }
func (s *Stack) Close()                                     {}
func (s *Stack) SetTrace(on bool, filter string)            {}
func (s *Stack) Resolve(ctx context.Context, uri *URI, t *Transport) (Hop, error) {
	return Hop{}, ErrClosed
}
func (s *Stack) Request(ctx context.Context, hop Hop, req *Request) (*ClientTx, error) {
	return nil, ErrClosed
}
func (s *Stack) Send(ctx context.Context, hop Hop, req *Request) error { return ErrClosed }

type Transport struct{}

func (t *Transport) Name() string                                { return "" }
func (t *Transport) Protocol() string                            { return "" }
func (t *Transport) LocalAddr() netip.AddrPort                   { return netip.AddrPort{} }
func (t *Transport) Advertised(remote netip.Addr) netip.AddrPort { return netip.AddrPort{} }

// Connected reports whether a connection with this remote address is open (never on UDP).
func (t *Transport) Connected(remote netip.AddrPort) bool { return false }
func (t *Transport) Close() error                         { return nil }

type ServerTx struct {
	Request   *Request
	Transport *Transport
	Source    netip.AddrPort
}

func (tx *ServerTx) Respond(res *Response) error      { return ErrClosed }
func (tx *ServerTx) OnCancel(f func(cancel *Request)) {}
func (tx *ServerTx) LocalTag() string                 { return "" }
func (tx *ServerTx) Done() <-chan struct{}            { return nil }
func (tx *ServerTx) Err() error                       { return nil }

// ForceRport sends further responses to the address the request came from, asked or not (Asterisk's force_rport).
func (tx *ServerTx) ForceRport() {}

type ClientTx struct{}

func (tx *ClientTx) Next(ctx context.Context) (*Response, error) { return nil, ErrClosed }
func (tx *ClientTx) Cancel(reason string) error                  { return ErrClosed }
func (tx *ClientTx) Request() *Request                           { return nil }
func (tx *ClientTx) Hop() Hop                                    { return Hop{} }
func (tx *ClientTx) Terminate()                                  {}

type Credentials struct{ Username, Realm, Password, HA1MD5, HA1SHA256 string }
type Digest struct{}
type Verdict int

const (
	NoCredentials Verdict = iota // no Authorization for our realm: challenge
	OK                           // right
	Stale                        // nonce expired, replayed or not ours: challenge with stale
	Wrong                        // wrong user, password, uri, algorithm, or unreadable
)

func NewDigest(secret []byte, lifetime time.Duration) *Digest                          { return &Digest{} }
func (d *Digest) Challenge(res *Response, realm string, source netip.Addr, stale bool) {}
func (d *Digest) Verify(req *Request, source netip.Addr, realm string, c Credentials) Verdict {
	return Wrong
}
func Username(req *Request) string                                       { return "" }
func Authorize(req *Request, challenge *Response, c []Credentials) error { return ErrClosed }
