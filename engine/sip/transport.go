package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	gosip "github.com/emiago/sipgo/sip"
	"github.com/rs/zerolog"
	"golang.org/x/sync/singleflight"
)

// Transport is one listener and, on TCP, the connections accepted by it or made on its behalf. It is made by Stack.Listen,
// which owns its goroutines: the reader (UDP) or accepter (TCP) and sipgo's reader of each connection.
type Transport struct {
	stack    *Stack
	cfg      TransportConfig
	id       string // sets the keys of its transactions apart
	name     string
	proto    string // "udp", "tcp"
	local    netip.AddrPort
	wildcard bool
	log      zerolog.Logger
	layer    *gosip.TransportLayer

	udp   *net.UDPConn
	guard *packetGuard

	tcp     net.Listener
	streams chan net.Conn // accepted and dialled connections on their way to sipgo
	dials   singleflight.Group

	alive   context.Context // until Close; its only use is to end what waits
	end     context.CancelFunc
	readers sync.WaitGroup // everything that reads or dials for this transport
	close   sync.Once

	mu        sync.Mutex
	closed    bool
	conns     map[netip.AddrPort]*streamConn
	perSource map[netip.Addr]int
	routes    map[netip.Addr]route
}

// route remembers which of our addresses the kernel takes towards a remote one.
type route struct {
	local netip.Addr
	until time.Time
}

const (
	routeTTL   = 30 * time.Second // how long a change of the machine's addresses may go unseen
	routesKept = 1024
)

// Listen opens a listener. Its goroutines run until Transport.Close or Stack.Close.
func (s *Stack) Listen(cfg TransportConfig) (*Transport, error) {
	t := &Transport{
		stack: s, cfg: cfg, id: strconv.FormatUint(s.lastID.Add(1), 36), name: cfg.Name, proto: cfg.Protocol, wildcard: cfg.Bind.Addr().IsUnspecified(),
		log:   s.log.With().Str("transport", cfg.Name).Logger(),
		conns: map[netip.AddrPort]*streamConn{}, perSource: map[netip.Addr]int{},
		routes: map[netip.Addr]route{},
	}
	t.alive, t.end = context.WithCancel(context.Background())
	if !cfg.Bind.Addr().IsValid() {
		return nil, fmt.Errorf("sip: transport %q: bind: no address", cfg.Name)
	}
	t.layer = gosip.NewTransportLayer(net.DefaultResolver, s.parser, nil, gosip.WithTransportLayerLogger(newSlog(t.log)))
	t.layer.OnMessage(t.receive)
	if err := t.open(); err != nil {
		return nil, fmt.Errorf("sip: transport %q: %w", cfg.Name, err)
	}
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.transports = append(s.transports, t)
	}
	s.mu.Unlock()
	if closed {
		return nil, errors.Join(ErrClosed, t.Close())
	}
	return t, nil
}

func (t *Transport) open() error {
	lc := net.ListenConfig{Control: control(t.cfg, t.proto == "udp"), KeepAlive: 30 * time.Second}
	bind := t.cfg.Bind
	switch t.proto {
	case "udp":
		c, err := lc.ListenPacket(context.Background(), network("udp", bind.Addr()), bind.String())
		if err != nil {
			return err
		}
		t.udp = c.(*net.UDPConn)
		t.local = addrPortOf(c.LocalAddr())
		t.guard = newPacketGuard(t, t.udp)
		t.readers.Go(t.readPackets)
	case "tcp":
		l, err := lc.Listen(context.Background(), network("tcp", bind.Addr()), bind.String())
		if err != nil {
			return err
		}
		t.tcp = l
		t.local = addrPortOf(l.Addr())
		t.streams = make(chan net.Conn)
		t.readers.Go(func() { _ = t.layer.ServeTCP(streamListener{t}) })
		t.readers.Go(t.acceptStreams)
	default:
		return fmt.Errorf("protocol %q: want udp or tcp", t.proto)
	}
	return nil
}

