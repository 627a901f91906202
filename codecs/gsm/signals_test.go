package gsm

import (
	"encoding/binary"
	"os"
	"testing"
)

// signal is two seconds of test sound, made of integers only, the same on every machine.
type signal struct {
	name string
	at   func(i int) int16
}

var signals = []signal{
	{"tone", func(i int) int16 { return sine(i*440, 8000) }},
	{"sweep to 4 kHz and back", func(i int) int16 { return sine(i*i/4, 30000) }},
	{"noise", func(i int) int16 { return random(i) / 8 }},
	{"faint noise", func(i int) int16 { return random(i) / 2048 }},
	{"noise at full level", random},
	{"noise in bursts", func(i int) int16 { return random(i) * int16(i/1400%3/2) }},
	{"overload", func(i int) int16 { return int16(i/37%2*65535 - 32768) }},
	{"silence", func(int) int16 { return 0 }},
}

func (s signal) pcm() []int16 {
	pcm := make([]int16, 2*SampleRate)
	for i := range pcm {
		pcm[i] = s.at(i)
	}
	return pcm
}

// sine is something like a sine, of two parabolas; phase in cycles per second of samples.
func sine(phase, level int) int16 {
	x := phase%SampleRate*65536/SampleRate - 32768
	return int16(x * (32768 - max(x, -x)) >> 13 * level >> 15)
}

func random(i int) int16 {
	x := uint32(i)*2654435761 + 12345
	x ^= x >> 15
	x *= 2246822519
	x ^= x >> 13
	return int16(x)
}

// speech is 200 ms of the prompt hello-world.
func speech(t testing.TB) []int16 { return samples(read(t, "testdata/speech.pcm")) }

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func samples(b []byte) []int16 {
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return pcm
}

func octets(pcm []int16) []byte {
	b := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}
