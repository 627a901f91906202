package opus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// DecodeOgg decodes an Ogg Opus file (RFC 7845) to mono PCM at rate Hz (8000, 12000, 16000, 24000, 48000; 0: the lowest of
// these that holds the rate the file was made from). More than maxSamples samples are an error.
func DecodeOgg(r io.Reader, rate, maxSamples int) (pcm []int16, pcmRate int, err error) {
	stream := packets{pages: pages{r: r}}
	head, err := readHead(&stream)
	if err != nil {
		return nil, 0, err
	}
	if rate == 0 {
		rate = head.rate()
	}
	dec, err := NewDecoder(rate)
	if err != nil {
		return nil, 0, err
	}
	pcm, err = decodePackets(&stream, dec, head.preSkip*rate/ClockRate, maxSamples)
	if err != nil {
		return nil, 0, err
	}
	head.amplify(pcm)
	return pcm, rate, nil
}

// decodePackets decodes the stream's audio packets, dropping the first preSkip samples and what lies beyond the granule
// position of the last page (RFC 7845 §4).
func decodePackets(stream *packets, dec *Decoder, preSkip, maxSamples int) ([]int16, error) {
	var pcm []int16
	frame := make([]int16, MaxFrame*dec.rate/ClockRate)
	for dropped := 0; ; {
		packet, granule, last, err := stream.next()
		if errors.Is(err, io.EOF) {
			return pcm, nil
		}
		if err != nil {
			return nil, err
		}
		n, err := dec.Decode(frame, packet)
		if err != nil {
			return nil, fmt.Errorf("ogg: audio packet: %w", err)
		}
		skip := min(n, preSkip-dropped)
		dropped += skip
		pcm = append(pcm, frame[skip:n]...)
		if last {
			// Granule positions count 48 kHz samples, the pre-skip included.
			end := min(granule, math.MaxInt32)*int64(dec.rate)/ClockRate - int64(preSkip)
			pcm = pcm[:max(0, min(int64(len(pcm)), end))]
		}
		if len(pcm) > maxSamples {
			return nil, fmt.Errorf("ogg: more than %d samples", maxSamples)
		}
	}
}

// head is the identification header (RFC 7845 §5.1):
//
//	0 "OpusHead"   8 version   9 channels   10 pre-skip (48 kHz samples), 2 bytes   12 input rate, 4 bytes
//	16 gain, Q7.8 dB, 2 bytes   18 mapping family
type head struct {
	preSkip   int
	inputRate uint32
	gain      int16
}

func readHead(stream *packets) (head, error) {
	p, _, _, err := stream.next()
	if err != nil {
		return head{}, notOgg(err)
	}
	if len(p) < 19 || string(p[:8]) != "OpusHead" {
		return head{}, fmt.Errorf("%w: the first packet is no OpusHead; only Opus is read from Ogg files", errOgg)
	}
	h := head{
		preSkip:   int(binary.LittleEndian.Uint16(p[10:])),
		inputRate: binary.LittleEndian.Uint32(p[12:]),
		gain:      int16(binary.LittleEndian.Uint16(p[16:])),
	}
	switch version, channels, family := p[8], p[9], p[18]; {
	case version>>4 != 0:
		return head{}, fmt.Errorf("%w: Opus version %d", errOgg, version)
	case family != 0 || channels < 1 || channels > 2:
		return head{}, fmt.Errorf("%w: %d channels in mapping family %d; mono and stereo are read", errOgg, channels, family)
	}
	if _, _, _, err = stream.next(); err != nil { // OpusTags
		return head{}, notOgg(err)
	}
	return h, nil
}

func notOgg(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: file ends before the audio", errOgg)
	}
	return err
}

// rate is the lowest rate libopus decodes to that loses nothing of the original.
func (h head) rate() int {
	for _, r := range []int{8000, 12000, 16000, 24000} {
		if h.inputRate != 0 && h.inputRate <= uint32(r) {
			return r
		}
	}
	return ClockRate
}

// amplify applies the header's output gain.
func (h head) amplify(pcm []int16) {
	if h.gain == 0 {
		return
	}
	factor := math.Pow(10, float64(h.gain)/(20*256))
	for i, s := range pcm {
		pcm[i] = int16(min(max(math.Round(float64(s)*factor), math.MinInt16), math.MaxInt16))
	}
}
