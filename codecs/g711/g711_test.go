package g711

import (
	"bytes"
	"testing"

	"asterism/codecs/codectest"
)

// TestReference compares with points of G.711's tables 1a and 2a, scaled to 16 bits.
func TestReference(t *testing.T) {
	for _, tt := range []struct {
		name       string
		ulaw, alaw byte
		pcmU, pcmA int16
	}{
		{"smallest positive", 0xFF, 0xD5, 0, 8},
		{"smallest negative", 0x7F, 0x55, 0, -8},
		{"largest positive", 0x80, 0xAA, 32124, 32256},
		{"largest negative", 0x00, 0x2A, -32124, -32256},
	} {
		if got := DecodeULaw(tt.ulaw); got != tt.pcmU {
			t.Errorf("%s: µ-law %02x = %d, want %d", tt.name, tt.ulaw, got, tt.pcmU)
		}
		if got := DecodeALaw(tt.alaw); got != tt.pcmA {
			t.Errorf("%s: A-law %02x = %d, want %d", tt.name, tt.alaw, got, tt.pcmA)
		}
	}
}

func TestEveryCodeSurvives(t *testing.T) {
	for i := range 256 {
		b := byte(i)
		if got := EncodeULaw(DecodeULaw(b)); got != b && b != 0x7F { // µ-law has two zeros; 0x7F comes back as 0xFF
			t.Errorf("µ-law %02x came back as %02x", b, got)
		}
		if got := EncodeALaw(DecodeALaw(b)); got != b {
			t.Errorf("A-law %02x came back as %02x", b, got)
		}
	}
}

// TestNearest: no other code would have been nearer to the sample, but for the bits the tables leave out, and at segment
// borders, where G.711 puts the decision at the border and not half-way between the codes.
func TestNearest(t *testing.T) {
	distance := func(a, b int16) int { return max(int(a)-int(b), int(b)-int(a)) }
	for s := -32768; s <= 32767; s++ {
		bestU, bestA := 1<<20, 1<<20
		for i := range 256 {
			bestU = min(bestU, distance(int16(s), DecodeULaw(byte(i))))
			bestA = min(bestA, distance(int16(s), DecodeALaw(byte(i))))
		}
		if got := distance(int16(s), DecodeULaw(EncodeULaw(int16(s)))); got > bestU+8+max(s, -s)/50 {
			t.Fatalf("µ-law of %d is off by %d, %d is possible", s, got, bestU)
		}
		if got := distance(int16(s), DecodeALaw(EncodeALaw(int16(s)))); got > bestA+16+max(s, -s)/50 {
			t.Fatalf("A-law of %d is off by %d, %d is possible", s, got, bestA)
		}
	}
}

// TestRecode: the direct tables err no more than one step of the coarser law, keep the sign, and are stable: there and back
// and there again changes nothing more.
func TestRecode(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	a, u, a2 := make([]byte, 256), make([]byte, 256), make([]byte, 256)
	ULawToALaw(a, all)
	ALawToULaw(u, a)
	ULawToALaw(a2, u)
	if !bytes.Equal(a, a2) {
		t.Error("recoding does not settle")
	}
	for i := range 256 {
		pcm, got := int(DecodeULaw(byte(i))), int(DecodeALaw(a[i]))
		if diff := max(pcm-got, got-pcm); diff > 16+max(pcm, -pcm)/16 {
			t.Errorf("µ-law %02x = %d became %d", i, pcm, got)
		}
		if pcm != 0 && (pcm > 0) != (got > 0) {
			t.Errorf("µ-law %02x = %d changed its sign to %d", i, pcm, got)
		}
	}
	inPlace := bytes.Clone(all)
	ULawToALaw(inPlace, inPlace)
	if !bytes.Equal(inPlace, a) {
		t.Error("in place differs")
	}
}

func TestConform(t *testing.T) {
	signals := codectest.Signals(8000, 1)
	codectest.Conform(t, codectest.Coder{
		Encoder: func() codectest.Encoder { return ULaw{} }, Decoder: func() codectest.Decoder { return ULaw{} }, Samples: 160}, signals)
	codectest.Conform(t, codectest.Coder{
		Encoder: func() codectest.Encoder { return ALaw{} }, Decoder: func() codectest.Decoder { return ALaw{} }, Samples: 160}, signals)
}

func TestShort(t *testing.T) {
	if _, err := (ULaw{}).Encode(make([]byte, 1), make([]int16, 2)); err != ErrShortBuffer {
		t.Error(err)
	}
	if _, err := (ALaw{}).Decode(make([]int16, 1), make([]byte, 2)); err != ErrShortBuffer {
		t.Error(err)
	}
}

// FuzzCodec: any bytes decode to as many samples, and coding those again is stable.
func FuzzCodec(f *testing.F) {
	f.Add([]byte{0, 1, 0x7F, 0x80, 0xFF})
	f.Fuzz(func(t *testing.T, b []byte) {
		pcm, again := make([]int16, len(b)), make([]byte, len(b))
		pcm2 := make([]int16, len(b))
		for _, c := range []interface {
			Encode([]byte, []int16) (int, error)
			Decode([]int16, []byte) (int, error)
		}{ULaw{}, ALaw{}} {
			if n, err := c.Decode(pcm, b); n != len(b) || err != nil {
				t.Fatal(n, err)
			}
			if n, err := c.Encode(again, pcm); n != len(b) || err != nil {
				t.Fatal(n, err)
			}
			_, _ = c.Decode(pcm2, again)
			for i := range pcm {
				if pcm[i] != pcm2[i] {
					t.Fatalf("%02x: %d, then %d", b[i], pcm[i], pcm2[i])
				}
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) { // budget: 200 ns a 20 ms frame
	pcm, dst := make([]int16, 160), make([]byte, 160)
	for i := range pcm {
		pcm[i] = int16(i*797 - 32000)
	}
	for b.Loop() {
		_, _ = ULaw{}.Encode(dst, pcm)
	}
}

func BenchmarkRecode(b *testing.B) { // budget: 200 ns a 20 ms frame
	src, dst := make([]byte, 160), make([]byte, 160)
	for i := range src {
		src[i] = byte(i * 7)
	}
	for b.Loop() {
		ULawToALaw(dst, src)
	}
}
