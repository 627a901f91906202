package manage

import (
	"encoding/binary"
	"fmt"
	"io"
)

// A frame on the control socket, either way:
//
//	 0      1                 5
//	┌──────┬─────────────────┬──────────────┐
//	│ kind │ length, 32 bit  │ payload      │     big endian; length counts the payload
//	└──────┴─────────────────┴──────────────┘
//
// The client sends one hello, then any number of runs and completes; each is answered by outputs and one end, in order.
// Log lines come in between, if the hello asked for them.
type kind byte

const (
	hello    kind = 'H' // client: payload "" or "log", once, first
	run      kind = 'R' // client: a command line
	complete kind = 'C' // client: the line so far
	welcome  kind = 'W' // server: version and system name, a line each
	output   kind = 'O' // server: some of a command's text, or the candidates, a line each
	end      kind = 'E' // server: the answer is complete
	logged   kind = 'L' // server: log lines
)

// Bounds: a command line is typed by people; a reply comes in chunks.
const (
	maxRequest = 64 << 10
	maxChunk   = 32 << 10
)

func writeFrame(w io.Writer, k kind, payload []byte) error {
	b := make([]byte, 5, 5+len(payload))
	b[0] = byte(k)
	binary.BigEndian.PutUint32(b[1:], uint32(len(payload)))
	_, err := w.Write(append(b, payload...))
	return err
}

// readFrame reads one frame; a payload above limit is an error, and nothing is allocated for it.
func readFrame(r io.Reader, limit int) (kind, []byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > uint32(limit) {
		return 0, nil, fmt.Errorf("manage: frame of %d bytes, at most %d allowed", n, limit)
	}
	payload := make([]byte, n)
	_, err := io.ReadFull(r, payload)
	return kind(head[0]), payload, err
}
