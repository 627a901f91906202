package sound

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"asterism/codecs/g711"
	"asterism/codecs/g722"
	"asterism/codecs/gsm"
	"asterism/codecs/opus"
)

// container is how files of one format are written: a header, then blocks of one size.
//
//	┌ header ┬ block ┬ block ┬ … ┬ pad ┐
//	  sizes    a sample, or frames  ▲ a zero if a WAV's data are of odd length
type container struct {
	rate         int // Hz
	blockSamples int
	blockSize    int // bytes
	headerSize   int // 0 without one
	header       func(data int64) []byte
	trailer      func(data int64) []byte // nil without one
	encode       func() encode
}

// encode codes whole blocks of one stream.
type encode func(dst []byte, pcm []int16) (int, error)

// containers by extension, which are Asterisk's.
func containerOf(name string) (container, error) {
	switch extension := strings.TrimPrefix(path.Ext(name), "."); extension {
	case "wav":
		return wavContainer(8000), nil
	case "wav16":
		return wavContainer(16000), nil
	case "WAV", "wav49":
		return container{rate: gsm.SampleRate, blockSamples: 2 * gsm.FrameSamples, blockSize: gsm.PairSize, headerSize: wav49HeaderSize, header: wav49Header,
			encode: func() encode { return gsm.NewEncoder().EncodePairs }}, nil
	case "gsm":
		return container{rate: gsm.SampleRate, blockSamples: gsm.FrameSamples, blockSize: gsm.FrameSize, encode: func() encode { return gsm.NewEncoder().Encode }}, nil
	case "ulaw", "ul", "ulw", "mu", "pcm":
		return container{rate: 8000, blockSamples: 1, blockSize: 1, encode: func() encode { return g711.ULaw{}.Encode }}, nil
	case "alaw", "al", "alw":
		return container{rate: 8000, blockSamples: 1, blockSize: 1, encode: func() encode { return g711.ALaw{}.Encode }}, nil
	case "g722":
		return container{rate: g722.SampleRate, blockSamples: 2, blockSize: 1, encode: func() encode { return g722.NewEncoder().Encode }}, nil
	case "opus", "ogg":
		return container{rate: opus.VoiceRate, blockSamples: opus.VoicePageSamples, blockSize: opus.VoicePageSize, headerSize: opus.VoiceHeadSize,
			header:  func(int64) []byte { return opus.VoiceHead() },
			trailer: func(data int64) []byte { return opus.VoiceEnd(data / opus.VoicePageSize) }, encode: encodeVoice}, nil
	default:
		if rate := slnRate(extension); rate > 0 {
			return container{rate: rate, blockSamples: 1, blockSize: 2, encode: func() encode { return encodePCM16 }}, nil
		}
		return container{}, fmt.Errorf("sound: %q: cannot record format %q; wav, wav16, wav49, gsm, ulaw, alaw, g722, opus, ogg and sln to sln192 are written", cut(name), cut(extension))
	}
}

func wavContainer(rate int) container {
	return container{rate: rate, blockSamples: 1, blockSize: 2, headerSize: wavHeaderSize, header: func(data int64) []byte { return wavHeader(rate, 1, data) },
		encode: func() encode { return encodePCM16 }}
}

// stereo is the same format with two channels; its blocks are of a sample of each.
func (c container) stereo() (container, error) {
	if c.blockSamples != 1 || c.blockSize != 2 {
		return c, errors.ErrUnsupported
	}
	c.blockSamples, c.blockSize = 2, 4
	if c.header != nil {
		rate := c.rate
		c.header = func(data int64) []byte { return wavHeader(rate, 2, data) }
	}
	return c, nil
}

// frames is how many moments a block has samples of.
func (c container) frames() int {
	if c.blockSize == 4 && c.blockSamples == 2 { // stereo
		return 1
	}
	return c.blockSamples
}

func slnRate(extension string) int {
	switch extension {
	case "sln", "sln8", "slin", "raw":
		return 8000
	case "sln12":
		return 12000
	case "sln16":
		return 16000
	case "sln24":
		return 24000
	case "sln32":
		return 32000
	case "sln44":
		return 44100
	case "sln48":
		return 48000
	case "sln96":
		return 96000
	case "sln192":
		return 192000
	}
	return 0
}

// encodeVoice makes pages of Ogg.
func encodeVoice() encode {
	v, err := opus.NewVoiceEncoder()
	if err != nil {
		return func([]byte, []int16) (int, error) { return 0, err }
	}
	return v.Encode
}

func encodePCM16(dst []byte, pcm []int16) (int, error) {
	for i, s := range pcm {
		binary.LittleEndian.PutUint16(dst[2*i:], uint16(s))
	}
	return 2 * len(pcm), nil
}

// store is the part of *os.File that writing needs. The sound goes through Write: of a write that was cut short by a full disk,
// File.WriteAt does not tell how much was written.
type store interface {
	io.Writer
	io.WriterAt
	Truncate(size int64) error
	Sync() error
}

// begin writes a header that holds while the sizes are not known.
func (c container) begin(f store) error {
	if c.header == nil {
		return nil
	}
	_, err := f.Write(c.header(unknownSize))
	return err
}

// finish ends the file after its first data bytes, which are whole blocks, makes its header right and waits until all is on disk.
// On a full disk the padding may be missing, which no reader minds.
func (c container) finish(f store, data int64) error {
	end := int64(c.headerSize) + data
	if err := f.Truncate(end); err != nil {
		return err
	}
	if c.header != nil {
		if _, err := f.WriteAt(c.header(data), 0); err != nil {
			return err
		}
		if c.trailer != nil {
			_, _ = f.WriteAt(c.trailer(data), end) // without it, too, every reader finds the end
		} else if data%2 == 1 {
			_, _ = f.WriteAt([]byte{0}, end)
		}
	}
	return f.Sync()
}

// whole is how many bytes of a file of the given size are whole blocks; negative when there is not even a header.
func (c container) whole(size int64) int64 {
	data := size - int64(c.headerSize)
	if data < 0 {
		return -1
	}
	return data / int64(c.blockSize) * int64(c.blockSize)
}

// existing finds the blocks in a finished file of size bytes, to go on after them.
func (c container) existing(r io.ReaderAt, size int64) (*io.SectionReader, error) {
	if c.trailer != nil {
		return nil, errors.New("ogg: nothing can be appended; record to another name, or in another format")
	}
	at, length := int64(0), size
	if c.header != nil {
		f, dataAt, dataLength, err := scanWAV(r, size)
		if err != nil {
			return nil, err
		}
		want, err := parseWAVFormat(c.header(0)[20:])
		if err != nil {
			return nil, err
		}
		if f.tag != want.tag || f.channels != want.channels || int(f.rate) != c.rate || f.tag == wavPCM && f.bits != want.bits {
			return nil, fmt.Errorf("wav: format %d of %d Hz, %d channels, %d bits; only format %d of %d Hz, mono, can be appended to",
				f.tag, f.rate, f.channels, f.bits, want.tag, c.rate)
		}
		at, length = dataAt, dataLength
	}
	return io.NewSectionReader(r, at, length/int64(c.blockSize)*int64(c.blockSize)), nil
}

// RateOf is the rate that recordings of this name's extension have, Hz.
func RateOf(name string) (int, error) {
	c, err := containerOf(name)
	return c.rate, err
}
