package opus

import (
	"encoding/binary"
	"fmt"
)

// An Ogg Opus file of mono voice (RFC 7845) whose pages have one size, so that a file which breaks off can be cut at one:
//
//	OpusHead │ OpusTags │ page: 5 packets of 20 ms, 60 bytes each │ … │ an empty page that ends the stream
const (
	VoiceRate        = 16000 // Hz of the PCM
	VoicePageSamples = voicePackets * voiceFrame
	VoicePageSize    = pageHeader + voicePackets + voicePackets*voiceBytes
	VoiceHeadSize    = pageHeader + 1 + 19 + pageHeader + 1 + 24

	voicePackets = 5
	voiceFrame   = VoiceRate / 50
	voiceBytes   = 60  // of a packet: 24 kbit/s
	voiceSkip    = 312 // samples at 48 kHz that the encoder looks ahead
	voiceSerial  = 1
)

// appendPage appends a page of whole packets that are shorter than 255 bytes.
func appendPage(b []byte, flags byte, number uint32, granule int64, packets ...[]byte) []byte {
	begin := len(b)
	b = append(append(b, "OggS\x00"...), flags)
	b = binary.LittleEndian.AppendUint64(b, uint64(granule))
	b = binary.LittleEndian.AppendUint32(b, voiceSerial)
	b = binary.LittleEndian.AppendUint32(b, number)
	b = append(b, 0, 0, 0, 0, byte(len(packets)))
	for _, p := range packets {
		b = append(b, byte(len(p)))
	}
	for _, p := range packets {
		b = append(b, p...)
	}
	binary.LittleEndian.PutUint32(b[begin+22:], checksum(b[begin:]))
	return b
}

// VoiceHead is how such a file begins.
func VoiceHead() []byte {
	head := append([]byte("OpusHead"), 1, 1)
	head = binary.LittleEndian.AppendUint16(head, voiceSkip)
	head = binary.LittleEndian.AppendUint32(head, VoiceRate)
	tags := append([]byte("OpusTags"), 8, 0, 0, 0)
	tags = append(append(tags, "Asterism"...), 0, 0, 0, 0)
	return appendPage(appendPage(nil, flagFirst, 0, 0, append(head, 0, 0, 0)), 0, 1, 0, tags)
}

// VoiceEnd is how a file of so many pages of sound ends.
func VoiceEnd(pages int64) []byte {
	return appendPage(nil, flagLast, uint32(2+pages), granuleOf(pages))
}

// granuleOf is what has been decoded behind so many pages, samples at 48 kHz.
func granuleOf(pages int64) int64 { return pages * VoicePageSamples * (ClockRate / VoiceRate) }

// VoiceEncoder makes the pages of one file. It has one owner.
type VoiceEncoder struct {
	enc     *Encoder
	pages   int64
	packets [voicePackets][MaxPacket]byte
}

// NewVoiceEncoder returns an encoder for a file.
func NewVoiceEncoder() (*VoiceEncoder, error) {
	enc, err := NewEncoder(Options{SampleRate: VoiceRate, Complexity: 5, Bitrate: voiceBytes * 8 * 50, CBR: true, Bandwidth: Wideband, Application: VoIP})
	return &VoiceEncoder{enc: enc}, err
}

// Encode makes whole pages of pcm, which is a multiple of VoicePageSamples, in dst, VoicePageSize bytes each.
func (v *VoiceEncoder) Encode(dst []byte, pcm []int16) (int, error) {
	n := 0
	for ; len(pcm) >= VoicePageSamples; pcm = pcm[VoicePageSamples:] {
		var packets [voicePackets][]byte
		for i := range packets {
			length, err := v.enc.Encode(v.packets[i][:], pcm[i*voiceFrame:(i+1)*voiceFrame])
			if err == nil && length != voiceBytes {
				err = fmt.Errorf("opus: a packet of %d bytes at a constant rate of %d", length, voiceBytes)
			}
			if err != nil {
				return n, err
			}
			packets[i] = v.packets[i][:length]
		}
		v.pages++
		n += len(appendPage(dst[n:n], 0, uint32(1+v.pages), granuleOf(v.pages), packets[:]...))
	}
	return n, nil
}