// readPackets serves the socket until it is closed. sipgo's loop ends at a panic in its parser; it is begun again then.
func (t *Transport) readPackets() {
	for {
		func() {
			defer t.stack.recovered("reading datagrams")
			_ = t.layer.ServeUDP(t.guard)
		}()
		if t.alive.Err() != nil {
			return
		}
	}
}

// pause waits for d; false when the transport closes.
func (t *Transport) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-t.alive.Done():
		return false
	}
}

// Name is the transport's section in pjsip.conf.
func (t *Transport) Name() string { return t.name }

// Protocol is "udp" or "tcp".
func (t *Transport) Protocol() string { return t.proto }

// LocalAddr is the address listened on, with the port the system gave for port 0. It may be a wildcard: see Advertised.
func (t *Transport) LocalAddr() netip.AddrPort { return t.local }

// Advertised is the address that goes into Via and Contact towards remote: the external one if remote is outside LocalNets,
// else the listener's, a wildcard replaced by the address the kernel routes from.
func (t *Transport) Advertised(remote netip.Addr) netip.AddrPort {
	remote = remote.Unmap()
	addr, port := t.local.Addr(), t.local.Port()
	if ext := t.cfg.ExternalSignalingAddress; ext.IsValid() && !t.isLocal(remote) {
		if t.cfg.ExternalSignalingPort > 0 {
			port = uint16(t.cfg.ExternalSignalingPort)
		}
		return netip.AddrPortFrom(ext.Unmap(), port)
	}
	if t.wildcard {
		addr = t.routeTo(remote)
	}
	return netip.AddrPortFrom(addr.WithZone(""), port)
}

// Contact is where remote reaches user at this listener: the URI of our Contact header field.
func (t *Transport) Contact(user string, remote netip.Addr) *URI {
	uri := NewAddrURI(user, t.Advertised(remote))
	if t.proto != "udp" {
		SetURIParam(uri, "transport", t.proto)
	}
	return uri
}

func (t *Transport) isLocal(remote netip.Addr) bool {
	for _, p := range t.cfg.LocalNets {
		if p.Contains(remote) {
			return true
		}
	}
	return false
}

// routeTo asks the kernel by connecting a UDP socket, which sends nothing.
func (t *Transport) routeTo(remote netip.Addr) netip.Addr {
	now := time.Now()
	t.mu.Lock()
	r, ok := t.routes[remote]
	t.mu.Unlock()
	if ok && now.Before(r.until) {
		return r.local
	}
	r = route{local: t.local.Addr(), until: now.Add(routeTTL)}
	if c, err := net.DialUDP(network("udp", remote), nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(remote, 9))); err == nil {
		r.local = addrPortOf(c.LocalAddr()).Addr()
		c.Close()
	}
	t.mu.Lock()
	if len(t.routes) >= routesKept {
		clear(t.routes)
	}
	t.routes[remote] = r
	t.mu.Unlock()
	return r.local
}

// Connected reports whether a connection with this remote address is open. It is always false on UDP.
func (t *Transport) Connected(remote netip.AddrPort) bool { return t.stream(remote) != nil }

func (t *Transport) stream(remote netip.AddrPort) *streamConn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.conns[unmap(remote)]
}

// Close stops listening and closes the connections. Transactions on it end with ErrTransport. It returns when its
// goroutines have ended.
func (t *Transport) Close() error {
	t.close.Do(func() {
		t.end()
		if t.udp != nil {
			t.udp.Close()
		}
		if t.tcp != nil {
			t.tcp.Close()
		}
		t.mu.Lock()
		t.closed = true
		conns := make([]*streamConn, 0, len(t.conns))
		for _, c := range t.conns {
			conns = append(conns, c)
		}
		t.mu.Unlock()
		for _, c := range conns {
			c.shutdown()
		}
		t.stack.forget(t)
		t.stack.failAll(func(l *link) bool { return l.t == t })
	})
	t.readers.Wait()
	return nil
}
