package codecs

import "encoding/binary"

// l16 is linear PCM in network byte order (RFC 3551 §4.5.11).
type l16 struct{}

func (l16) Encode(dst []byte, pcm []int16) (int, error) {
	if len(dst) < 2*len(pcm) {
		return 0, ErrShortBuffer
	}
	for i, s := range pcm {
		binary.BigEndian.PutUint16(dst[2*i:], uint16(s))
	}
	return 2 * len(pcm), nil
}

func (l16) Decode(dst []int16, payload []byte) (int, error) {
	n := len(payload) / 2
	if len(dst) < n {
		return 0, ErrShortBuffer
	}
	for i := range n {
		dst[i] = int16(binary.BigEndian.Uint16(payload[2*i:]))
	}
	return n, nil
}
