package ami

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"asterism/engine/config"
	"asterism/engine/event"
	"asterism/engine/store"

	"github.com/rs/zerolog"
)

// Config is what a Server works upon.
type Config struct {
	PBX    PBX
	CLI    CommandLine
	Store  store.Store // nil: the DB actions fail
	Events *event.Bus
	Log    zerolog.Logger
	System string // asterisk.conf systemname, "" if none
}

// maxSessions bounds the clients that are logged in; those that are not have authlimit.
const maxSessions = 512

// Server listens where manager.conf says and follows its changes. It owns a goroutine for the listener and two for each client;
// Close ends and waits for all of them.
type Server struct {
	cfg  Config
	ctx  context.Context // ends with Close
	stop context.CancelFunc
	wait sync.WaitGroup
	// penalty is how long a refused login keeps its connection.
	penalty time.Duration

	mu       sync.Mutex // guards the rest
	listener net.Listener
	bind     netip.AddrPort // of listener
	sessions map[*session]struct{}
	waiting  int // sessions that have not logged in
}

// New makes a server that is not listening yet; see Configure.
func New(c Config) *Server {
	s := &Server{cfg: c, penalty: time.Second, sessions: map[*session]struct{}{}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// Configure takes manager.conf as it is now into force: the listener is opened, moved or closed. Accounts are looked up anew at each
// login; who is logged in stays so while his account exists. The error is that of a listener that could not be opened.
func (s *Server) Configure(m config.Manager) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.sessions {
		c.revise(m)
	}
	bind := netip.AddrPortFrom(m.Bind, uint16(m.Port))
	if s.ctx.Err() != nil || (m.Enabled && s.listener != nil && bind == s.bind) {
		return nil
	}
	if s.listener != nil {
		_ = s.listener.Close()
		s.listener = nil
	}
	if !m.Enabled {
		return nil
	}
	l, err := net.Listen("tcp", bind.String())
	if err != nil {
		return err
	}
	s.listener, s.bind = l, bind
	s.wait.Go(func() { s.accept(l) })
	s.cfg.Log.Info().Str("address", bind.String()).Msg("manager interface listening")
	return nil
}

// Addr is where it listens; invalid when it does not.
func (s *Server) Addr() netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return netip.AddrPort{}
	}
	return s.listener.Addr().(*net.TCPAddr).AddrPort()
}

// Close ends all sessions and returns when nothing of the server runs.
func (s *Server) Close() {
	s.stop()
	s.mu.Lock()
	if s.listener != nil {
		_ = s.listener.Close()
		s.listener = nil
	}
	for c := range s.sessions {
		_ = c.conn.Close()
	}
	s.mu.Unlock()
	s.wait.Wait()
}

func (s *Server) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			select { // out of descriptors: others may close theirs
			case <-time.After(100 * time.Millisecond):
				continue
			case <-s.ctx.Done():
				return
			}
		}
		if !s.admit(conn) {
			_ = conn.Close()
		}
	}
}

// admit begins a session, unless too many wait for their login already.
func (s *Server) admit(conn net.Conn) bool {
	m := s.cfg.PBX.Config().Manager
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil || s.waiting >= m.AuthLimit || len(s.sessions) >= maxSessions {
		return false
	}
	c := newSession(s, conn)
	s.sessions[c] = struct{}{}
	s.waiting++
	s.wait.Go(func() {
		defer s.leave(c)
		c.serve(m)
	})
	return true
}

// enter notes that c has logged in as user; false if that user is logged in already and may be so only once.
func (s *Server) enter(c *session, user config.ManagerUser) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !user.AllowMultiple {
		for other := range s.sessions {
			if other != c && other.userName() == user.Name {
				return false
			}
		}
	}
	if c.setUser(user) {
		s.waiting--
	}
	return true
}

func (s *Server) leave(c *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, c)
	if c.userName() == "" {
		s.waiting--
	}
}
