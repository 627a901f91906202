package opus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"strings"
	"testing"
)

// oggPage writes one page; the segments are whole packets unless open says the last one goes on.
func oggPage(serial, number uint32, flags byte, granule int64, open bool, packets ...[]byte) []byte {
	var lengths, body []byte
	for i, p := range packets {
		body = append(body, p...)
		n := len(p)
		for ; n >= 255; n -= 255 {
			lengths = append(lengths, 255)
		}
		if !open || i < len(packets)-1 {
			lengths = append(lengths, byte(n))
		}
	}
	b := append([]byte("OggS\x00"), flags)
	b = binary.LittleEndian.AppendUint64(b, uint64(granule))
	b = binary.LittleEndian.AppendUint32(b, serial)
	b = binary.LittleEndian.AppendUint32(b, number)
	b = append(b, 0, 0, 0, 0, byte(len(lengths)))
	b = append(append(b, lengths...), body...)
	binary.LittleEndian.PutUint32(b[22:], checksum(b))
	return b
}

type file struct {
	version, channels, family byte
	preSkip                   uint16
	rate                      uint32
	gain                      int16
}

func (f file) head() []byte {
	b := append([]byte("OpusHead"), f.version, f.channels)
	b = binary.LittleEndian.AppendUint16(b, f.preSkip)
	b = binary.LittleEndian.AppendUint32(b, f.rate)
	b = binary.LittleEndian.AppendUint16(b, uint16(f.gain))
	return append(b, f.family)
}

var tags = []byte("OpusTags\x00\x00\x00\x00\x00\x00\x00\x00")

// ogg writes packets of 20 ms as a file of samples 48 kHz samples, the pre-skip not counted.
func (f file) ogg(packets [][]byte, samples int64) []byte {
	b := oggPage(7, 0, flagFirst, 0, false, f.head())
	b = append(b, oggPage(7, 1, 0, 0, false, tags)...)
	for i := 0; i < len(packets); i += 5 {
		group := packets[i:min(i+5, len(packets))]
		flags, granule := byte(0), int64(i+len(group))*960
		if i+5 >= len(packets) {
			flags, granule = flagLast, samples+int64(f.preSkip)
		}
		b = append(b, oggPage(7, uint32(i/5+2), flags, granule, false, group...)...)
	}
	return b
}

var plain = file{version: 1, channels: 1, preSkip: 312, rate: 16000}

func toneFile(t testing.TB, f file) []byte {
	o := DefaultOptions()
	packets := encode(t, encoder(t, o), sine(48000, 1000, 0.5))
	return f.ogg(packets, 20000)
}

func TestDecodeOgg(t *testing.T) {
	for _, tt := range []struct{ header, ask, want int }{
		{16000, 0, 16000}, {8000, 0, 8000}, {44100, 0, 48000}, {0, 0, 48000}, {48000, 8000, 8000}, {11025, 0, 12000}, {22050, 0, 24000},
	} {
		f := plain
		f.rate = uint32(tt.header)
		pcm, rate, err := DecodeOgg(bytes.NewReader(toneFile(t, f)), tt.ask, math.MaxInt32)
		if err != nil || rate != tt.want {
			t.Fatalf("%+v: %d Hz, %v", tt, rate, err)
		}
		if want := 20000 * rate / 48000; len(pcm) < want-1 || len(pcm) > want+1 {
			t.Errorf("%+v: %d samples, want %d", tt, len(pcm), want)
		}
		if s := share(pcm, rate, 1000); s < 0.9 {
			t.Errorf("%+v: tone is %.2f of what is heard", tt, s)
		}
	}
}

func TestOggGain(t *testing.T) {
	loud := func(gain int16) (top int) {
		f := plain
		f.gain = gain
		pcm, _, err := DecodeOgg(bytes.NewReader(toneFile(t, f)), 0, math.MaxInt32)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range pcm {
			top = max(top, int(s))
		}
		return top
	}
	if half, whole, clipped := loud(-6*256-5), loud(0), loud(40*256); half < whole*45/100 || half > whole*55/100 || clipped != math.MaxInt16 {
		t.Errorf("loudest %d at -6.02 dB, %d at 0 dB, %d at 40 dB", half, whole, clipped)
	}
}

