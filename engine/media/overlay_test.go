package media_test

import (
	"testing"
	"time"

	"asterism/codecs"
	"asterism/engine/media"
)

// over lets Alice whistle 440 Hz (if she talks) and a feed of 1000 Hz be heard for a second and a half; what Bob gets of the last second.
func over(t *testing.T, l *twoLegs, f codecs.Format, feed *media.Feed, talks bool) (pcm []int16, rate int) {
	t.Helper()
	c, _ := codecs.ByFormat(f)
	encoder, err := c.NewEncoder(codecs.EncoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	decoder, err := c.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	alice, spy := &sine{freq: 440}, &sine{freq: 1000}
	payload, buf := make([]byte, 4000), make([]int16, c.SampleRate/10)
	l.RTP(l.b)
	for i := range 75 {
		feed.Write(spy.pcm(feed.Rate()/50, feed.Rate()))
		var packets [][]byte
		if talks {
			n, err := encoder.Encode(payload, alice.pcm(c.SampleRate/50, c.SampleRate))
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range l.say(payload[:n]) {
				packets = append(packets, p.Payload)
			}
		} else {
			l.Advance(20 * time.Millisecond)
			for _, p := range l.RTP(l.b) {
				packets = append(packets, p.Payload)
			}
		}
		for _, p := range packets {
			n, err := decoder.Decode(buf, p)
			if err != nil {
				t.Fatal(err)
			}
			if i >= 25 {
				pcm = append(pcm, buf[:n]...)
			}
		}
	}
	return pcm, c.SampleRate
}

// TestOverlay: a feed is heard over what one party says or another is told, in every codec, whether there is anything to be heard over or
// not; taps do not hear it; and when it goes, packets pass as they come.
func TestOverlay(t *testing.T) {
	for _, f := range []codecs.Format{media.FormatULaw, media.FormatALaw, {Name: "G722", Rate: 8000, Channels: 1}, media.FormatOpus} {
		for _, way := range []string{"heard", "said"} {
			for _, talks := range []bool{true, false} {
				t.Run(f.Name+" "+way+map[bool]string{true: "", false: " in a lull"}[talks], func(t *testing.T) {
					l := join(t, []codecs.Format{f}, []codecs.Format{f})
					feed, port := media.NewFeed(16000), l.b
					if way == "heard" {
						port = l.a
					}
					rec := &recording{rate: 8000}
					port.Tap(rec)
					remove := port.Overlay(feed, way == "heard")
					l.Obey()
					pcm, rate := over(t, l, f, feed, talks)
					if want := rate * 9 / 10; len(pcm) < want {
						t.Fatalf("%d samples of %d Hz in a second", len(pcm), rate)
					}
					spy, alice := media.ToneShare(pcm, rate, 1000), media.ToneShare(pcm, rate, 440)
					if talks && (spy < 0.4 || alice < 0.4) || !talks && spy < 0.95 {
						t.Errorf("share of the feed %.2f, of Alice %.2f", spy, alice)
					}
					heard, said := rec.from(500 * time.Millisecond)
					if share := max(media.ToneShare(heard, 8000, 1000), media.ToneShare(said, 8000, 1000)); share > 0.01 {
						t.Errorf("the tap hears %.2f of the feed", share)
					}
					remove()
					remove()
					l.Obey()
					if !talks {
						l.RTP(l.b)
						if l.Advance(time.Second); len(l.RTP(l.b)) != 0 {
							t.Error("it goes on after its end")
						}
						return
					}
					pcm, rate = over(t, l, f, feed, true)
					if share := media.ToneShare(pcm, rate, 440); share < 0.95 {
						t.Errorf("share of Alice %.2f when the feed has gone", share)
					}
				})
			}
		}
	}
}

// TestOverlays: two at once, of one port; each goes by itself.
func TestOverlays(t *testing.T) {
	l := join(t, ulaw, ulaw)
	one, two := media.NewFeed(8000), media.NewFeed(8000)
	remove := l.a.Overlay(one, true)
	l.a.Overlay(two, true)
	l.Obey()
	second := &sine{freq: 1300}
	for range 25 {
		two.Write(second.pcm(160, 8000))
	}
	pcm, rate := over(t, l, media.FormatULaw, one, true)
	if share := media.ToneShare(pcm, rate, 1000); share < 0.4 {
		t.Errorf("share of the first %.2f", share)
	}
	remove()
	l.Obey()
	pcm, rate = over(t, l, media.FormatULaw, two, true)
	if share := media.ToneShare(pcm, rate, 1000); share < 0.4 {
		t.Errorf("share of the second %.2f", share)
	}
	l.a.Close()
	l.Obey()
	l.Advance(time.Second)
}

// TestFeed: nothing is heard before enough is there, what is too old is passed over, a full ring takes no more.
func TestFeed(t *testing.T) {
	f := media.NewFeed(8000)
	block := make([]int16, 160)
	put := func(v int16) {
		for i := range block {
			block[i] = v
		}
		f.Write(block)
	}
	get := func() int16 {
		pcm := make([]int16, 80)
		if n, err := f.Read(pcm); n != 80 || err != nil {
			t.Fatal(n, err)
		}
		return pcm[0]
	}
	put(1)
	if got := get(); got != 0 {
		t.Errorf("%d before 40 ms are there", got)
	}
	put(2)
	for _, want := range []int16{1, 1, 2, 2, 0} {
		if got := get(); got != want {
			t.Errorf("%d, want %d", got, want)
		}
	}
	for v := range int16(40) {
		put(v)
	}
	if got := get(); got != 18 { // twenty of them fill the ring
		t.Errorf("%d is 40 ms old, want 18", got)
	}
}

// TestOverlayAllocs: a packet with a voice over it costs no allocation.
func TestOverlayAllocs(t *testing.T) {
	l := join(t, ulaw, ulaw)
	feed := media.NewFeed(8000)
	l.a.Overlay(feed, true)
	l.Obey()
	l.Quiet()
	alice, spy := &sine{freq: 440}, &sine{freq: 1000}
	payload, voice := alice.ulaw(), spy.pcm(160, 8000)
	one := func() {
		feed.Write(voice)
		l.Receive(l.a, l.alice.Packet(payload), addrA)
		l.Advance(20 * time.Millisecond)
	}
	for range 20 {
		one()
	}
	if n := testing.AllocsPerRun(100, one); n > 0 {
		t.Errorf("%.1f allocations a packet", n)
	}
}
