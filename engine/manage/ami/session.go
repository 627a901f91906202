package ami

import (
	"bufio"
	"context"
	"crypto/md5"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"asterism/engine/config"
	"asterism/engine/event"
)

// banner is the protocol's version, of Asterisk's current line.
const banner = "Asterisk Call Manager/13.0.0\r\n"

// session is one client. Its reader is the goroutine that runs the actions; a second one, from the login on, writes events.
type session struct {
	server    *Server
	conn      net.Conn
	remote    netip.AddrPort
	challenge string // of Action: Challenge; "" before

	write sync.Mutex // one message at a time

	mu     sync.Mutex // guards the rest
	user   *config.ManagerUser
	events []string // classes of events wanted, beneath what the account may read; nil: all
}

func newSession(s *Server, conn net.Conn) *session {
	c := &session{server: s, conn: conn}
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		c.remote = a.AddrPort()
	}
	return c
}

// setUser logs in; true if nobody was.
func (c *session) setUser(u config.ManagerUser) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := c.user == nil
	c.user = &u
	return first
}

func (c *session) userName() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.user == nil {
		return ""
	}
	return c.user.Name
}

// account is the rights of who is logged in; false before.
func (c *session) account() (config.ManagerUser, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.user == nil {
		return config.ManagerUser{}, false
	}
	return *c.user, true
}

// revise gives a session the rights its account has now; one whose account is gone or has another secret ends.
func (c *session) revise(m config.Manager) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.user == nil {
		return
	}
	for _, u := range m.Users {
		if u.Name == c.user.Name && u.Secret == c.user.Secret {
			c.user = &u
			return
		}
	}
	_ = c.conn.Close()
}

// wants reports whether an event of class goes to this client.
func (c *session) wants(class string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.user != nil && config.May(c.user.Read, class) && (c.events == nil || config.May(c.events, class))
}

// serve speaks with the client until either side leaves.
func (c *session) serve(m config.Manager) {
	defer func() { _ = c.conn.Close() }()
	_ = c.conn.SetReadDeadline(time.Now().Add(m.AuthTimeout))
	if c.sendText(banner) != nil {
		return
	}
	ctx, cancel := context.WithCancel(c.server.ctx)
	var events sync.WaitGroup
	defer func() { // a writer that hangs is freed by the closed connection
		cancel()
		_ = c.conn.Close()
		events.Wait()
	}()
	r := bufio.NewReaderSize(c.conn, maxLine)
	for {
		msg, err := readMessage(r)
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
				c.server.cfg.Log.Debug().Err(err).Str("peer", c.remote.String()).Msg("manager: connection ends")
			}
			return
		}
		_, before := c.account()
		a := &action{session: c, message: msg, id: msg.get("ActionID"), ctx: ctx}
		if !a.run() {
			return
		}
		if _, now := c.account(); now && !before {
			_ = c.conn.SetReadDeadline(time.Time{})
			subscription := c.server.cfg.Events.Subscribe("manager " + c.userName())
			events.Go(func() {
				defer subscription.Close()
				c.tell(ctx, subscription)
			})
			if c.send(c.server.fullyBooted()) != nil {
				return
			}
		}
	}
}

// tell writes events as they happen.
func (c *session) tell(ctx context.Context, s *event.Subscription) {
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-s.C():
			if !ok {
				return
			}
			for _, ev := range describe(e) {
				if c.wants(ev.class) && c.send(c.server.dress(ev)) != nil {
					return
				}
			}
		}
	}
}

// send writes one message; a client that takes nothing for its writetimeout is dropped.
func (c *session) send(m message) error { return c.sendText(m.String()) }

func (c *session) sendText(text string) error {
	timeout := 10 * time.Second
	if u, ok := c.account(); ok && u.WriteTimeout > 0 {
		timeout = u.WriteTimeout
	}
	c.write.Lock()
	defer c.write.Unlock()
	_ = c.conn.SetWriteDeadline(time.Now().Add(timeout))
	_, err := io.WriteString(c.conn, text)
	if err != nil {
		_ = c.conn.Close() // the reader notices
	}
	return err
}

// login checks name and secret, or the answer to a challenge. Nothing tells a wrong name from a wrong secret, nor does the time it takes.
func (c *session) login(a *action) bool {
	m := c.server.cfg.PBX.Config().Manager
	name, secret, key := a.get("Username"), a.get("Secret"), a.get("Key")
	byKey := strings.EqualFold(a.get("AuthType"), "MD5")
	user, known := config.ManagerUser{Secret: rand.Text()}, false
	for _, u := range m.Users {
		if u.Name == name {
			user, known = u, true
		}
	}
	var good bool
	if byKey {
		sum := md5.Sum([]byte(c.challenge + user.Secret))
		good = c.challenge != "" && subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(strings.ToLower(key))) == 1
	} else {
		good = subtle.ConstantTimeCompare([]byte(user.Secret), []byte(secret)) == 1
	}
	reason := "wrong"
	if good && known && !user.Access.Allows(c.remote.Addr()) {
		good, reason = false, "acl"
	}
	if !good || !known || !c.server.enter(c, user) {
		a.fail("Authentication failed")
		c.server.cfg.Events.Publish(event.AuthenticationFailed{At: time.Now(), Source: c.remote, Method: "AMI Login", Account: clean(name), Reason: reason})
		c.server.cfg.Log.Warn().Str("peer", c.remote.String()).Str("user", clean(name)).Msg("manager: login refused")
		select { // guessing is slow: authlimit bounds who waits here
		case <-time.After(c.server.penalty):
		case <-a.ctx.Done():
		}
		return false
	}
	if m.ShowConnects {
		c.server.cfg.Log.Info().Str("peer", c.remote.String()).Str("user", user.Name).Msg("manager: logged in")
	}
	if mask := a.get("Events"); mask != "" {
		c.setEvents(mask)
	}
	a.succeed("Authentication accepted")
	return true
}

// newChallenge makes what the client is to hash with its secret.
func (c *session) newChallenge() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1<<31))
	if err != nil {
		return ""
	}
	c.challenge = fmt.Sprintf("%09d", n)
	return c.challenge
}

// setEvents reads on, off, or a list of classes.
func (c *session) setEvents(mask string) (on bool) {
	var classes []string
	switch strings.ToLower(mask) {
	case "on", "all", "yes", "true", "1":
	case "off", "none", "no", "false", "0", "":
		classes = []string{}
	default:
		for _, word := range strings.Split(mask, ",") {
			classes = append(classes, strings.ToLower(strings.TrimSpace(word)))
		}
	}
	c.mu.Lock()
	c.events = classes
	c.mu.Unlock()
	return classes == nil || len(classes) > 0
}

// clean makes a foreign name fit for a log line.
func clean(s string) string {
	var b strings.Builder
	escape(&b, s)
	if b.Len() > 80 {
		return b.String()[:80]
	}
	return b.String()
}
