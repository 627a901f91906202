package media_test

import (
	"testing"
	"time"

	"asterism/codecs"
	"asterism/codecs/g711"
	"asterism/engine/bridge"
	"asterism/engine/dtmf"
	"asterism/engine/media"
)

// Digits are to be known no later than this beyond what they consist of.
const digitLatency = 30 * time.Millisecond

// shortestTone is how long a key's tones must sound to be one (ITU-T Q.24): no sooner can anybody know.
const shortestTone = 40 * time.Millisecond

// moments are when a key was noticed, and when its end was, by the script and by the phone at the other leg; 0: not at all.
type moments struct{ told, toldEnd, began, ended time.Duration }

// TestDigitLatency: a key is told to the script, and goes on to the other leg, at once: from packet to packet of events nothing is added; of
// tones a key is known when they have sounded as long as they must, and its end a window and a packet later. Times are counted from the
// packet that brings the key's beginning, or its end. Printed with -v.
func TestDigitLatency(t *testing.T) {
	g722 := codecs.Format{Name: "G722", Rate: 8000, Channels: 1}
	for _, way := range []struct {
		from  string
		codec codecs.Format
	}{{"events", media.FormatULaw}, {"tones", media.FormatULaw}, {"tones", g722}, {"info", media.FormatULaw}} {
		from := way.from
		for _, to := range []string{"events", "tones", "info"} {
			worst := moments{}
			// Where in a packet the tones begin and end.
			for _, offset := range []time.Duration{0, 3, 6, 9, 12, 15, 18} {
				m := pressOnce(t, from, to, way.codec, 100*time.Millisecond, offset*time.Millisecond)
				worst = moments{max(worst.told, m.told), max(worst.toldEnd, m.toldEnd), max(worst.began, m.began), max(worst.ended, m.ended)}
				if from != "tones" {
					break
				}
			}
			t.Logf("%-6s (%s) ► %-6s  script: key %v, its end %v; other leg: begins %v, ends %v", from, way.codec.Name, to,
				worst.told.Truncate(time.Millisecond), worst.toldEnd.Truncate(time.Millisecond), worst.began.Truncate(time.Millisecond), worst.ended.Truncate(time.Millisecond))
			known := digitLatency
			if from == "tones" {
				known += shortestTone
			}
			if worst.told > known || worst.toldEnd > digitLatency {
				t.Errorf("%s: the script is told after %v (at most %v), of the end after %v", from, worst.told, known, worst.toldEnd)
			}
			if from == "tones" && to == "tones" {
				continue // the voice itself
			}
			if worst.began > known || worst.ended > digitLatency {
				t.Errorf("%s to %s: begins after %v, ends after %v", from, to, worst.began, worst.ended)
			}
		}
	}
}

// pressOnce presses the key 5 for a time, from offset into a packet of 20 ms on, and looks each millisecond at what has become of it.
func pressOnce(t *testing.T, from, to string, codec codecs.Format, length, offset time.Duration) (m moments) {
	t.Helper()
	l := &twoLegs{Lab: media.NewLab(t), alice: media.NewSpeaker(addrA.String(), 0xA), bob: media.NewSpeaker(addrB.String(), 0xB)}
	var now, began, ended time.Duration // of the key: when the packets arrive
	since := func(at time.Duration) time.Duration { return max(now-at, 1) }
	l.a = l.Port(media.PortConfig{OnPress: func(rune) { m.told = since(began) }, OnDigit: func(media.Digit) { m.toldEnd = since(min(ended, now)) }})
	l.b = l.Port(media.PortConfig{SendInfo: func(d media.Digit) { m.began, m.ended = since(ended), since(ended) }})
	l.a.SetStream(keyStream("a", from, codec))
	l.b.SetStream(keyStream("b", to, media.FormatULaw))
	l.alice.PT = media.AgreedStream(addrA, codec).Codecs[0].Recv
	l.Obey()
	l.Together(func() {
		if _, err := bridge.Join(l.a, l.b); err != nil {
			t.Error(err)
		}
	})
	step := func() {
		for range 20 {
			for _, p := range l.RTP(l.b) {
				switch {
				case to == "events" && p.PayloadType == 101 && p.Payload[1]&0x80 == 0 && m.began == 0:
					m.began = since(began)
				case to == "events" && p.PayloadType == 101 && p.Payload[1]&0x80 != 0 && m.ended == 0:
					m.ended = since(ended)
				case to == "tones" && level(decoded(p.Payload)) > 500:
					if m.began == 0 {
						m.began = since(began)
					}
					m.ended = since(ended)
				}
			}
			l.Advance(time.Millisecond)
			now += time.Millisecond
		}
	}
	const ptime = 20 * time.Millisecond
	voice := keyVoice(t, codec, 60, 5*ptime+offset, length)
	ts, first, last := uint32(0), 5, int((5*ptime+offset+length-1)/ptime)
	for i := range 60 {
		if i == first {
			began, ended, ts = now, now+time.Duration(last-first)*ptime, l.alice.TS
		}
		held := i >= first && i <= last
		switch {
		case held && from == "events":
			l.Receive(l.a, l.alice.Event(ts, 5, uint16(160*(i-first+1)), i == last, i == first), addrA)
			l.alice.TS += 160
		case from == "tones":
			l.Receive(l.a, l.alice.Packet(voice[i]), addrA)
		default:
			l.Receive(l.a, l.alice.Packet(media.Voice(0xFF)), addrA)
		}
		if from == "info" && i == first {
			ended = began // it is told when it is over, and goes on as long as it was
			if to != "info" {
				ended += length
			}
			l.a.TakeDigit(media.Digit{Rune: '5', Duration: length})
			l.Obey()
			m.told = m.toldEnd
		}
		step()
	}
	if m.told == 0 || m.toldEnd == 0 || m.began == 0 {
		t.Fatalf("%s to %s: a key is lost: %+v", from, to, m)
	}
	return m
}

