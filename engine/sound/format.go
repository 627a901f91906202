package sound

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"asterism/codecs/g711"
	"asterism/codecs/opus"
)

// The bounds of one sound: a file, and what comes out of it (half an hour at 48 kHz).
const (
	maxFileBytes = 128 << 20
	maxSamples   = 48000 * 60 * 30
)

var errTooLong = fmt.Errorf("more than %d samples", maxSamples)

type decoder func(file []byte) (*Clip, error)

// formats in the order of preference: wide-band before narrow-band, linear before companded. Extensions are Asterisk's.
var formats = []struct {
	extension string
	decode    decoder
}{
	{"wav16", decodeWAV}, {"sln16", sln(16000)}, {"sln24", sln(24000)}, {"sln32", sln(32000)}, {"sln44", sln(44100)},
	{"sln48", sln(48000)}, {"sln12", sln(12000)}, {"opus", decodeOpus}, {"ogg", decodeOpus},
	{"wav", decodeWAV}, {"sln", sln(8000)}, {"slin", sln(8000)}, {"raw", sln(8000)},
	{"ulaw", decodeULaw}, {"ul", decodeULaw}, {"mu", decodeULaw}, {"pcm", decodeULaw}, {"au", decodeAU},
	{"alaw", decodeALaw}, {"al", decodeALaw}, {"alw", decodeALaw},
}

func extensions() string {
	var names []string
	for _, f := range formats {
		names = append(names, f.extension)
	}
	return strings.Join(names, " ")
}

// decodeFile reads a file of the given size and decodes it.
func decodeFile(root fs.FS, name string, size int64, decode decoder) (*Clip, error) {
	if size > maxFileBytes {
		return nil, fmt.Errorf("%d bytes; at most %d are read", size, maxFileBytes)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// The size is of a moment ago: read no more than the bound whatever it is now.
	b, err := io.ReadAll(io.LimitReader(f, maxFileBytes))
	if err != nil {
		return nil, err
	}
	return decode(b)
}

// sln reads headerless 16-bit little-endian PCM.
func sln(rate int) decoder {
	return func(b []byte) (*Clip, error) {
		pcm, err := decodePCM16(b, binary.LittleEndian)
		return NewClip(rate, pcm), err
	}
}

func decodeULaw(b []byte) (*Clip, error) {
	pcm, err := expand(b, g711.ULaw{})
	return NewClip(8000, pcm), err
}

func decodeALaw(b []byte) (*Clip, error) {
	pcm, err := expand(b, g711.ALaw{})
	return NewClip(8000, pcm), err
}

// law is µ-law or A-law.
type law interface {
	Decode(dst []int16, payload []byte) (int, error)
}

func expand(b []byte, l law) ([]int16, error) {
	if len(b) > maxSamples {
		return nil, errTooLong
	}
	pcm := make([]int16, len(b))
	_, err := l.Decode(pcm, b)
	return pcm, err
}

func decodePCM16(b []byte, order binary.ByteOrder) ([]int16, error) {
	if len(b)/2 > maxSamples {
		return nil, errTooLong
	}
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(order.Uint16(b[2*i:]))
	}
	return pcm, nil
}

func decodeOpus(b []byte) (*Clip, error) {
	pcm, rate, err := opus.DecodeOgg(bytes.NewReader(b), 0, maxSamples)
	return NewClip(rate, pcm), err
}

// decodeAU reads Sun's format: ".snd", then big-endian words: offset of the data, its size (or -1), encoding, rate, channels.
func decodeAU(b []byte) (*Clip, error) {
	if len(b) < 24 || string(b[:4]) != ".snd" {
		return decodeULaw(b) // Asterisk takes .au without header for µ-law
	}
	word := func(i int) uint32 { return binary.BigEndian.Uint32(b[4*i:]) }
	if word(1) < 24 || int64(word(1)) > int64(len(b)) {
		return nil, fmt.Errorf("au: data at %d in a file of %d bytes", word(1), len(b))
	}
	data := b[word(1):]
	if size := word(2); int64(size) < int64(len(data)) {
		data = data[:size]
	}
	var pcm []int16
	var err error
	switch word(3) {
	case 1:
		pcm, err = expand(data, g711.ULaw{})
	case 3:
		pcm, err = decodePCM16(data, binary.BigEndian)
	case 27:
		pcm, err = expand(data, g711.ALaw{})
	default:
		err = fmt.Errorf("au: encoding %d; 1 (µ-law), 3 (16-bit) and 27 (A-law) are read", word(3))
	}
	if err != nil {
		return nil, err
	}
	return mixDown(int64(word(4)), int(word(5)), pcm)
}

// mixDown checks what a header says of rate and channels, and makes one channel of two.
func mixDown(rate int64, channels int, pcm []int16) (*Clip, error) {
	if rate < 8000 || rate > 48000 {
		return nil, fmt.Errorf("%d Hz; 8000 to 48000 are read", rate)
	}
	switch channels {
	case 1:
		return NewClip(int(rate), pcm), nil
	case 2:
		mono := pcm[:len(pcm)/2]
		for i := range mono {
			mono[i] = int16((int32(pcm[2*i]) + int32(pcm[2*i+1])) / 2)
		}
		return NewClip(int(rate), mono), nil
	}
	return nil, errors.New("neither mono nor stereo")
}
