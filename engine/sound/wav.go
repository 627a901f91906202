package sound

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"asterism/codecs/g711"
	"asterism/codecs/gsm"
)

// WAVE format tags (RFC 2361).
const (
	wavPCM        = 1
	wavFloat      = 3
	wavALaw       = 6
	wavULaw       = 7
	wavGSM        = 49
	wavExtensible = 0xfffe
)

// wavFormat is the "fmt " chunk: 0 tag, 2 channels, 4 rate, 8 bytes a second, 12 block, 14 bits; an extensible one has its tag at 24.
type wavFormat struct {
	tag, channels, bits uint16
	rate                uint32
}

// maxChunks bounds the search for the data chunk.
const maxChunks = 1000

// scanWAV finds the sound in a RIFF/WAVE file of size bytes: where its data begin and how long they are.
// A data chunk that claims more than there is (a recording cut short) ends with the file; so does one of no
// length in a file of no length, which is a recording of Asterisk's that was cut short.
func scanWAV(r io.ReaderAt, size int64) (format wavFormat, at, length int64, err error) {
	var head [12]byte
	if _, err := r.ReadAt(head[:], 0); err != nil || string(head[:4]) != "RIFF" || string(head[8:]) != "WAVE" {
		return format, 0, 0, errors.New("wav: no RIFF/WAVE header")
	}
	unfinished := binary.LittleEndian.Uint32(head[4:]) == 0
	known := false
	at = 12
	for range maxChunks {
		if _, err := r.ReadAt(head[:8], at); err != nil {
			return format, 0, 0, errors.New("wav: no data chunk")
		}
		at += 8
		claim := int64(binary.LittleEndian.Uint32(head[4:]))
		length = min(claim, size-at)
		switch string(head[:4]) {
		case "fmt ":
			b := make([]byte, min(length, 40))
			if _, err := r.ReadAt(b, at); err != nil {
				return format, 0, 0, fmt.Errorf("wav: %w", err)
			}
			if format, err = parseWAVFormat(b); err != nil {
				return format, 0, 0, err
			}
			known = true
		case "data":
			if !known {
				return format, 0, 0, errors.New("wav: data before its format")
			}
			if claim == 0 && unfinished {
				length = size - at
			}
			return format, at, length, nil
		}
		at += claim + claim&1 // chunks are padded to even length
	}
	return format, 0, 0, fmt.Errorf("wav: no data among the first %d chunks", maxChunks)
}

func parseWAVFormat(b []byte) (f wavFormat, err error) {
	if len(b) < 16 {
		return f, errors.New("wav: format chunk too short")
	}
	le := binary.LittleEndian
	f = wavFormat{tag: le.Uint16(b), channels: le.Uint16(b[2:]), rate: le.Uint32(b[4:]), bits: le.Uint16(b[14:])}
	if f.tag == wavExtensible && len(b) >= 26 {
		f.tag = le.Uint16(b[24:])
	}
	return f, nil
}

