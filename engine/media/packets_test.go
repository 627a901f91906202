package media

import (
	"bytes"
	"io/fs"
	"net/netip"
	"testing"
	"testing/fstest"
	"time"

	"asterism/codecs"
	"asterism/engine/sound"
)

// prompt is a second of sound that a library keeps.
func prompt(t testing.TB, rate int) *sound.Clip {
	raw := make([]byte, 2*rate)
	source := Tone(rate, []float64{440, 620}, nil, time.Second)
	pcm := make([]int16, rate)
	for n := 0; n < len(pcm); {
		got, err := source.Read(pcm[n:])
		if err != nil {
			t.Fatal(err)
		}
		n += got
	}
	for i, s := range pcm {
		raw[2*i], raw[2*i+1] = byte(s), byte(s>>8)
	}
	name := map[int]string{8000: "en/x.sln", 16000: "en/x.sln16", 48000: "en/x.sln48"}[rate]
	c, err := sound.NewLibrary([]fs.FS{fstest.MapFS{name: &fstest.MapFile{Data: raw}}}, 1<<20).OpenAt("x", "", rate)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestPlayTwice: what is played again is what was sent before, and no encoder is made for it; who hears on after an earlier
// listener has hung up gets the rest encoded.
func TestPlayTwice(t *testing.T) {
	for _, format := range []codecs.Format{FormatULaw, {Name: "PCMA", Rate: 8000, Channels: 1}, {Name: "G722", Rate: 8000, Channels: 1}, FormatOpus} {
		l := NewLab(t)
		p := l.Port(PortConfig{})
		p.SetStream(AgreedStream(netip.MustParseAddrPort("192.0.2.1:4000"), format))
		l.Obey()
		c, _ := codecs.ByFormat(format)
		clip := prompt(t, c.SampleRate)
		play := func(d time.Duration) (packets [][]byte, encoder bool) {
			stop := p.Play(sound.NewPlayer(clip), nil)
			l.Obey()
			pb := p.playback
			l.Advance(d)
			stop()
			l.Obey()
			for _, packet := range l.RTP(p) {
				packets = append(packets, bytes.Clone(packet.Payload))
			}
			return packets, pb.encoder != nil
		}
		first, _ := play(395 * time.Millisecond)
		second, encoder := play(2 * time.Second)
		if !encoder || len(second) != 50 {
			t.Errorf("%s: %d packets, encoder %v", format.Name, len(second), encoder)
		}
		third, encoder := play(2 * time.Second)
		if encoder || len(third) != 50 {
			t.Errorf("%s: %d packets again, encoder %v", format.Name, len(third), encoder)
		}
		for i, packet := range third {
			if !bytes.Equal(packet, second[i]) || i < len(first) && !bytes.Equal(packet, first[i]) {
				t.Errorf("%s: packet %d differs", format.Name, i)
			}
		}
	}
}

// played is a port that plays clip again and again, a packet a step.
func played(t testing.TB, l *Lab, format codecs.Format, source func(c *sound.Clip) *sound.Player) (step func()) {
	p := l.Port(PortConfig{})
	p.SetStream(AgreedStream(netip.MustParseAddrPort("192.0.2.1:4000"), format))
	l.Obey()
	c, _ := codecs.ByFormat(format)
	player := source(prompt(t, c.SampleRate))
	p.Play(player, nil)
	l.Obey()
	l.Quiet()
	return func() {
		if player.Position() >= player.Duration()-20*time.Millisecond {
			player.SeekTo(0)
		}
		l.s.now = p.playback.next
		p.playback.tick(l.s)
	}
}

// again is a player of a clip that was heard to its end before.
func again(t testing.TB, l *Lab, format codecs.Format) func(c *sound.Clip) *sound.Player {
	return func(c *sound.Clip) *sound.Player {
		p := l.Port(PortConfig{})
		p.SetStream(AgreedStream(netip.MustParseAddrPort("192.0.2.1:4000"), format))
		p.Play(sound.NewPlayer(c), nil)
		l.Obey()
		l.Advance(2 * time.Second)
		return sound.NewPlayer(c)
	}
}

func TestPlayAllocs(t *testing.T) {
	for _, format := range []codecs.Format{FormatULaw, FormatOpus} {
		l := NewLab(t)
		step := played(t, l, format, again(t, l, format))
		step()
		if n := testing.AllocsPerRun(200, step); n != 0 {
			t.Errorf("%s: %v allocations a packet", format.Name, n)
		}
	}
}

func BenchmarkPlay(b *testing.B) {
	for _, format := range []codecs.Format{FormatULaw, FormatOpus} {
		l := NewLab(b)
		for name, source := range map[string]func(*sound.Clip) *sound.Player{
			"first": func(c *sound.Clip) *sound.Player { return sound.NewPlayer(c) }, "again": again(b, l, format)} {
			b.Run(format.Name+"/"+name, func(b *testing.B) {
				step := played(b, l, format, source)
				b.ReportAllocs()
				for b.Loop() {
					step()
				}
			})
		}
	}
}
