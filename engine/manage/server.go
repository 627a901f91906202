package manage

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"asterism/engine/manage/logger"
)

// Server answers on the control socket. It owns a goroutine for the listener and two or three for each connection; Close
// ends and waits for all of them.
type Server struct {
	cli      *CLI
	log      *logger.Router
	path     string
	listener *net.UnixListener
	ctx      context.Context // ends with Close: commands that wait give up
	cancel   context.CancelCauseFunc
	wait     sync.WaitGroup

	mu     sync.Mutex // guards the rest
	conns  map[net.Conn]struct{}
	closed bool
}

// Bounds of a console's share.
const (
	maxConsoles  = 64
	maxReply     = 4 << 20          // of one command; the rest is cut off and said so
	writeTimeout = 10 * time.Second // a console that takes nothing that long is dropped
	helloTimeout = 10 * time.Second
)

// ErrClosed is why a waiting command gave up.
var ErrClosed = errors.New("the PBX is going down")

// Listen opens the control socket at path (mode 0600 unless mode says otherwise) and serves it until Close. The caller
// holds the run directory's Lock. log may be nil: remote consoles see no log lines then.
func Listen(path string, mode fs.FileMode, cli *CLI, log *logger.Router) (*Server, error) {
	if mode == 0 {
		mode = 0o600
	}
	l, err := listen(path, mode)
	if err != nil {
		return nil, err
	}
	s := &Server{cli: cli, log: log, path: path, listener: l, conns: map[net.Conn]struct{}{}}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.wait.Go(s.accept)
	return s, nil
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
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
		s.mu.Lock()
		full := s.closed || len(s.conns) >= maxConsoles
		if !full {
			s.conns[conn] = struct{}{}
			s.wait.Go(func() { s.serve(conn) })
		}
		s.mu.Unlock()
		if full {
			_ = conn.Close()
		}
	}
}

// Close drops all consoles, waits for their goroutines and removes the socket.
func (s *Server) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	conns := make([]net.Conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	s.mu.Unlock()
	s.cancel(ErrClosed)
	_ = s.listener.Close()
	for _, c := range conns {
		_ = c.Close()
	}
	s.wait.Wait()
	_ = os.Remove(s.path)
}

// console is one connection. Its writer side is shared by answers and log lines.
type console struct {
	conn net.Conn
	mu   sync.Mutex // one frame at a time
}

func (c *console) send(k kind, payload []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	err := writeFrame(c.conn, k, payload)
	if err != nil {
		_ = c.conn.Close() // the reader notices
	}
	return err
}

// logLines turns a console into a sink of the log.
type logLines struct{ *console }

func (l logLines) Write(p []byte) (int, error) { return len(p), l.send(logged, p) }

// request is a frame on its way from the reader to the worker.
type request struct {
	kind    kind
	payload string
}

// serve reads the connection; a worker beside it runs the commands, so that a console that goes away ends its command.
func (s *Server) serve(conn net.Conn) {
	c := &console{conn: conn}
	ctx, cancel := context.WithCancelCause(s.ctx)
	requests := make(chan request, 16) // full: the reader waits, and so does the client
	var worker sync.WaitGroup
	defer func() {
		cancel(errors.New("the console is gone"))
		close(requests)
		_ = conn.Close()
		worker.Wait()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	}()
	_ = conn.SetReadDeadline(time.Now().Add(helloTimeout))
	k, payload, err := readFrame(conn, maxRequest)
	if err != nil || k != hello {
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	var levels Levels = s.cli.Log
	if s.log != nil && strings.HasPrefix(string(payload), "log") {
		tap := s.log.Tap(logLines{c}, s.log.Verbose(), strings.HasSuffix(string(payload), " color"))
		defer func() { _ = conn.Close(); tap.Close() }()
		levels = tap
	}
	if c.send(welcome, []byte(logger.Escape(s.cli.Version)+"\n"+logger.Escape(s.cli.System)+"\n")) != nil {
		return
	}
	worker.Go(func() {
		for r := range requests {
			if c.answer(ctx, s.cli, levels, r) != nil {
				_ = conn.Close()
			}
		}
	})
	for {
		k, payload, err := readFrame(conn, maxRequest)
		if err != nil {
			return
		}
		select {
		case requests <- request{k, string(payload)}:
		case <-ctx.Done():
			return
		}
	}
}

// answer runs one request and sends what came of it.
func (c *console) answer(ctx context.Context, cli *CLI, levels Levels, r request) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var reply limited
	var after func()
	switch r.kind {
	case run:
		after = cli.Run(ctx, r.payload, levels, &reply)
	case complete:
		reply.WriteString(strings.Join(cli.Complete(r.payload), "\n"))
	default:
		return errors.New("manage: unknown frame")
	}
	if reply.cut {
		reply.Buffer.WriteString("\n… cut off here: the answer is longer than 4 MiB\n")
	}
	var err error
	for b := reply.Bytes(); len(b) > 0 && err == nil; {
		n := min(len(b), maxChunk)
		err = c.send(output, b[:n])
		b = b[n:]
	}
	if err == nil {
		err = c.send(end, nil)
	}
	if after != nil { // also if the asker is gone: he asked for it
		after()
	}
	return err
}

// limited keeps the first maxReply bytes.
type limited struct {
	bytes.Buffer
	cut bool
}

func (l *limited) Write(p []byte) (int, error) {
	if room := maxReply - l.Len(); len(p) > room {
		l.cut = true
		l.Buffer.Write(p[:max(0, room)])
		return len(p), nil
	}
	return l.Buffer.Write(p)
}
