package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// ReadWAV reads a PCM16 mono file as it stands: one that is still being written has a header with length 0, so all that
// follows the data chunk's head counts. It returns the samples after the first skip ones.
func ReadWAV(path string, skip int) (pcm []int16, rate int, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, err
	}
	data, rate, err := dataChunk(b)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	n := len(data) / 2
	if skip > n { // the file was begun anew
		skip = 0
	}
	pcm = make([]int16, n-skip)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(data[2*(skip+i):]))
	}
	return pcm, rate, nil
}

var errShort = errors.New("no data chunk yet")

func dataChunk(b []byte) (data []byte, rate int, err error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return nil, 0, errShort
	}
	for at := 12; at+8 <= len(b); {
		size := int(binary.LittleEndian.Uint32(b[at+4:]))
		body := b[at+8:]
		switch string(b[at : at+4]) {
		case "fmt ":
			if len(body) < 16 {
				return nil, 0, errShort
			}
			if f, ch, bits := binary.LittleEndian.Uint16(body), binary.LittleEndian.Uint16(body[2:]), binary.LittleEndian.Uint16(body[14:]); f != 1 || ch != 1 || bits != 16 {
				return nil, 0, fmt.Errorf("format %d, %d channels, %d bits: want PCM, 1, 16", f, ch, bits)
			}
			rate = int(binary.LittleEndian.Uint32(body[4:]))
		case "data":
			if rate == 0 {
				return nil, 0, errors.New("data before fmt")
			}
			if size > 0 && size <= len(body) {
				body = body[:size]
			}
			return body, rate, nil
		}
		at += 8 + size + size%2
	}
	return nil, 0, errShort
}

// WriteWAV writes mono PCM16.
func WriteWAV(path string, rate int, pcm []int16) error {
	b := make([]byte, 44, 44+2*len(pcm))
	copy(b, "RIFF")
	binary.LittleEndian.PutUint32(b[4:], uint32(36+2*len(pcm)))
	copy(b[8:], "WAVEfmt ")
	binary.LittleEndian.PutUint32(b[16:], 16)
	binary.LittleEndian.PutUint16(b[20:], 1)
	binary.LittleEndian.PutUint16(b[22:], 1)
	binary.LittleEndian.PutUint32(b[24:], uint32(rate))
	binary.LittleEndian.PutUint32(b[28:], uint32(2*rate))
	binary.LittleEndian.PutUint16(b[32:], 2)
	binary.LittleEndian.PutUint16(b[34:], 16)
	copy(b[36:], "data")
	binary.LittleEndian.PutUint32(b[40:], uint32(2*len(pcm)))
	for _, v := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return os.WriteFile(path, b, 0o644)
}