// keyVoice is so many packets of 20 ms, silent but for the key 5.
func keyVoice(t *testing.T, f codecs.Format, packets int, at, length time.Duration) (list [][]byte) {
	t.Helper()
	c, _ := codecs.ByFormat(f)
	encoder, err := c.NewEncoder(codecs.EncoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	samples := func(d time.Duration) int { return int(d * time.Duration(c.SampleRate) / time.Second) }
	pcm := make([]int16, packets*c.SampleRate/50)
	g, _ := dtmf.NewGenerator('5', c.SampleRate)
	g.Read(pcm[samples(at) : samples(at)+samples(length)])
	for i := range packets {
		data := make([]byte, 1500)
		n, err := encoder.Encode(data, pcm[i*c.SampleRate/50:(i+1)*c.SampleRate/50])
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, data[:n])
	}
	return list
}

func decoded(payload []byte) []int16 {
	pcm := make([]int16, len(payload))
	_, _ = g711.ULaw{}.Decode(pcm, payload)
	return pcm
}

// TestKeyLeak: of a key that comes as tones and goes on otherwise, the other leg hears no more than the detector needs: until it is known,
// the tones are voice like any other, and nothing is delayed to find out.
func TestKeyLeak(t *testing.T) {
	worst := 0
	for _, to := range []string{"events", "info"} {
		for offset := range 20 {
			leaked := leak(t, to, time.Duration(offset)*time.Millisecond)
			worst = max(worst, leaked)
		}
	}
	t.Logf("at most %d ms of a key are heard at the other leg", worst)
	if most := int(shortestTone / time.Millisecond); worst > most {
		t.Errorf("%d ms of the tones are heard, at most %d should", worst, most)
	}
}

// leak is how many ms of a key's tones of 200 ms pass.
func leak(t *testing.T, to string, offset time.Duration) (ms int) {
	l := &twoLegs{Lab: media.NewLab(t), alice: media.NewSpeaker(addrA.String(), 0xA), bob: media.NewSpeaker(addrB.String(), 0xB)}
	l.a = l.Port(media.PortConfig{})
	l.b = l.Port(media.PortConfig{SendInfo: func(media.Digit) {}})
	l.a.SetStream(keyStream("a", "tones", media.FormatULaw))
	l.b.SetStream(keyStream("b", to, media.FormatULaw))
	l.Obey()
	l.Together(func() {
		if _, err := bridge.Join(l.a, l.b); err != nil {
			t.Error(err)
		}
	})
	voice := keyVoice(t, media.FormatULaw, 30, 100*time.Millisecond+offset, 200*time.Millisecond)
	for i := range 30 {
		l.Receive(l.a, l.alice.Packet(voice[i]), addrA)
		for _, p := range l.RTP(l.b) {
			pcm := decoded(p.Payload)
			for j := 0; p.PayloadType == 0 && j+8 <= len(pcm); j += 8 {
				if level(pcm[j:j+8]) > 500 {
					ms++
				}
			}
		}
		l.Advance(20 * time.Millisecond)
	}
	return ms
}
