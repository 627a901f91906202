package media_test

import (
	"fmt"
	"testing"
	"time"

	"asterism/codecs"
	"asterism/engine/bridge"
	"asterism/engine/dtmf"
	"asterism/engine/media"
)

// keyboard presses keys in one of the ways there are, and keypad hears them in all.
type keyboard struct {
	*twoLegs
	way     string // events, tones, info
	encoder codecs.Encoder
	rate    int
	t       time.Duration // since the beginning
}

type keypad struct {
	events, tones, info string
	began, ended        []time.Duration // of each key, since the beginning
	lengths             []time.Duration
	detector            *dtmf.Detector
	decoder             codecs.Decoder
	open                bool
	voice               int // packets of voice with a tone in them
}

var digitModes = map[string]media.DigitMode{"events": media.DigitsEvents, "tones": media.DigitsInband, "info": media.DigitsInfo}

// stream is what a leg agrees to whose keys go one way.
func keyStream(peer string, way string, f codecs.Format) media.Stream {
	s := media.AgreedStream(addrA, f)
	if peer == "b" {
		s.Remote = addrB
	}
	s.Digits = digitModes[way]
	s.HearDigits = way == "tones"
	if way != "events" {
		s.DTMF = nil
	}
	return s
}

// TestKeyMatrix: keys come in each way and go on in each, once, as long as they were, soon.
func TestKeyMatrix(t *testing.T) {
	const keys = "159#D"
	const length, pause = 100 * time.Millisecond, 120 * time.Millisecond
	for _, codec := range []codecs.Format{media.FormatULaw, {Name: "G722", Rate: 8000, Channels: 1}} {
		for _, from := range []string{"events", "tones", "info"} {
			for _, to := range []string{"events", "tones", "info"} {
				t.Run(fmt.Sprintf("%s to %s, %s", from, to, codec.Name), func(t *testing.T) {
					var told string
					pad := &keypad{detector: dtmf.NewDetector(), decoder: decoder(t, media.FormatULaw)}
					l := &twoLegs{Lab: media.NewLab(t), alice: media.NewSpeaker(addrA.String(), 0xA), bob: media.NewSpeaker(addrB.String(), 0xB)}
					k := &keyboard{twoLegs: l, way: from}
					l.a = l.Port(media.PortConfig{OnDigit: func(d media.Digit) { told += string(d.Rune) }})
					l.b = l.Port(media.PortConfig{SendInfo: func(d media.Digit) {
						pad.info += string(d.Rune)
						pad.note(k.t-d.Duration, k.t, d.Duration)
					}})
					l.a.SetStream(keyStream("a", from, codec))
					l.b.SetStream(keyStream("b", to, media.FormatULaw))
					l.Obey()
					l.Together(func() {
						var err error
						if l.bridge, err = bridge.Join(l.a, l.b); err != nil {
							t.Error(err)
						}
					})
					k.open(codec)
					for range 10 {
						k.say(pad, 0, 0)
					}
					var pressed []time.Duration
					for _, key := range keys {
						pressed = append(pressed, k.t)
						k.press(pad, key, length)
						for range pause / (20 * time.Millisecond) {
							k.say(pad, 0, 0)
						}
					}
					for range 10 {
						k.say(pad, 0, 0)
					}
					got := map[string]string{"events": pad.events, "tones": pad.tones, "info": pad.info}
					for way, text := range got {
						if want := map[bool]string{true: keys}[way == to]; text != want {
							t.Errorf("%s: %q, want %q", way, text, want)
						}
					}
					if told != keys {
						t.Errorf("the script is told %q", told)
					}
					for i := range min(len(pad.ended), len(pressed)) {
						late := pad.ended[i] - pressed[i] - length
						if from == "info" { // it is told when it is over
							late -= length
						}
						// What is heard in voice ends a detector's window later; our own ear for tones needs another.
						if most := 50 * time.Millisecond; late > most {
							t.Errorf("key %d ends %v after it was let go", i, late)
						}
						if d := pad.lengths[i] - length; d < -45*time.Millisecond || d > 25*time.Millisecond {
							t.Errorf("key %d is %v long", i, pad.lengths[i])
						}
					}
					if from == "tones" && to != "tones" && pad.voice > len(keys)*3 {
						t.Errorf("%d packets of voice have the tones, too", pad.voice)
					}
				})
			}
		}
	}
}

func (k *keyboard) open(f codecs.Format) {
	c, _ := codecs.ByFormat(f)
	k.encoder, _ = c.NewEncoder(codecs.EncoderOptions{})
	k.rate = c.SampleRate
	k.alice.PT = media.AgreedStream(addrA, f).Codecs[0].Recv
}

// say sends 20 ms of voice, or of a key's tones from one sample to another; everything Bob gets meanwhile goes to pad.
func (k *keyboard) say(pad *keypad, key rune, from int) {
	pcm := make([]int16, k.rate/50)
	if g, ok := dtmf.NewGenerator(key, k.rate); ok {
		g.Read(make([]int16, from))
		g.Read(pcm)
	} else {
		for i := range pcm {
			pcm[i] = int16((i * 7919) % 97) // hardly audible
		}
	}
	data := make([]byte, 1500)
	n, _ := k.encoder.Encode(data, pcm)
	k.Receive(k.a, k.alice.Packet(data[:n]), addrA)
	k.pass(pad)
}

