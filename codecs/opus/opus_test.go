package opus

import (
	"math"
	"testing"
)

// sine is seconds of a tone at rate Hz.
func sine(rate int, freq, seconds float64) []int16 {
	pcm := make([]int16, int(float64(rate)*seconds))
	for i := range pcm {
		pcm[i] = int16(8000 * math.Sin(2*math.Pi*freq*float64(i)/float64(rate)))
	}
	return pcm
}

// share is the part of the energy of pcm that lies at freq (Goertzel), 0 to 1.
func share(pcm []int16, rate int, freq float64) float64 {
	var s1, s2, total float64
	k := 2 * math.Cos(2*math.Pi*freq/float64(rate))
	for _, x := range pcm {
		s1, s2 = float64(x)+k*s1-s2, s1
		total += float64(x) * float64(x)
	}
	if total == 0 {
		return 0
	}
	return 2 * (s1*s1 + s2*s2 - k*s1*s2) / (float64(len(pcm)) * total)
}

func encoder(t testing.TB, o Options) *Encoder {
	t.Helper()
	e, err := NewEncoder(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func decoder(t testing.TB, rate int) *Decoder {
	t.Helper()
	d, err := NewDecoder(rate)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// encode makes 20 ms packets of pcm.
func encode(t testing.TB, e *Encoder, pcm []int16) (packets [][]byte) {
	t.Helper()
	for n := e.rate / 50; len(pcm) >= n; pcm = pcm[n:] {
		b := make([]byte, MaxPacket)
		size, err := e.Encode(b, pcm[:n])
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, b[:size])
	}
	return packets
}

func TestToneThroughAllRates(t *testing.T) {
	for _, from := range []int{8000, 12000, 16000, 24000, 48000} {
		o := DefaultOptions()
		o.SampleRate = from
		packets := encode(t, encoder(t, o), sine(from, 1000, 1))
		for _, to := range []int{8000, 16000, 48000} {
			d := decoder(t, to)
			var pcm []int16
			frame := make([]int16, to*120/1000)
			for _, p := range packets {
				n, err := d.Decode(frame, p)
				if err != nil || n != to/50 {
					t.Fatalf("%d to %d Hz: %d samples, %v", from, to, n, err)
				}
				pcm = append(pcm, frame[:n]...)
			}
			if s := share(pcm[to/5:to*4/5], to, 1000); s < 0.95 {
				t.Errorf("%d to %d Hz: tone is %.2f of what is heard", from, to, s)
			}
		}
	}
}

// A packet must not be written past the slice's length, although the wrapped library would.
func TestLengthIsTheBound(t *testing.T) {
	o := DefaultOptions()
	o.Bitrate = 64000
	e, d := encoder(t, o), decoder(t, 48000)
	packet := encode(t, e, sine(48000, 1000, 0.1))[2]
	pcm := make([]int16, 2000)
	if _, err := d.Decode(pcm[:500], packet); err == nil {
		t.Error("20 ms decoded into 500 samples")
	}
	for i, s := range pcm[500:] {
		if s != 0 {
			t.Fatalf("sample %d beyond the slice was written", i)
		}
	}
	b := make([]byte, 400)
	if n, err := e.Encode(b[:40], sine(48000, 700, 0.02)); err == nil && n > 40 {
		t.Errorf("%d bytes in a slice of 40", n)
	}
	for i, c := range b[40:] {
		if c != 0 {
			t.Fatalf("byte %d beyond the slice was written", i)
		}
	}
}

func TestLosses(t *testing.T) {
	o := DefaultOptions()
	o.SampleRate, o.PacketLoss, o.Bitrate = 16000, 30, 32000
	packets := encode(t, encoder(t, o), sine(16000, 600, 1))
	for _, how := range []string{"PLC", "FEC", "empty payload"} {
		d := decoder(t, 16000)
		frame := make([]int16, 1920)
		var lost []int16
		for i, p := range packets {
			n, err := 0, error(nil)
			switch {
			case i%10 != 5:
				n, err = d.Decode(frame, p)
			case how == "PLC":
				n, err = d.DecodePLC(frame)
			case how == "FEC":
				n, err = d.DecodeFEC(frame, packets[i+1])
			default:
				n, err = d.Decode(frame, nil)
			}
			if err != nil || n != 320 {
				t.Fatalf("%s: packet %d: %d samples, %v", how, i, n, err)
			}
			if i%10 == 5 && i > 5 {
				lost = append(lost, frame[60:260]...)
			}
		}
		var energy float64
		for _, s := range lost {
			energy += float64(s) * float64(s)
		}
		if rms := math.Sqrt(energy / float64(len(lost))); rms < 1500 {
			t.Errorf("%s: lost packets sound with %.0f, the tone with %.0f", how, rms, 8000/math.Sqrt2)
		}
	}
	d := decoder(t, 48000)
	if _, err := d.DecodePLC(make([]int16, 10)); err == nil {
		t.Error("20 ms concealed in 10 samples")
	}
}

func TestOptions(t *testing.T) {
	size := func(o Options, pcm []int16) (n int) {
		for _, p := range encode(t, encoder(t, o), pcm) {
			n += len(p)
		}
		return n
	}
	low, high := DefaultOptions(), DefaultOptions()
	low.Bitrate, high.Bitrate = 12000, 96000
	if l, h := size(low, sine(48000, 900, 1)), size(high, sine(48000, 900, 1)); 2*l > h {
		t.Errorf("12 kbit/s makes %d bytes, 96 kbit/s %d", l, h)
	}
	dtx := DefaultOptions()
	dtx.SampleRate, dtx.Bitrate, dtx.DTX = 16000, 16000, true
	if n := size(dtx, make([]int16, 16000*2)); n > 1500 {
		t.Errorf("2 s of silence with DTX make %d bytes", n)
	}
	for _, o := range []Options{{SampleRate: 44100}, {SampleRate: 48000, Complexity: 11}, {SampleRate: 48000, PacketLoss: 101}} {
		if _, err := NewEncoder(o); err == nil {
			t.Errorf("%+v accepted", o)
		}
	}
	if _, err := NewDecoder(44100); err == nil {
		t.Error("a decoder at 44100 Hz")
	}
	e := encoder(t, DefaultOptions())
	if err := e.SetComplexity(0); err != nil {
		t.Error(err)
	}
}

func TestFor(t *testing.T) {
	base := DefaultOptions()
	tests := []struct {
		fmtp string
		want func(*Options)
	}{
		{"", func(o *Options) { o.FEC = false }}, // RFC 7587 §6.1: useinbandfec is 0 unless said
		{"useinbandfec=1", func(o *Options) {}},
		{"minptime=10; useinbandfec=1; maxaveragebitrate=20000", func(o *Options) { o.Bitrate = 20000 }},
		{"maxplaybackrate=16000;useinbandfec=1;usedtx=1", func(o *Options) { o.DTX, o.MaxPlayback = true, 16000 }},
		{"maxaveragebitrate=1;maxplaybackrate=x;stereo=1;=;USEINBANDFEC=1;", func(o *Options) { o.Bitrate = 6000 }},
		{"maxaveragebitrate=9999999;useinbandfec=1", func(o *Options) { o.Bitrate = 510000 }},
	}
	for _, tt := range tests {
		want := base
		tt.want(&want)
		got := base.For(tt.fmtp)
		if got != want {
			t.Errorf("%q: %+v, want %+v", tt.fmtp, got, want)
		}
		encoder(t, got)
	}
	base.Bitrate = 16000
	if got := base.For("maxaveragebitrate=64000"); got.Bitrate != 16000 {
		t.Errorf("a peer's limit raised the bit rate to %d", got.Bitrate)
	}
}

// Budget: 0 allocs a packet.
func TestAllocs(t *testing.T) {
	e, d := encoder(t, DefaultOptions()), decoder(t, 48000)
	pcm, b, out := sine(48000, 1000, 0.02), make([]byte, MaxPacket), make([]int16, MaxFrame)
	if n := testing.AllocsPerRun(100, func() {
		size, err := e.Encode(b, pcm)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = d.Decode(out, b[:size]); err != nil {
			t.Fatal(err)
		}
		if _, err = d.DecodePLC(out); err != nil {
			t.Fatal(err)
		}
		if _, err = d.DecodeFEC(out, b[:size]); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func FuzzDecode(f *testing.F) {
	e := encoder(f, DefaultOptions())
	for _, p := range encode(f, e, sine(48000, 500, 0.1)) {
		f.Add(p)
	}
	f.Add([]byte{0xff, 0xff, 0xff})
	d := decoder(f, 16000)
	f.Fuzz(func(t *testing.T, packet []byte) {
		out := make([]int16, 3000)
		n, err := d.Decode(out[:1920], packet)
		if err == nil && (n <= 0 || n > 1920) {
			t.Fatalf("%d samples", n)
		}
		for i, s := range out[1920:] {
			if s != 0 {
				t.Fatalf("sample %d beyond the slice was written", i)
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	e := encoder(b, DefaultOptions())
	pcm, out := sine(48000, 1000, 0.02), make([]byte, MaxPacket)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Encode(out, pcm); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	packets := encode(b, encoder(b, DefaultOptions()), sine(48000, 1000, 0.1))
	d, out := decoder(b, 48000), make([]int16, MaxFrame)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Decode(out, packets[2]); err != nil {
			b.Fatal(err)
		}
	}
}
