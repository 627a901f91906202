package sound

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"asterism/codecs/g711"
	"asterism/codecs/g722"
	"asterism/codecs/gsm"
	"asterism/codecs/opus"
)

// The bounds of one sound: a file, and what comes out of it (half an hour at 48 kHz).
const (
	maxFileBytes = 128 << 20
	maxSamples   = 48000 * 60 * 30
)

var errTooLong = fmt.Errorf("more than %d samples", maxSamples)

type decoder func(file []byte) (*Clip, error)

// format is how files of one extension are read.
type format struct {
	extension string
	rate      int // Hz, what the extension stands for; a WAV, AU or Opus file says its own
	decode    decoder
}

// formats: extensions are Asterisk's. Of one rate the better sound stands first.
var formats = []format{
	{"sln192", 192000, sln(192000)}, {"sln96", 96000, sln(96000)},
	{"sln48", 48000, sln(48000)}, {"opus", 48000, decodeOpus}, {"ogg", 48000, decodeOpus},
	{"sln44", 44100, sln(44100)}, {"sln32", 32000, sln(32000)}, {"sln24", 24000, sln(24000)},
	{"wav16", 16000, decodeWAV}, {"sln16", 16000, sln(16000)}, {"g722", 16000, decodeG722},
	{"sln12", 12000, sln(12000)},
	{"wav", 8000, decodeWAV}, {"sln", 8000, sln(8000)}, {"sln8", 8000, sln(8000)}, {"slin", 8000, sln(8000)}, {"raw", 8000, sln(8000)},
	{"ulaw", 8000, decodeULaw}, {"ul", 8000, decodeULaw}, {"ulw", 8000, decodeULaw}, {"mu", 8000, decodeULaw}, {"pcm", 8000, decodeULaw},
	{"au", 8000, decodeAU},
	{"alaw", 8000, decodeALaw}, {"al", 8000, decodeALaw}, {"alw", 8000, decodeALaw},
	{"WAV", gsmRate, decodeWAV}, {"wav49", gsmRate, decodeWAV}, {"gsm", gsmRate, decodeGSM},
}

// gsmRate puts GSM behind all else: it is not only narrow-band, its coding is heard.
const gsmRate = 0

// byCost are the formats in the order in which they suit a channel whose PCM has rate Hz: first those that lose nothing, the nearest
// rate first (it costs the least to convert at each playback); then the narrower ones, the widest first; GSM last.
//
// Deviates: Asterisk goes by its translators' costs, because it decodes at each playback. Here decoding is done once.
func byCost(rate int) []format {
	cost := func(f format) int {
		if f.rate >= rate {
			return f.rate - rate
		}
		return 1e6 + rate - f.rate
	}
	return slices.SortedStableFunc(slices.Values(formats), func(a, b format) int { return cmp.Compare(cost(a), cost(b)) })
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
		if err != nil {
			return nil, err
		}
		return narrow(NewClip(rate, pcm)), nil
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

// decodeG722 reads the bytes of 64 kbit/s G.722 as RTP carries them.
func decodeG722(b []byte) (*Clip, error) {
	if len(b) > maxSamples/2 {
		return nil, errTooLong
	}
	pcm := make([]int16, 2*len(b))
	_, err := g722.NewDecoder().Decode(pcm, b)
	return NewClip(g722.SampleRate, pcm), err
}

// decodeGSM reads frames of 33 bytes. One without its signature is left out, as Asterisk does; a last one cut short too.
func decodeGSM(b []byte) (*Clip, error) {
	frames := len(b) / gsm.FrameSize
	if frames > maxSamples/gsm.FrameSamples {
		return nil, errTooLong
	}
	pcm, d, n := make([]int16, frames*gsm.FrameSamples), gsm.NewDecoder(), 0
	for i := range frames {
		if m, err := d.Decode(pcm[n:], b[i*gsm.FrameSize:][:gsm.FrameSize]); err == nil {
			n += m
		}
	}
	if n == 0 && frames > 0 {
		return nil, errors.New("gsm: none of its frames begins with the signature 0xD")
	}
	return NewClip(gsm.SampleRate, pcm[:n]), nil
}

// decodePairs reads GSM as WAV files hold it: 65 bytes for two frames.
func decodePairs(b []byte) ([]int16, error) {
	pairs := len(b) / gsm.PairSize
	if pairs > maxSamples/(2*gsm.FrameSamples) {
		return nil, errTooLong
	}
	pcm := make([]int16, pairs*2*gsm.FrameSamples)
	_, err := gsm.NewDecoder().DecodePairs(pcm, b[:pairs*gsm.PairSize])
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
	return mixDown(int64(word(4)), int64(word(5)), pcm)
}

// mixDown checks what a header says of rate and channels, and makes one channel of two.
func mixDown(rate, channels int64, pcm []int16) (*Clip, error) {
	if rate < 8000 || rate > 192000 {
		return nil, fmt.Errorf("%d Hz; 8000 to 192000 are read", rate)
	}
	switch channels {
	case 1:
	case 2:
		mono := pcm[:len(pcm)/2]
		for i := range mono {
			mono[i] = int16((int32(pcm[2*i]) + int32(pcm[2*i+1])) / 2)
		}
		pcm = mono
	default:
		return nil, errors.New("neither mono nor stereo")
	}
	return narrow(NewClip(int(rate), pcm)), nil
}
