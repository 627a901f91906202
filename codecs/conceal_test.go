package codecs

import (
	"bytes"
	"math"
	"testing"

	"asterism/codecs/opus"
	"asterism/sounds"
)

// speech is some seconds of prompts.
func speech(t *testing.T, rate int) (pcm []int16) {
	t.Helper()
	for _, name := range []string{"demo-thanks", "vm-goodbye", "hello-world", "digits/7", "pbx-invalid"} {
		b, err := sounds.FS.ReadFile("en/" + name + ".opus")
		if err != nil {
			t.Fatal(err)
		}
		part, _, err := opus.DecodeOgg(bytes.NewReader(b), rate, math.MaxInt32)
		if err != nil {
			t.Fatal(err)
		}
		pcm = append(pcm, part...)
	}
	return pcm[:len(pcm)/(rate/50)*(rate/50)]
}

// TestConceal loses 5 % of the packets of speech, at random, and wants what is heard in the gaps much nearer in its
// spectrum to what would have been heard than silence is; for opus, its copies nearer still.
func TestConceal(t *testing.T) {
	silence := func(_ Decoder, dst []int16, _ []byte) { clear(dst) }
	fill := func(d Decoder, dst []int16, _ []byte) { d.(Concealer).Conceal(dst) }
	restore := func(d Decoder, dst []int16, next []byte) { d.(Restorer).Restore(dst, next) }
	for _, name := range []string{"ulaw", "alaw", "gsm", "g722", "slin", "slin16", "opus"} {
		c, _ := ByName(name)
		pcm := speech(t, c.SampleRate)
		packets := code(t, c, pcm)
		whole := lossy(t, c, packets, nil)
		mute, concealed := distance(whole, lossy(t, c, packets, silence), c.SampleRate), distance(whole, lossy(t, c, packets, fill), c.SampleRate)
		t.Logf("%-6s silence %.1f dB, concealed %.1f dB", name, mute, concealed)
		if concealed > 0.6*mute {
			t.Errorf("%s: concealed it is %.1f dB away, silence %.1f dB", name, concealed, mute)
		}
		if name != "opus" {
			continue
		}
		restored := distance(whole, lossy(t, c, packets, restore), c.SampleRate)
		t.Logf("%-6s restored %.1f dB", name, restored)
		if restored > 0.8*concealed {
			t.Errorf("opus: restored it is %.1f dB away, concealed %.1f dB", restored, concealed)
		}
	}
}

// code makes 20 ms packets.
func code(t *testing.T, c Codec, pcm []int16) (packets [][]byte) {
	t.Helper()
	enc, err := c.NewEncoder(EncoderOptions{Fmtp: "useinbandfec=1"})
	if err != nil {
		t.Fatal(err)
	}
	for n := c.SampleRate / 50; len(pcm) >= n; pcm = pcm[n:] {
		b := make([]byte, 2*n)
		size, err := enc.Encode(b, pcm[:n])
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, b[:size])
	}
	return packets
}

// lost: 5 % of the packets, never two in a row.
func lost(n int) bool {
	x := uint32(n/2)*2654435761 + 99
	x ^= x >> 15
	x *= 2246822519
	x ^= x >> 13
	return n%2 == 1 && x%10 == 0
}

// lossy decodes; with fill, it makes the packets that are lost.
func lossy(t *testing.T, c Codec, packets [][]byte, fill func(d Decoder, dst []int16, next []byte)) (pcm []int16) {
	t.Helper()
	d, err := c.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	frame := make([]int16, c.SampleRate/50)
	for n, p := range packets {
		if fill != nil && lost(n) && n+1 < len(packets) {
			fill(d, frame, packets[n+1])
		} else if _, err := d.Decode(frame, p); err != nil {
			t.Fatal(err)
		}
		pcm = append(pcm, frame...)
	}
	return pcm
}

// distance is the root mean square of the differences in dB of the spectra in bands of 200 Hz, up to 4 kHz, over the packets
// lost within speech.
func distance(a, b []int16, rate int) float64 {
	sum, n, frame := 0.0, 0.0, rate/50
	for at := 0; at+frame <= len(a); at += frame {
		x, y := a[at:at+frame], b[at:at+frame]
		if !lost(at/frame) || energy(x) < 300*300*float64(frame) {
			continue
		}
		for f := 100.0; f < 4000; f += 200 {
			d := level(x, f, rate) - level(y, f, rate)
			sum += d * d
			n++
		}
	}
	return math.Sqrt(sum / n)
}

func energy(x []int16) (sum float64) {
	for _, s := range x {
		sum += float64(s) * float64(s)
	}
	return sum
}

// level is the power of a Hann-windowed x around f in dB; what lies below 20 of 32768 counts as that.
func level(x []int16, f float64, rate int) float64 {
	var re, im float64
	for i, s := range x {
		w := 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(len(x)))
		re += float64(s) * w * math.Cos(2*math.Pi*f*float64(i)/float64(rate))
		im += float64(s) * w * math.Sin(2*math.Pi*f*float64(i)/float64(rate))
	}
	amplitude := 4 * math.Hypot(re, im) / float64(len(x))
	return 20 * math.Log10(max(amplitude, 20))
}

// TestEveryDecoderConceals also where nothing was heard yet, and allocates nothing.
func TestEveryDecoderConceals(t *testing.T) {
	for _, c := range All() {
		if c.NewDecoder == nil {
			continue
		}
		for _, rate := range append([]int{c.SampleRate}, c.Rates...) {
			d, err := c.NewDecoder()
			if rate != c.SampleRate {
				d, err = c.NewDecoderAt(rate)
			}
			if err != nil {
				t.Fatal(err)
			}
			loss, ok := d.(Concealer)
			if !ok {
				t.Errorf("%s: %T does not conceal", c.Name, d)
				continue
			}
			dst := make([]int16, rate/50)
			if n := testing.AllocsPerRun(20, func() { loss.Conceal(dst) }); n != 0 {
				t.Errorf("%s: %v allocations", c.Name, n)
			}
			if energy(dst) > float64(len(dst))*100 {
				t.Errorf("%s: sound out of nothing", c.Name)
			}
		}
	}
}
