package media_test

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"time"

	"asterism/codecs"
	"asterism/codecs/g711"
	"asterism/engine/media"
)

// loud is the RMS of PCM.
func loud(pcm []int16) float64 {
	power := 0.0
	for _, s := range pcm {
		power += float64(s) * float64(s)
	}
	return math.Sqrt(power / float64(max(len(pcm), 1)))
}

// TestVolume: what is heard and what is said change as asked, in every codec that can be decoded; the other way stays as it is.
func TestVolume(t *testing.T) {
	tests := []struct {
		level, times float64
	}{{2, 2}, {-4, 0.25}, {0.5, 0.5}, {1, 1}, {-1, 1}, {0, 1}}
	for _, f := range []codecs.Format{media.FormatULaw, media.FormatALaw, {Name: "G722", Rate: 8000, Channels: 1}, {Name: "opus", Rate: 48000, Channels: 2}, {Name: "L16", Rate: 16000, Channels: 1}} {
		for _, tt := range tests {
			for _, way := range []string{"heard", "said"} {
				t.Run(fmt.Sprintf("%s %s %g", f.Name, way, tt.level), func(t *testing.T) {
					l := join(t, []codecs.Format{f}, []codecs.Format{f})
					// Alice speaks: louder as what a's peer says, or as what b's peer is told.
					if way == "heard" {
						l.a.SetVolume(media.Volume{Heard: tt.level})
					} else {
						l.b.SetVolume(media.Volume{Said: tt.level})
					}
					l.Obey()
					in, out := voices(t, l, f)
					if got := loud(out) / loud(in); math.Abs(got-tt.times) > 0.06*tt.times {
						t.Errorf("%.3f times as loud, want %g", got, tt.times)
					}
				})
			}
		}
	}
}

// voices lets Alice whistle for a second and returns the second halves of what she says and of what Bob gets.
func voices(t *testing.T, l *twoLegs, f codecs.Format) (in, out []int16) {
	t.Helper()
	c, _ := codecs.ByFormat(f)
	encoder, err := c.NewEncoder(codecs.EncoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	said, err := c.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	tone := &sine{freq: 440}
	payload, pcm := make([]byte, 4000), make([]int16, c.SampleRate/10)
	for i := range 50 {
		whistle := tone.pcm(c.SampleRate/50, c.SampleRate)
		for j := range whistle {
			whistle[j] /= 2
		}
		n, err := encoder.Encode(payload, whistle)
		if err != nil {
			t.Fatal(err)
		}
		keep := func(d codecs.Decoder, p []byte) []int16 {
			n, err := d.Decode(pcm, p)
			if err != nil {
				t.Fatal(err)
			}
			return pcm[:n]
		}
		mine := keep(said, payload[:n])
		if i >= 25 {
			in = append(in, mine...)
		}
		packets := l.say(payload[:n])
		if len(packets) != 1 {
			t.Fatalf("packet %d: %d came", i, len(packets))
		}
		if his := keep(got, packets[0].Payload); i >= 25 {
			out = append(out, his...)
		}
	}
	return in, out
}

// TestVolumeLeavesOthersAlone: digits, codecs nobody here can decode, the other direction and recordings have what came.
func TestVolumeLeavesOthersAlone(t *testing.T) {
	g729 := join(t, []codecs.Format{media.FormatG729}, []codecs.Format{media.FormatG729})
	g729.a.SetVolume(media.Volume{Heard: 3})
	g729.Obey()
	if got := g729.say([]byte("twenty bytes of it..")); len(got) != 1 || string(got[0].Payload) != "twenty bytes of it.." {
		t.Errorf("G.729: %v", got)
	}
	l := join(t, ulaw, ulaw)
	rec := &recording{rate: 8000}
	l.a.SetVolume(media.Volume{Heard: 3, Said: 3})
	l.a.Tap(rec)
	l.Obey()
	tone := &sine{freq: 440}
	for range 20 {
		l.say(tone.ulaw())
	}
	heard, _ := rec.from(200 * time.Millisecond)
	wantTone(t, "the recording", heard, 8000, 440)
	l.a.SetVolume(media.Volume{})
	l.Obey()
	if got := l.say(media.Voice(7)); len(got) != 1 || !bytes.Equal(got[0].Payload, media.Voice(7)) {
		t.Errorf("with the volume as it was: %v", got)
	}
}

// TestVolumeByKeys: * is louder and # softer, both ways, and only if that was asked for.
func TestVolumeByKeys(t *testing.T) {
	l := join(t, ulaw, ulaw)
	press := func(d rune) {
		l.a.TakeDigit(media.Digit{Rune: d, Duration: 100 * time.Millisecond})
		l.Obey()
		l.Advance(300 * time.Millisecond)
	}
	l.a.SetVolume(media.Volume{Heard: 2})
	l.Obey()
	press('*')
	if got, want := l.a.Volume(), (media.Volume{Heard: 2}); got != want {
		t.Fatalf("without keys: %v, want %v", got, want)
	}
	l.a.SetVolume(media.Volume{Heard: 2, Keys: true})
	l.Obey()
	for _, tt := range []struct {
		key         rune
		heard, said float64
	}{{'*', 3, 1}, {'*', 4, 2}, {'5', 4, 2}, {'#', 3, 1}} {
		press(tt.key)
		if got, want := l.a.Volume(), (media.Volume{Heard: tt.heard, Said: tt.said, Keys: true}); got != want {
			t.Errorf("after %c: %v, want %v", tt.key, got, want)
		}
	}
	l.a.TurnVolume('*')
	l.a.TurnVolume('#')
	l.a.TurnVolume('*')
	l.a.TurnVolume('#')
	l.Obey()
	if got := l.a.Volume().Heard; got != 3 {
		t.Errorf("after keys by signalling: %v", got)
	}
	quiet := make([]byte, 160)
	for i := range quiet {
		quiet[i] = g711.EncodeULaw(1000)
	}
	for range 20 { // the keys are on their way to Bob until then
		l.say(quiet)
	}
	got := l.say(quiet)
	if len(got) != 1 {
		t.Fatalf("%d packets", len(got))
	}
	if s := g711.DecodeULaw(got[0].Payload[80]); s < 2850 || s > 3150 {
		t.Errorf("1000 came out as %d, want three times as much", s)
	}
}

func TestVolumeAllocs(t *testing.T) {
	for _, f := range []codecs.Format{media.FormatULaw, {Name: "G722", Rate: 8000, Channels: 1}, {Name: "opus", Rate: 48000, Channels: 2}} {
		l := join(t, []codecs.Format{f}, []codecs.Format{f})
		l.a.SetVolume(media.Volume{Heard: 2})
		l.b.SetVolume(media.Volume{Said: 0.5})
		l.Obey()
		c, _ := codecs.ByFormat(f)
		encoder, err := c.NewEncoder(codecs.EncoderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		payload := make([]byte, 4000)
		n, err := encoder.Encode(payload, (&sine{freq: 440}).pcm(c.SampleRate/50, c.SampleRate))
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			l.say(payload[:n])
		}
		l.Quiet()
		packets := make([][]byte, 200)
		for i := range packets {
			packets[i] = l.alice.Packet(payload[:n])
		}
		i := 0
		if got := testing.AllocsPerRun(150, func() {
			l.Receive(l.a, packets[i], addrA)
			l.Advance(20 * time.Millisecond)
			i++
		}); got != 0 {
			t.Errorf("%s: %.1f allocations a packet", f.Name, got)
		}
	}
}
