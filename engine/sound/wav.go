package sound

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"asterism/codecs/g711"
)

// WAVE format tags (RFC 2361).
const (
	wavPCM        = 1
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

// decodeWAV reads RIFF/WAVE: PCM of 16 bits, µ-law, A-law; mono or stereo. A data chunk that claims more than there is
// (a recording cut short) ends with the file.
func decodeWAV(b []byte) (*Clip, error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return nil, errors.New("wav: no RIFF/WAVE header")
	}
	var format *wavFormat
	for b = b[12:]; len(b) >= 8; {
		name, claim, body := string(b[:4]), int64(binary.LittleEndian.Uint32(b[4:])), b[8:]
		size := min(claim, int64(len(body)))
		switch name {
		case "fmt ":
			f, err := parseWAVFormat(body[:size])
			if err != nil {
				return nil, err
			}
			format = f
		case "data":
			if format == nil {
				return nil, errors.New("wav: data before its format")
			}
			return format.decode(body[:size])
		}
		size += size & 1 // chunks are padded to even length
		b = body[min(size, int64(len(body))):]
	}
	return nil, errors.New("wav: no data chunk")
}

func parseWAVFormat(b []byte) (*wavFormat, error) {
	if len(b) < 16 {
		return nil, errors.New("wav: format chunk too short")
	}
	le := binary.LittleEndian
	f := &wavFormat{tag: le.Uint16(b), channels: le.Uint16(b[2:]), rate: le.Uint32(b[4:]), bits: le.Uint16(b[14:])}
	if f.tag == wavExtensible && len(b) >= 26 {
		f.tag = le.Uint16(b[24:])
	}
	return f, nil
}

func (f *wavFormat) decode(data []byte) (*Clip, error) {
	var pcm []int16
	var err error
	switch {
	case f.tag == wavPCM && f.bits == 16:
		pcm, err = decodePCM16(data, binary.LittleEndian)
	case f.tag == wavULaw && f.bits == 8:
		pcm, err = expand(data, g711.ULaw{})
	case f.tag == wavALaw && f.bits == 8:
		pcm, err = expand(data, g711.ALaw{})
	case f.tag == wavGSM:
		err = errors.New("GSM; convert it to 16-bit PCM (sox in.wav -r 8000 -c 1 -b 16 -e signed out.wav)")
	default:
		err = fmt.Errorf("format %d of %d bits; 16-bit PCM, 8-bit A-law and µ-law are read", f.tag, f.bits)
	}
	var clip *Clip
	if err == nil {
		clip, err = mixDown(int64(f.rate), int(f.channels), pcm)
	}
	if err != nil {
		return nil, fmt.Errorf("wav: %w", err)
	}
	return clip, nil
}

const wavHeader = 44

// WriteWAV writes pcm, mono at rate Hz, as a WAV file of 16-bit PCM.
func WriteWAV(w io.Writer, rate int, pcm []int16) error {
	if int64(len(pcm)) > (math.MaxUint32-wavHeader)/2 {
		return errors.New("wav: more than 4 GiB")
	}
	b := make([]byte, 0, wavHeader+2*len(pcm))
	le := binary.LittleEndian
	size := uint32(2 * len(pcm))
	b = append(b, "RIFF"...)
	b = le.AppendUint32(b, wavHeader-8+size)
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, wavPCM)
	b = le.AppendUint16(b, 1)
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(2*rate))
	b = le.AppendUint16(b, 2)
	b = le.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = le.AppendUint32(b, size)
	for _, s := range pcm {
		b = le.AppendUint16(b, uint16(s))
	}
	_, err := w.Write(b)
	return err
}