// decodeWAV reads RIFF/WAVE: PCM of 8 to 32 bits, float, µ-law, A-law, GSM; mono or stereo.
func decodeWAV(b []byte) (*Clip, error) {
	f, at, length, err := scanWAV(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	pcm, err := f.decode(b[at : at+length])
	if err != nil {
		return nil, fmt.Errorf("wav: %w", err)
	}
	clip, err := mixDown(int64(f.rate), int64(f.channels), pcm)
	if err != nil {
		return nil, fmt.Errorf("wav: %w", err)
	}
	return clip, nil
}

func (f wavFormat) decode(data []byte) ([]int16, error) {
	switch {
	case f.tag == wavPCM && f.bits == 16:
		return decodePCM16(data, binary.LittleEndian)
	case f.tag == wavPCM && f.bits == 8:
		return samples(data, 1, func(b []byte) int16 { return (int16(b[0]) - 128) << 8 })
	case f.tag == wavPCM && (f.bits == 24 || f.bits == 32):
		size := int(f.bits / 8)
		return samples(data, size, func(b []byte) int16 { return int16(binary.LittleEndian.Uint16(b[size-2:])) })
	case f.tag == wavFloat && f.bits == 32:
		return samples(data, 4, fromFloat)
	case f.tag == wavULaw && f.bits == 8:
		return expand(data, g711.ULaw{})
	case f.tag == wavALaw && f.bits == 8:
		return expand(data, g711.ALaw{})
	case f.tag == wavGSM && f.channels == 1:
		return decodePairs(data)
	}
	return nil, fmt.Errorf("format %d of %d bits, %d channels; PCM of 8, 16, 24 and 32 bits, 32-bit float, 8-bit A-law and µ-law, and mono GSM are read",
		f.tag, f.bits, f.channels)
}

// samples turns each size bytes of data into a sample.
func samples(data []byte, size int, sample func([]byte) int16) ([]int16, error) {
	if len(data)/size > maxSamples {
		return nil, errTooLong
	}
	pcm := make([]int16, len(data)/size)
	for i := range pcm {
		pcm[i] = sample(data[i*size:][:size])
	}
	return pcm, nil
}

func fromFloat(b []byte) int16 {
	x := float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) * 32768
	if x != x { // not a number
		return 0
	}
	return int16(max(math.MinInt16, min(math.MaxInt16, math.Round(x))))
}

// unknownSize is what a header says while its file is being written: readers take what there is.
const unknownSize = -1

const (
	wavHeaderSize   = 44
	wav49HeaderSize = 60
	maxWAVData      = math.MaxUint32 - wav49HeaderSize - 1 // bytes that the header's sizes can tell
)

// wavHeader is that of 16-bit PCM.
func wavHeader(rate, channels int, data int64) []byte {
	b := riff(wavHeaderSize, data)
	b = appendFormat(b, 16, wavPCM, channels, rate, 2*channels*rate, uint16(2*channels), 16)
	return appendData(b, data)
}

// wav49Header is that of GSM in pairs of frames.
func wav49Header(data int64) []byte {
	le := binary.LittleEndian
	b := riff(wav49HeaderSize, data)
	b = appendFormat(b, 20, wavGSM, 1, gsm.SampleRate, gsm.SampleRate*gsm.PairSize/(2*gsm.FrameSamples), gsm.PairSize, 0)
	b = le.AppendUint16(b, 2) // bytes that follow
	b = le.AppendUint16(b, 2*gsm.FrameSamples)
	b = append(b, "fact\x04\x00\x00\x00"...)
	b = le.AppendUint32(b, uint32(max(0, data)/gsm.PairSize*2*gsm.FrameSamples))
	return appendData(b, data)
}

func riff(header, data int64) []byte {
	b := append(make([]byte, 0, header), "RIFF"...)
	if data == unknownSize {
		b = binary.LittleEndian.AppendUint32(b, math.MaxUint32)
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(header-8+data+data&1))
	}
	return append(b, "WAVE"...)
}

func appendFormat(b []byte, size uint32, tag uint16, channels, rate, bytesPerSecond int, block, bits uint16) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(append(b, "fmt "...), size)
	b = le.AppendUint16(b, tag)
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(bytesPerSecond))
	b = le.AppendUint16(b, block)
	return le.AppendUint16(b, bits)
}

func appendData(b []byte, data int64) []byte {
	return binary.LittleEndian.AppendUint32(append(b, "data"...), uint32(data)) // unknownSize becomes the largest
}

// WriteWAV writes pcm, mono at rate Hz, as a WAV file of 16-bit PCM.
func WriteWAV(w io.Writer, rate int, pcm []int16) error {
	data := 2 * int64(len(pcm))
	if data > maxWAVData {
		return errors.New("wav: more than 4 GiB")
	}
	b := append(make([]byte, 0, wavHeaderSize+data), wavHeader(rate, 1, data)...)
	for _, s := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	_, err := w.Write(b)
	return err
}
