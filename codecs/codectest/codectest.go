// Package codectest is what the tests of the codecs share: sounds that are the same on every machine, PCM as bytes, and what is
// asked of every coder.
package codectest

import (
	"encoding/binary"
	"os"
	"slices"
	"testing"
)

// Signal is a test sound, made of integers only.
type Signal struct {
	Name string
	PCM  []int16
}

// Signals are seconds of sounds at a rate in Hz: a tone, a sweep, noises, bursts, overload and silence. The sweep reaches half the rate
// after one second and comes back in the next.
func Signals(rate, seconds int) []Signal {
	sine := func(phase, level int) int16 { return sine(phase%rate*65536/rate, level) }
	var list []Signal
	for _, s := range []struct {
		name string
		at   func(i int) int16
	}{
		{"tone", func(i int) int16 { return sine(i*440, 8000) }},
		{"sweep", func(i int) int16 { return sine(i*i/4, 30000) }},
		{"noise", func(i int) int16 { return Random(i) / 8 }},
		{"faint noise", func(i int) int16 { return Random(i) / 2048 }},
		{"noise at full level", Random},
		{"noise in bursts", func(i int) int16 { return Random(i) * int16(i/1400%3/2) }},
		{"overload", func(i int) int16 { return int16(i/37%2*65535 - 32768) }},
		{"silence", func(int) int16 { return 0 }},
	} {
		pcm := make([]int16, seconds*rate)
		for i := range pcm {
			pcm[i] = s.at(i)
		}
		list = append(list, Signal{s.name, pcm})
	}
	return list
}

// Find is a copy of the signal of this name.
func Find(t testing.TB, signals []Signal, name string) []int16 {
	t.Helper()
	for _, s := range signals {
		if s.Name == name {
			return slices.Clone(s.PCM)
		}
	}
	t.Fatalf("codectest: there is no signal %q", name)
	return nil
}

// sine is something like a sine, of two parabolas; phase in 1/65536 of a period.
func sine(phase, level int) int16 {
	x := phase - 32768
	return int16(x * (32768 - max(x, -x)) >> 13 * level >> 15)
}

// Random is sample i of white noise at full level.
func Random(i int) int16 {
	x := uint32(i)*2654435761 + 12345
	x ^= x >> 15
	x *= 2246822519
	x ^= x >> 13
	return int16(x)
}

// Read is a file of the test's own testdata.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Samples are the little-endian PCM in b, Octets the way back.
func Samples(b []byte) []int16 {
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return pcm
}

// Octets is pcm as little-endian bytes.
func Octets(pcm []int16) []byte {
	b := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}