func (k *keyboard) pass(pad *keypad) {
	k.Advance(20 * time.Millisecond)
	k.t += 20 * time.Millisecond
	for _, p := range k.RTP(k.b) {
		pad.hear(p.PayloadType, p.Payload, k.t)
	}
}

func (k *keyboard) press(pad *keypad, key rune, d time.Duration) {
	packets := int(d / (20 * time.Millisecond))
	switch k.way {
	case "tones":
		for i := range packets {
			k.say(pad, key, i*k.rate/50)
		}
	case "events":
		ts := k.alice.TS
		code := uint8(0)
		for i, r := range "0123456789*#ABCD" {
			if r == key {
				code = uint8(i)
			}
		}
		for i := range packets {
			k.Receive(k.a, k.alice.Event(ts, code, uint16(160*(i+1)), i == packets-1, i == 0), addrA)
			k.pass(pad)
		}
		k.alice.TS += uint32(160 * packets)
	case "info":
		for range packets {
			k.say(pad, 0, 0)
		}
		k.a.TakeDigit(media.Digit{Rune: key, Duration: d})
		k.Obey()
	}
}

func (p *keypad) note(began, ended, length time.Duration) {
	p.began, p.ended, p.lengths = append(p.began, began), append(p.ended, ended), append(p.lengths, length)
}

// hear takes a packet Bob got at t.
func (p *keypad) hear(pt uint8, payload []byte, t time.Duration) {
	if pt == 101 {
		end := payload[1]&0x80 != 0
		if !end {
			p.open = true
		} else if p.open {
			p.open = false
			p.events += string("0123456789*#ABCD"[payload[0]])
			length := time.Duration(int(payload[2])<<8|int(payload[3])) * time.Second / 8000
			p.note(t-length, t, length)
		}
		return
	}
	pcm := make([]int16, 160)
	_, _ = p.decoder.Decode(pcm, payload)
	if level(pcm) > 500 {
		p.voice++
	}
	for _, e := range p.detector.Process(nil, pcm) {
		if !e.Down {
			p.tones += string(e.Key)
			length := time.Duration(e.Samples) * time.Second / 8000
			p.note(t-length, t, length)
		}
	}
}

// TestKeyOfALegThatGoes: a key that is down when the bridge ends, or the stream changes, is let go.
func TestKeyOfALegThatGoes(t *testing.T) {
	for name, leave := range map[string]func(*twoLegs){
		"the bridge ends":    func(l *twoLegs) { l.bridge.Leave(); l.Obey() },
		"the phone is gone":  func(l *twoLegs) { l.a.Close(); l.Obey() },
		"the packets stop":   func(l *twoLegs) {},
		"another SSRC comes": func(l *twoLegs) { l.alice.SSRC++; l.Receive(l.a, l.alice.Packet(media.Voice(0xFF)), addrA) },
	} {
		t.Run(name, func(t *testing.T) {
			l := join(t, ulaw, ulaw)
			l.b.SetStream(keyStream("b", "tones", media.FormatULaw))
			l.Obey()
			l.Receive(l.a, l.alice.Event(l.alice.TS, 5, 160, false, true), addrA)
			l.Advance(40 * time.Millisecond)
			leave(l)
			l.Advance(time.Second)
			pad := &keypad{detector: dtmf.NewDetector(), decoder: decoder(t, media.FormatULaw)}
			packets := l.RTP(l.b)
			for i, p := range packets {
				pad.hear(p.PayloadType, p.Payload, time.Duration(i)*20*time.Millisecond)
			}
			for range 5 {
				pad.hear(0, media.Voice(0xFF), 0)
			}
			if pad.tones != "5" || len(packets) > 25 {
				t.Errorf("heard %q in %d packets", pad.tones, len(packets))
			}
		})
	}
}

// TestKeysInVoiceThatIsLost: a packet that does not come makes no second key of one.
func TestKeysInVoiceThatIsLost(t *testing.T) {
	for lost := range 8 {
		l := join(t, ulaw, ulaw)
		l.a.SetStream(keyStream("a", "tones", media.FormatULaw))
		l.Obey()
		k := &keyboard{twoLegs: l, way: "tones"}
		pad := &keypad{detector: dtmf.NewDetector(), decoder: decoder(t, media.FormatULaw)}
		k.open(media.FormatULaw)
		for i := range 20 {
			if i == 4+lost {
				l.alice.Seq++
				l.alice.TS += 160
				k.pass(pad)
				continue
			}
			if i >= 5 && i < 11 {
				k.say(pad, '5', (i-5)*160)
			} else {
				k.say(pad, 0, 0)
			}
		}
		if fmt.Sprintf("%c", l.digitsA[0].Rune) != "5" || len(l.digitsA) != 1 || pad.events != "5" {
			t.Errorf("packet %d lost: told %v, sent on %q", lost, l.digitsA, pad.events)
		}
	}
}

func TestKeyListenerAllocs(t *testing.T) {
	l := join(t, ulaw, ulaw)
	l.a.SetStream(keyStream("a", "tones", media.FormatULaw))
	l.Obey()
	l.Quiet()
	say := func() {
		l.Receive(l.a, l.alice.Packet(voice160), addrA)
		l.Advance(20 * time.Millisecond)
	}
	say()
	if n := testing.AllocsPerRun(200, say); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
