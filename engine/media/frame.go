package media

import (
	"errors"
	"time"

	"asterism/codecs"
)

// ErrFormat is returned by a Sink that cannot take a frame of this format.
var ErrFormat = errors.New("media: format not agreed on this leg")

// ErrClosed is returned when a port, or the engine, is closed.
var ErrClosed = errors.New("media: port closed")

// Frame is one packet's worth of media, without its transport. A frame is borrowed: its Payload is valid until WriteFrame
// returns, whoever wants to keep it copies it.
type Frame struct {
	Format    codecs.Format // as codecs.All names it, so formats compare with ==; "telephone-event" for digits
	Payload   []byte        // empty: left out on purpose; what follows takes its number, and it is no loss
	Timestamp uint32        // samples at Format.Rate
	Seq       uint16        // of the stream Source names; a gap is a loss
	Marker    bool          // first frame of a talkspurt, or of a digit
	Samples   int           // duration in samples at Format.Rate; 0 = not known

	// Source tells one stream from the next: it changes with whatever breaks the continuity of Timestamp and Seq (another
	// leg, another SSRC, another playback). Zero is never used by this package.
	Source uint64
}

// Sink takes frames. WriteFrame runs on the shard that owns the feeding port and never blocks.
type Sink interface {
	WriteFrame(*Frame) error
}

// Source yields the PCM of a playback: 16-bit mono at Rate Hz. Read fills up to len(pcm) samples and returns io.EOF at the
// end; a short read without error is continued at once, (0, nil) stands for a frame of silence. It is called on the shard
// and must not block.
type Source interface {
	Rate() int
	Read(pcm []int16) (int, error)
}

// packetSource is a Source that may know what its samples were encoded to before. All methods are the shard's.
type packetSource interface {
	Source
	// Tune says what packets are wanted from now on: those of an equal key are alike, and have so many samples. nil: none.
	Tune(key any, samples int)
	// Packet returns the next packet, borrowed, and moves behind it; nil: not known, Read and encode.
	Packet() []byte
	// Keep is told what the samples read since Packet were encoded to.
	Keep(payload []byte)
	// Before fills pcm with the samples before those read next, as far as there are any.
	Before(pcm []int16) int
}

// Digit is a key the peer pressed, told when it was let go.
type Digit struct {
	Rune     rune // 0–9 * # A–D, '!' for a hook flash
	Duration time.Duration
}

// Discard is the sink of a port that is not bridged.
var Discard Sink = discard{}

type discard struct{}

func (discard) WriteFrame(*Frame) error { return nil }
