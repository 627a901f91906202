package manage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Client is one end of the control socket. Run and Complete wait for each other. After an error from either only Close is left.
type Client struct {
	Version, System string // of the PBX

	conn    net.Conn
	asking  sync.Mutex // held from a question to the end of its answer
	answers chan answer
	wait    sync.WaitGroup
	gone    chan struct{} // closed when the PBX has hung up on us
	err     error         // why; read after gone
}

type answer struct {
	text []byte
	last bool
}

// NotRunningError says that nothing answers on the socket.
type NotRunningError struct {
	Path string
	Err  error
}

func (e *NotRunningError) Error() string {
	switch {
	case errors.Is(e.Err, fs.ErrPermission):
		return fmt.Sprintf("unable to connect to remote asterisk: no permission for %s; run as the user the PBX runs as, or as root", e.Path)
	case errors.Is(e.Err, fs.ErrNotExist), errors.Is(e.Err, syscall.ECONNREFUSED):
		return fmt.Sprintf("unable to connect to remote asterisk (does %s exist?): no PBX is running there", e.Path)
	}
	return fmt.Sprintf("unable to connect to remote asterisk at %s: %v", e.Path, e.Err)
}

func (e *NotRunningError) Unwrap() error { return e.Err }

// Dial connects to the PBX at path. log, if not nil, gets its log lines, a Write for each, from a goroutine of the Client.
// The error is *NotRunningError when nobody answers. The caller closes the Client.
func Dial(path string, log io.Writer, color bool) (*Client, error) {
	conn, err := dial(path)
	if err != nil {
		return nil, &NotRunningError{path, err}
	}
	want := ""
	if log != nil {
		want = "log"
		if color {
			want += " color"
		}
	}
	c := &Client{conn: conn, answers: make(chan answer, 16), gone: make(chan struct{})}
	_ = conn.SetDeadline(time.Now().Add(helloTimeout))
	if err = writeFrame(conn, hello, []byte(want)); err == nil {
		var k kind
		var payload []byte
		for k == 0 || k == logged {
			if k, payload, err = readFrame(conn, maxChunk); err != nil {
				break
			}
		}
		c.Version, c.System, _ = strings.Cut(strings.TrimRight(string(payload), "\n"), "\n")
		if err == nil && k != welcome {
			err = errors.New("the answer is not a PBX's")
		}
	}
	if err != nil {
		_ = conn.Close()
		return nil, &NotRunningError{path, err}
	}
	_ = conn.SetDeadline(time.Time{})
	c.wait.Go(func() { c.read(log) })
	return c, nil
}

func (c *Client) read(log io.Writer) {
	defer close(c.gone)
	for {
		k, payload, err := readFrame(c.conn, maxReply)
		if err != nil {
			c.err = err
			return
		}
		switch k {
		case logged:
			if log != nil {
				_, _ = log.Write(payload)
			}
		case output, end:
			c.answers <- answer{payload, k == end} // Run and Complete take every answer, so this waits for the terminal only
		}
	}
}

// ErrDisconnected is what Run returns when the PBX ended the connection before the answer was complete.
var ErrDisconnected = errors.New("disconnected from the PBX")

// Gone is closed when the PBX has ended the connection.
func (c *Client) Gone() <-chan struct{} { return c.gone }

// Run has the PBX run line and writes the answer to out as it comes.
func (c *Client) Run(line string, out io.Writer) error { return c.ask(run, line, out) }

// Complete asks what the last word of line may become.
func (c *Client) Complete(line string) ([]string, error) {
	var b strings.Builder
	if err := c.ask(complete, line, &b); err != nil {
		return nil, err
	}
	return strings.Fields(b.String()), nil
}

func (c *Client) ask(k kind, line string, out io.Writer) error {
	if len(line) > maxRequest {
		return fmt.Errorf("manage: a line of %d bytes, at most %d are taken", len(line), maxRequest)
	}
	c.asking.Lock()
	defer c.asking.Unlock()
	if err := writeFrame(c.conn, k, []byte(line)); err != nil {
		return ErrDisconnected
	}
	for {
		select {
		case a := <-c.answers:
			if a.last {
				return nil
			}
			if _, err := out.Write(a.text); err != nil {
				return err
			}
		case <-c.gone:
			for { // what came before the end is still the answer
				select {
				case a := <-c.answers:
					if a.last {
						return nil
					}
					_, _ = out.Write(a.text)
				default:
					return ErrDisconnected
				}
			}
		}
	}
}

// Close hangs up and waits for the Client's goroutine.
func (c *Client) Close() {
	_ = c.conn.Close()
	for {
		select {
		case <-c.answers:
		case <-c.gone:
			c.wait.Wait()
			return
		}
	}
}
