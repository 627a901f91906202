// Package g711 codes 16-bit PCM as µ-law and A-law (ITU-T G.711, RFC 3551 §4.5.14), 8000 samples a second, one byte each.
//
// Encoding is a table look-up over the upper 14 (µ-law) or 13 (A-law) bits; µ-law and A-law are turned into each other by
// 256-byte tables, never through linear.
package g711

import "errors"

// ErrShortBuffer is returned when the destination cannot hold the result.
var ErrShortBuffer = errors.New("g711: destination too short")

// ULaw is a µ-law encoder and decoder; it has no state.
type ULaw struct{}

// ALaw is an A-law encoder and decoder; it has no state.
type ALaw struct{}

var (
	ulawLinear = makeDecodeTable(decodeULaw)
	alawLinear = makeDecodeTable(decodeALaw)
	linearULaw = makeULawTable() // index: (sample + 32768) >> 2
	linearALaw = makeALawTable() // index: (sample + 32768) >> 3
	ulawToALaw = makeULawToALaw()
	alawToULaw = makeALawToULaw()
)

// Encode writes one byte for each sample.
func (ULaw) Encode(dst []byte, pcm []int16) (int, error) {
	if len(dst) < len(pcm) {
		return 0, ErrShortBuffer
	}
	dst = dst[:len(pcm)]
	for i, s := range pcm {
		dst[i] = EncodeULaw(s)
	}
	return len(pcm), nil
}

// Decode writes one sample for each byte.
func (ULaw) Decode(dst []int16, payload []byte) (int, error) {
	return decode(dst, payload, &ulawLinear)
}

// Encode writes one byte for each sample.
func (ALaw) Encode(dst []byte, pcm []int16) (int, error) {
	if len(dst) < len(pcm) {
		return 0, ErrShortBuffer
	}
	dst = dst[:len(pcm)]
	for i, s := range pcm {
		dst[i] = EncodeALaw(s)
	}
	return len(pcm), nil
}

// Decode writes one sample for each byte.
func (ALaw) Decode(dst []int16, payload []byte) (int, error) {
	return decode(dst, payload, &alawLinear)
}

func decode(dst []int16, payload []byte, table *[256]int16) (int, error) {
	if len(dst) < len(payload) {
		return 0, ErrShortBuffer
	}
	dst = dst[:len(payload)]
	for i, b := range payload {
		dst[i] = table[b]
	}
	return len(payload), nil
}

// EncodeULaw returns the µ-law code of a sample.
func EncodeULaw(s int16) byte { return linearULaw[(int(s)+32768)>>2] }

// EncodeALaw returns the A-law code of a sample.
func EncodeALaw(s int16) byte { return linearALaw[(int(s)+32768)>>3] }

// DecodeULaw returns the sample a µ-law code stands for.
func DecodeULaw(b byte) int16 { return ulawLinear[b] }

// DecodeALaw returns the sample an A-law code stands for.
func DecodeALaw(b byte) int16 { return alawLinear[b] }

// ULawToALaw recodes src into dst, which must be at least as long and may be src itself.
func ULawToALaw(dst, src []byte) { recode(dst, src, &ulawToALaw) }

// ALawToULaw recodes src into dst, which must be at least as long and may be src itself.
func ALawToULaw(dst, src []byte) { recode(dst, src, &alawToULaw) }

func recode(dst, src []byte, table *[256]byte) {
	dst = dst[:len(src)]
	for i, b := range src {
		dst[i] = table[b]
	}
}
