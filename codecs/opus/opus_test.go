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

// A packet must not be written past the slice's length, although libopus is told a length only.
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
				n = 320
				d.Conceal(frame[:n])
			case how == "FEC":
				n = 320
				d.Restore(frame[:n], packets[i+1])
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
	if _, err := d.Decode(make([]int16, 10), nil); err == nil {
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
	lowDelay := DefaultOptions()
	lowDelay.Application, lowDelay.Bitrate = LowDelay, MaxBitrate
	if most, auto := size(lowDelay, sine(48000, 900, 1)), size(DefaultOptions(), sine(48000, 900, 1)); most < 3*auto {
		t.Errorf("as large as may be: %d bytes, else %d", most, auto)
	}
	for _, o := range []Options{{SampleRate: 44100}, {SampleRate: 48000, Complexity: 11}, {SampleRate: 48000, PacketLoss: 101}} {
		if _, err := NewEncoder(o); err == nil {
			t.Errorf("%+v accepted", o)
		}
	}
	if _, err := NewDecoder(44100); err == nil {
		t.Error("a decoder at 44100 Hz")
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
		{"maxplaybackrate=16000;useinbandfec=1;usedtx=1", func(o *Options) { o.DTX, o.Bandwidth = true, Wideband }},
		{"maxplaybackrate=8000;useinbandfec=1;cbr=1", func(o *Options) { o.CBR, o.Bandwidth = true, Narrowband }},
		{"maxplaybackrate=44100;stereo=1;sprop-stereo=1;useinbandfec=1", func(o *Options) {}},
		{"maxaveragebitrate=1;maxplaybackrate=x;stereo=1;=;USEINBANDFEC=1;", func(o *Options) { o.Bitrate = 6000 }},
		{"maxaveragebitrate=9999999;useinbandfec=1", func(o *Options) { o.Bitrate = 510000 }},
		{"useinbandfec=2;usedtx=yes;cbr", func(o *Options) { o.FEC = false }},
	}
	for _, tt := range tests {
		want := base
		tt.want(&want)
		got := base.For(ParseFmtp(tt.fmtp))
		if got != want {
			t.Errorf("%q: %+v, want %+v", tt.fmtp, got, want)
		}
		encoder(t, got)
	}
	for _, tt := range []struct{ own, limit, want int }{{16000, 64000, 16000}, {64000, 16000, 16000}, {0, 16000, 16000}, {MaxBitrate, 16000, 16000}} {
		base.Bitrate = tt.own
		if got := base.For(Fmtp{MaxAverageBitrate: tt.limit}); got.Bitrate != tt.want {
			t.Errorf("%d with a limit of %d: %d", tt.own, tt.limit, got.Bitrate)
		}
	}
}

func TestFmtp(t *testing.T) {
	for in, want := range map[string]string{
		"": "",
		"maxplaybackrate=16000; sprop-maxcapturerate=16000; maxaveragebitrate=20000; stereo=1; useinbandfec=1; usedtx=0": "maxplaybackrate=16000;sprop-maxcapturerate=16000;maxaveragebitrate=20000;stereo=1;useinbandfec=1",
		"minptime=10;useinbandfec=1":             "minptime=10;useinbandfec=1",
		"cbr=1;ptime=40;maxptime=500;minptime=1": "ptime=40;maxptime=120;minptime=3;cbr=1",
		"x-other=1;stereo=1;stereo=0":            "",
	} {
		if got := ParseFmtp(in).String(); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestCBR: the packets of noise are of one size, at the rate asked for.
func TestCBR(t *testing.T) {
	o := DefaultOptions()
	o.Bitrate, o.CBR = 24000, true
	pcm, x := make([]int16, 48000), uint32(7)
	for i := range pcm {
		x = x*1664525 + 1013904223
		pcm[i] = int16(x >> 18 * uint32(i/9600%2))
	}
	for i, p := range encode(t, encoder(t, o), pcm) {
		if len(p) != 24000/50/8 {
			t.Fatalf("packet %d has %d bytes", i, len(p))
		}
	}
}

// TestBandwidth: of noise, nothing comes back beyond the bandwidth chosen.
func TestBandwidth(t *testing.T) {
	pcm, x := make([]int16, 48000), uint32(7)
	for i := range pcm {
		x = x*1664525 + 1013904223
		pcm[i] = int16(int32(x) >> 18)
	}
	for b, edge := range map[Bandwidth]float64{Narrowband: 4000, Wideband: 8000, SuperWideband: 12000} {
		o := DefaultOptions()
		o.Bandwidth, o.Bitrate = b, 64000
		d, out, got := decoder(t, 48000), make([]int16, MaxFrame), []int16(nil)
		for _, p := range encode(t, encoder(t, o), pcm) {
			n, err := d.Decode(out, p)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, out[:n]...)
		}
		var below, above float64
		for f := 500.0; f < 20000; f += 500 {
			s := share(got[9600:], 48000, f)
			if f < edge*0.8 {
				below += s
			} else if f > edge*1.1 {
				above += s
			}
		}
		if above > below/1000 {
			t.Errorf("%d: %.6f below %.0f Hz, %.6f above", b, below, edge, above)
		}
	}
}

func TestReset(t *testing.T) {
	pcm := sine(48000, 700, 0.1)
	e, d := encoder(t, DefaultOptions()), decoder(t, 48000)
	first := encode(t, e, pcm)
	encode(t, e, sine(48000, 3000, 0.2))
	e.Reset()
	for i, p := range encode(t, e, pcm) {
		if string(p) != string(first[i]) {
			t.Fatalf("packet %d after Reset differs", i)
		}
	}
	a, b := make([]int16, 960), make([]int16, 960)
	_, _ = d.Decode(a, first[0])
	_, _ = d.Decode(b, first[3])
	d.Reset()
	_, _ = d.Decode(b, first[0])
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("sample %d after Reset is %d, was %d", i, b[i], a[i])
		}
	}
}

// FuzzFmtp: what was understood is written and understood again as the same.
func FuzzFmtp(f *testing.F) {
	f.Add("maxplaybackrate=16000; sprop-maxcapturerate=16000; maxaveragebitrate=20000; stereo=1; useinbandfec=1; usedtx=0")
	f.Add("minptime=10;;=;cbr=1=1;stereo= 1 ")
	f.Fuzz(func(t *testing.T, s string) {
		fmtp := ParseFmtp(s)
		if again := ParseFmtp(fmtp.String()); again != fmtp {
			t.Fatalf("%q: %+v, then %+v", s, fmtp, again)
		}
		if o := DefaultOptions().For(fmtp); o.Bitrate < 0 || o.Bitrate > 510000 || o.Bandwidth > Fullband {
			t.Fatalf("%q: %+v", s, o)
		}
	})
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
		d.Conceal(out)
		d.Restore(out, b[:size])
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

// TestEase: under load the encoder works with a lower complexity, and with its own again afterwards.
func TestEase(t *testing.T) {
	o := DefaultOptions()
	e, err := NewEncoder(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ level, want int }{{1, 2}, {2, 0}, {9, 0}, {1, 2}, {0, o.Complexity}} {
		e.Ease(tt.level)
		if got, err := e.enc.Complexity(); err != nil || got != tt.want {
			t.Errorf("level %d: complexity %d, %v; want %d", tt.level, got, err, tt.want)
		}
	}
}
