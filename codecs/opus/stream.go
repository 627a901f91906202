package opus

import (
	"errors"
	"fmt"
	"io"
	"math"
)

// Stream decodes an Ogg Opus file (RFC 7845) piece by piece, for what is long or is played as it comes. It has one user.
type Stream struct {
	packets packets
	head    head
	dec     *Decoder
	frame   []int16 // decoded
	ready   []int16 // of frame, not yet read
	skip    int     // samples still to be dropped at the beginning
	made    int64   // samples given out, or ready
	err     error
}

// OpenOgg reads the headers of r; the sound will be mono PCM at rate Hz (8000, 12000, 16000, 24000, 48000).
func OpenOgg(r io.Reader, rate int) (*Stream, error) {
	s := &Stream{packets: packets{pages: pages{r: r}}}
	var err error
	if s.head, err = readHead(&s.packets); err != nil {
		return nil, err
	}
	if s.dec, err = NewDecoder(rate); err != nil {
		return nil, err
	}
	s.skip = s.head.preSkip * rate / ClockRate
	s.frame = make([]int16, MaxFrame*rate/ClockRate)
	return s, nil
}

// Rate is what OpenOgg was asked for, Hz.
func (s *Stream) Rate() int { return s.dec.rate }

// Read fills pcm with the next samples; io.EOF, with 0 samples, at the end.
func (s *Stream) Read(pcm []int16) (n int, err error) {
	for n < len(pcm) {
		if len(s.ready) == 0 {
			if s.err == nil {
				s.err = s.decode()
			}
			if s.err != nil {
				break
			}
			continue
		}
		m := copy(pcm[n:], s.ready)
		n += m
		s.ready = s.ready[m:]
	}
	if n == 0 && len(pcm) > 0 {
		return 0, s.err
	}
	return n, nil
}

// decode takes the next packet. Of the file's last page, what lies beyond its granule position is no sound (RFC 7845 §4).
func (s *Stream) decode() error {
	packet, granule, last, err := s.packets.next()
	if err != nil {
		return err
	}
	n, err := s.dec.Decode(s.frame, packet)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return fmt.Errorf("ogg: audio packet: %w", err)
	}
	skip := min(n, s.skip)
	s.skip -= skip
	s.ready = s.frame[skip:n]
	if last {
		end := min(granule, math.MaxInt32)*int64(s.dec.rate)/ClockRate - int64(s.head.preSkip*s.dec.rate/ClockRate)
		s.ready = s.ready[:max(0, min(int64(len(s.ready)), end-s.made))]
	}
	s.made += int64(len(s.ready))
	s.head.amplify(s.ready)
	return nil
}
