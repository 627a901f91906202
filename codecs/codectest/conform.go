package codectest

import (
	"slices"
	"testing"
)

// Coder is a codec as Conform wants it: new coders, and a packet's length in samples.
type Coder struct {
	Encoder func() Encoder
	Decoder func() Decoder
	Samples int // in a packet
}

// Encoder and Decoder are what every codec has.
type (
	Encoder interface {
		Encode(dst []byte, pcm []int16) (int, error)
	}
	Decoder interface {
		Decode(dst []int16, payload []byte) (int, error)
	}
)

// Conform asks of a coder what its users count on: a packet decodes to as many samples as it was made of, two coders of one kind do the
// same, too short a destination is refused and changes nothing, neither input is written to, and nothing is allocated.
func Conform(t *testing.T, c Coder, signals []Signal) {
	t.Helper()
	for _, s := range signals {
		e, e2, d, d2 := c.Encoder(), c.Encoder(), c.Decoder(), c.Decoder()
		code, code2 := make([]byte, 4096), make([]byte, 4096)
		out, out2 := make([]int16, c.Samples), make([]int16, c.Samples)
		for at := 0; at+c.Samples <= len(s.PCM); at += c.Samples {
			pcm := slices.Clone(s.PCM[at : at+c.Samples])
			if _, err := e.Encode(nil, pcm); err == nil {
				t.Fatalf("%s: a packet fitted into nothing", s.Name)
			}
			n, err := e.Encode(code, pcm)
			n2, _ := e2.Encode(code2, pcm)
			if err != nil || n == 0 || !slices.Equal(code[:n], code2[:n2]) || !slices.Equal(pcm, s.PCM[at:at+c.Samples]) {
				t.Fatalf("%s, sample %d: encoded to %d and %d bytes, %v", s.Name, at, n, n2, err)
			}
			if _, err := d.Decode(out[:c.Samples-1], code[:n]); err == nil {
				t.Fatalf("%s: a packet decoded into less than it holds", s.Name)
			}
			m, err := d.Decode(out, code[:n])
			m2, _ := d2.Decode(out2, code2[:n2])
			if err != nil || m != c.Samples || m2 != m || !slices.Equal(out, out2) || !slices.Equal(code[:n], code2[:n]) {
				t.Fatalf("%s, sample %d: decoded to %d and %d samples, %v", s.Name, at, m, m2, err)
			}
		}
	}
	e, d, pcm, code, out := c.Encoder(), c.Decoder(), signals[0].PCM[:c.Samples], make([]byte, 4096), make([]int16, c.Samples)
	if n := testing.AllocsPerRun(50, func() {
		size, _ := e.Encode(code, pcm)
		_, _ = d.Decode(out, code[:size])
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
