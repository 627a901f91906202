package g711

import (
	"bytes"
	"encoding/binary"
	"os/exec"
	"testing"
)

// TestAgainstG191 compares the code of every sample with the steps of the ITU-T's reference tool (G.191, which works in one's
// complement), and TestAgainstSox with another implementation.
func TestAgainstG191(t *testing.T) {
	var ulaw, alaw [1]byte
	for s := -32768; s <= 32767; s++ {
		_, _ = ULaw{}.Encode(ulaw[:], []int16{int16(s)})
		_, _ = ALaw{}.Encode(alaw[:], []int16{int16(s)})
		if u, a := referenceULaw(s), referenceALaw(s); ulaw[0] != u || alaw[0] != a {
			t.Fatalf("%d is %02x and %02x, want %02x and %02x", s, ulaw[0], alaw[0], u, a)
		}
	}
}

func referenceULaw(sample int) byte {
	sign := 0x80
	if sample < 0 {
		sign, sample = 0, ^sample
	}
	biased := min(sample>>2+33, 0x1FFF)
	segment := 1
	for rest := biased >> 6; rest != 0; rest >>= 1 {
		segment++
	}
	return byte(sign | (8-segment)<<4 | (15 - biased>>segment&15))
}

func referenceALaw(sample int) byte {
	sign := 0x80
	if sample < 0 {
		sign, sample = 0, ^sample
	}
	code := sample >> 4
	if code > 15 {
		exponent := 1
		for ; code > 31; code >>= 1 {
			exponent++
		}
		code += exponent<<4 - 16
	}
	return byte(sign|code) ^ 0x55
}

// TestAgainstSox: all codes decoded, and all 13-bit (A-law) or 14-bit samples (µ-law) encoded. Samples below zero lie between two of
// 14 bits, because sox and G.191 put what lies exactly upon a decision value into different steps.
func TestAgainstSox(t *testing.T) {
	tool, err := exec.LookPath("sox")
	if err != nil {
		t.Skip("sox is not installed")
	}
	raw := []string{"-t", "raw", "-r", "8000", "-e", "signed", "-b", "16", "-c", "1", "-"}
	run := func(in []byte, args ...string) []byte {
		cmd := exec.Command(tool, append([]string{"-D"}, args...)...)
		cmd.Stdin = bytes.NewReader(in)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for name, c := range map[string]struct {
		encode func([]byte, []int16) (int, error)
		decode func(byte) int16
		step   int
		below  int // where between two steps a negative sample lies
	}{"ul": {ULaw{}.Encode, DecodeULaw, 4, 2}, "al": {ALaw{}.Encode, DecodeALaw, 8, 0}} {
		law := []string{"-t", name, "-r", "8000", "-c", "1", "-"}
		codes := make([]byte, 256)
		for i := range codes {
			codes[i] = byte(i)
		}
		pcm := run(codes, append(law, raw...)...)
		for i := range codes {
			if got, want := c.decode(byte(i)), int16(binary.LittleEndian.Uint16(pcm[2*i:])); got != want {
				t.Errorf("%s: %02x is %d, sox has %d", name, i, got, want)
			}
		}
		var samples []int16
		var octets []byte
		for s := -32768; s <= 32767; s += c.step {
			x := int16(s)
			if s < 0 {
				x += int16(c.below)
			}
			if x == -2 {
				continue // sox rounds it to a positive zero
			}
			samples, octets = append(samples, x), binary.LittleEndian.AppendUint16(octets, uint16(x))
		}
		ours := make([]byte, len(samples))
		_, _ = c.encode(ours, samples)
		for i, theirs := range run(octets, append(raw, law...)...) {
			if ours[i] != theirs {
				t.Fatalf("%s: %d is %02x, sox has %02x", name, samples[i], ours[i], theirs)
			}
		}
	}
}
