package baresip

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// Event is what baresip's ctrl_tcp tells unasked: CALL_INCOMING, CALL_ESTABLISHED, CALL_CLOSED, REGISTER_OK ….
type Event struct {
	Type            string `json:"type"`
	Param           string `json:"param"`
	Direction       string `json:"direction"`
	PeerURI         string `json:"peeruri"`
	PeerDisplayName string `json:"peerdisplayname"`
	ID              string `json:"id"`
}

// answer is a message of ctrl_tcp: an event, or the response to a command.
type answer struct {
	Event
	Response bool   `json:"response"`
	OK       bool   `json:"ok"`
	Data     string `json:"data"`
}

// ctrl is one connection to ctrl_tcp: netstrings (LEN:JSON,) both ways.
type ctrl struct {
	conn    net.Conn
	answers chan answer   // responses, in the order of the commands
	closed  chan struct{} // the reader has ended

	mu     sync.Mutex
	events []Event // guarded by mu; all, in order
}

func dialCtrl(addr string, d time.Duration) (*ctrl, error) {
	for deadline := time.Now().Add(d); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			c := &ctrl{conn: conn, answers: make(chan answer, 16), closed: make(chan struct{})}
			go c.read()
			return c, nil
		}
		if time.Now().After(deadline) {
			return nil, err
		}
	}
}

// read ends when the connection is closed by either side.
func (c *ctrl) read() {
	defer close(c.closed)
	for r := bufio.NewReader(c.conn); ; {
		msg, err := readNetstring(r)
		if err != nil {
			return
		}
		var a answer
		if json.Unmarshal(msg, &a) != nil {
			continue // baresip 1.0.0 does not escape everything
		}
		if a.Response {
			select {
			case c.answers <- a:
			default: // nobody waits for it any more
			}
			continue
		}
		c.mu.Lock()
		c.events = append(c.events, a.Event)
		c.mu.Unlock()
	}
}

func readNetstring(r *bufio.Reader) ([]byte, error) {
	head, err := r.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(head[:len(head)-1])
	if err != nil || n < 0 || n > 1<<20 {
		return nil, fmt.Errorf("netstring: length %q", head)
	}
	b := make([]byte, n+1)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	if b[n] != ',' {
		return nil, errors.New("netstring: no comma at the end")
	}
	return b[:n], nil
}

// command runs one of baresip's long commands and gives its output.
func (c *ctrl) command(name, params string, d time.Duration) (string, error) {
	msg := map[string]string{"command": name}
	if params != "" {
		msg["params"] = params
	}
	b, err := json.Marshal(msg)
	if err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(c.conn, "%d:%s,", len(b), b); err != nil {
		return "", err
	}
	select {
	case a := <-c.answers:
		if !a.OK {
			return a.Data, fmt.Errorf("baresip: %s %s: %s", name, params, a.Data)
		}
		return a.Data, nil
	case <-c.closed:
		return "", fmt.Errorf("baresip: %s: connection closed", name)
	case <-time.After(d):
		return "", fmt.Errorf("baresip: %s: no answer within %v", name, d)
	}
}

// since gives the events from number from on.
func (c *ctrl) since(from int) []Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Event(nil), c.events[min(from, len(c.events)):]...)
}
