package media_test

import (
	"math"
	"testing"
	"time"

	"asterism/codecs"
	"asterism/codecs/g711"
	"asterism/codecs/opus"
	"asterism/engine/media"
)

var g722 = []codecs.Format{{Name: "G722", Rate: 8000, Channels: 1}}

// TestTranscoderConceals: what is lost on the way in is made up on the way out, to a bound; a pause is not.
func TestTranscoderConceals(t *testing.T) {
	for _, tt := range []struct {
		name                    string
		lost, made, gap, paused int // packets
	}{
		{name: "one", lost: 1, made: 1},
		{name: "three in a row", lost: 3, made: 3},
		{name: "twenty in a row", lost: 20, made: 4, gap: 16},
		{name: "a pause", paused: 10, gap: 10},
		{name: "a pause that begins with a loss", lost: 1, paused: 50, made: 1, gap: 50},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := join(t, ulaw, g722)
			v := &sine{freq: 440}
			dec := decoder(t, g722[0])
			for range 20 {
				for _, p := range l.say(v.ulaw()) {
					_ = decode(t, dec, p.Payload)
				}
			}
			l.alice.Seq += uint16(tt.lost)
			l.alice.TS += uint32(160 * (tt.lost + tt.paused))
			v.phase += 160 * (tt.lost + tt.paused)
			l.Advance(time.Duration(tt.lost+tt.paused) * 20 * time.Millisecond)
			b, ts := make([]byte, 160), uint32(0)
			copy(b, v.ulaw())
			before := l.alice.TS
			got := l.say(b)
			if len(got) != tt.made+1 {
				t.Fatalf("%d packets leave, want %d and the one that came", len(got), tt.made)
			}
			for i, p := range got {
				pcm := decode(t, dec, p.Payload)
				step := p.Timestamp - ts
				if want := uint32(160 * (1 + tt.gap)); i > 0 && (i < tt.made && step != 160 || i == tt.made && (step < want || step > want+want/8)) { // what waited for a full packet is left out
					t.Errorf("packet %d: timestamp +%d", i, step)
				}
				ts = p.Timestamp
				if rms := level(pcm); i < min(tt.made, 2) && rms < 2000 {
					t.Errorf("what is made up has a level of %.0f", rms)
				}
			}
			after := l.say(v.ulaw())
			if len(after) != 1 || after[0].Timestamp != ts+160 || after[0].SequenceNumber != got[len(got)-1].SequenceNumber+1 {
				t.Errorf("afterwards: %v", after)
			}
			// What was taken for lost comes after all.
			l.Receive(l.a, l.alice.Raw(0, false, l.alice.Seq-3, before-160, b), addrA)
			if late := l.RTP(l.b); len(late) != 0 {
				t.Errorf("a late packet was sent on: %v", late)
			}
		})
	}
}

// TestTranscoderRestores: a lost packet of opus comes out of the one after it. The tone begins with the packet that is lost, so
// no concealment could know it.
func TestTranscoderRestores(t *testing.T) {
	l := join(t, []codecs.Format{media.FormatOpus}, ulaw)
	format, _ := codecs.ByFormat(media.FormatOpus)
	settings := opus.DefaultOptions()
	settings.PacketLoss, settings.Bitrate = 30, 32000
	enc, err := format.NewEncoder(codecs.EncoderOptions{Fmtp: "useinbandfec=1", SampleRate: 16000, Settings: codecs.Settings{Opus: &settings}})
	if err != nil {
		t.Fatal(err)
	}
	low, high := &sine{freq: 300}, &sine{freq: 1000}
	data := make([]byte, 1500)
	var heard []int16
	for i := range 60 {
		v := low
		if i >= 40 {
			v = high
		}
		n, err := enc.Encode(data, v.pcm(320, 16000))
		if err != nil {
			t.Fatal(err)
		}
		packet := append([]byte(nil), l.alice.Packet(data[:n])...)
		l.alice.TS += 960 - 160
		if i == 40 {
			l.Advance(20 * time.Millisecond)
			continue
		}
		l.Receive(l.a, packet, addrA)
		for _, p := range l.RTP(l.b) {
			pcm := make([]int16, 160)
			_, _ = g711.ULaw{}.Decode(pcm, p.Payload)
			heard = append(heard, pcm...)
		}
		l.Advance(20 * time.Millisecond)
	}
	if len(heard) != 60*160 {
		t.Fatalf("heard %d packets of 60", len(heard)/160)
	}
	if share := media.ToneShare(heard[40*160+80:41*160+80], 8000, 1000); share < 0.7 { // half a packet of coding delay
		t.Errorf("share of the tone in the lost packet %.2f", share)
	}
}

func TestTranscoderConcealAllocs(t *testing.T) {
	for _, from := range [][]codecs.Format{ulaw, g722, {media.FormatOpus}} {
		l := join(t, from, []codecs.Format{{Name: "L16", Rate: 16000, Channels: 1}})
		c, _ := codecs.ByFormat(from[0])
		enc, err := c.NewEncoder(codecs.EncoderOptions{})
		if err != nil {
			t.Fatal(err)
		}
		data := make([]byte, 1500)
		v := &sine{freq: 440}
		n, err := enc.Encode(data, v.pcm(c.SampleRate/50, c.SampleRate))
		if err != nil {
			t.Fatal(err)
		}
		l.Quiet()
		step := uint32(from[0].Rate/50 - 160)
		i := 0
		say := func() {
			b := l.alice.Packet(data[:n])
			l.alice.TS += step
			if i++; i%3 != 0 {
				l.Receive(l.a, b, addrA)
			}
			l.Advance(20 * time.Millisecond)
		}
		for range 20 {
			say()
		}
		if allocs := testing.AllocsPerRun(100, say); allocs != 0 {
			t.Errorf("%s: %v allocations a packet", c.Name, allocs)
		}
	}
}

func decoder(t *testing.T, f codecs.Format) codecs.Decoder {
	t.Helper()
	c, _ := codecs.ByFormat(f)
	d, err := c.NewDecoder()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func decode(t *testing.T, d codecs.Decoder, payload []byte) []int16 {
	t.Helper()
	pcm := make([]int16, 5760)
	n, err := d.Decode(pcm, payload)
	if err != nil {
		t.Fatal(err)
	}
	return pcm[:n]
}

// level is the root of the mean square.
func level(pcm []int16) float64 {
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	return math.Sqrt(sum / float64(max(len(pcm), 1)))
}