// A packet over two pages, another stream between them, a page without a packet's end.
func TestOggPacketOverPages(t *testing.T) {
	long := bytes.Repeat([]byte{1}, 255*3+10)
	b := oggPage(7, 0, flagFirst, 0, false, []byte("a"))
	b = append(b, oggPage(9, 0, flagFirst, 0, false, []byte("stranger"))...)
	b = append(b, oggPage(7, 1, 0, 5, true, []byte("b"), long[:255])...)
	b = append(b, oggPage(7, 2, flagContinued, -1, true, long[255:510])...)
	b = append(b, oggPage(7, 3, flagContinued|flagLast, 9, false, long[510:], []byte("c"))...)
	b = append(b, oggPage(8, 0, flagFirst, 0, false, []byte("chained"))...)
	p := packets{pages: pages{r: bytes.NewReader(b)}}
	for i, want := range []struct {
		packet  string
		granule int64
		last    bool
	}{{"a", 0, false}, {"b", 5, false}, {string(long), -1, false}, {"c", 9, true}} {
		got, granule, last, err := p.next()
		if err != nil || string(got) != want.packet || granule != want.granule || last != want.last {
			t.Errorf("packet %d: %q %d %v %v", i, got, granule, last, err)
		}
	}
	if _, _, _, err := p.next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last page: %v", err)
	}
	// the beginning of a packet, or its end, is lost: it is passed over
	b = oggPage(7, 0, flagFirst, 0, true, long[:255])
	b = append(b, oggPage(7, 1, 0, 0, false, []byte("x"))...)
	b = append(b, oggPage(7, 3, flagContinued, 0, false, []byte("tail"), []byte("y"))...)
	p = packets{pages: pages{r: bytes.NewReader(b)}}
	for _, want := range []string{"x", "y"} {
		if got, _, _, err := p.next(); err != nil || string(got) != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
}

func TestDecodeOggErrors(t *testing.T) {
	good := toneFile(t, plain)
	with := func(f func(*file)) []byte {
		g := plain
		f(&g)
		return toneFile(t, g)
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)-5] ^= 1
	tests := []struct {
		name string
		in   []byte
		err  string
	}{
		{"empty", nil, "file ends before the audio"},
		{"not ogg", []byte(strings.Repeat("RIFF", 20)), "no page where one should begin"},
		{"a page header cut", good[:20], "ends inside a page header"},
		{"a page cut", good[:len(good)-3], "ends inside a page"},
		{"a bit flipped", flipped, "wrong checksum"},
		{"vorbis", oggPage(1, 0, flagFirst, 0, false, []byte("\x01vorbis and more than nineteen bytes")), "no OpusHead"},
		{"header only", oggPage(1, 0, flagFirst, 0, false, plain.head()), "before the audio"},
		{"version", with(func(f *file) { f.version = 16 }), "version 16"},
		{"surround", with(func(f *file) { f.channels, f.family = 6, 1 }), "6 channels in mapping family 1"},
		{"no packet", plain.ogg([][]byte{{0xff, 0xff}}, 960), "audio packet"},
	}
	for _, tt := range tests {
		if _, _, err := DecodeOgg(bytes.NewReader(tt.in), 0, math.MaxInt32); err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.err)
		}
	}
	if _, _, err := DecodeOgg(bytes.NewReader(good), 0, 1000); err == nil || !strings.Contains(err.Error(), "more than 1000 samples") {
		t.Errorf("bound: %v", err)
	}
}

// Our own reader and libopus agree with a file that another program made.
func TestForeignFile(t *testing.T) {
	b, err := os.ReadFile("testdata/silence-1s.opus")
	if err != nil {
		t.Fatal(err)
	}
	pcm, rate, err := DecodeOgg(bytes.NewReader(b), 0, math.MaxInt32)
	if err != nil || len(pcm) != rate {
		t.Errorf("%d samples at %d Hz, %v", len(pcm), rate, err)
	}
}

func FuzzDecodeOgg(f *testing.F) {
	f.Add(toneFile(f, plain), false)
	f.Add(plain.ogg([][]byte{{}, {0}, {0xff}}, 5), false)
	f.Add(oggPage(7, 0, flagFirst, 0, true, plain.head()), true)
	const bound = 200000
	f.Fuzz(func(t *testing.T, in []byte, sign bool) {
		if sign {
			in = signed(in)
		}
		pcm, rate, err := DecodeOgg(bytes.NewReader(in), 0, bound)
		if err != nil {
			return
		}
		// 2 bytes are the least an Ogg packet costs, 120 ms the most it holds
		if len(pcm) > bound || len(pcm) > len(in)/2*rate*120/1000 {
			t.Fatalf("%d bytes became %d samples", len(in), len(pcm))
		}
	})
}

// signed puts right checksums into the pages of b, so that a fuzzer gets behind them.
func signed(b []byte) []byte {
	b = bytes.Clone(b)
	for rest := b; len(rest) >= pageHeader && string(rest[:4]) == "OggS"; {
		size := pageHeader + int(rest[26])
		if len(rest) < size {
			break
		}
		for _, l := range rest[pageHeader:size] {
			size += int(l)
		}
		if len(rest) < size {
			break
		}
		clear(rest[22:26])
		binary.LittleEndian.PutUint32(rest[22:], checksum(rest[:size]))
		rest = rest[size:]
	}
	return b
}
