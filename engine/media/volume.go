package media

import (
	"math"

	"asterism/codecs"
	"asterism/codecs/g711"
)

// Volume is how much louder a port's sound goes on than it comes. A level above 0 multiplies by itself, one below divides, as Asterisk's
// VOLUME() has it; 0, 1 and -1 change nothing.
type Volume struct {
	Heard float64 // what the peer says, for whoever it goes to
	Said  float64 // what the peer is told
	Keys  bool    // the peer's key * adds 1 to both, # takes 1
}

// SetVolume changes how loud the port is, for all that is sent on or sent; taps hear the sound as it came. What cannot be decoded here
// stays as it is. The change of a codec other than G.711 costs a coding of each packet.
func (p *Port) SetVolume(v Volume) {
	p.volumeSet.Store(&v)
	p.post(func(*shard) { p.turn(v) })
}

// Volume is what SetVolume or the peer's keys have set last.
func (p *Port) Volume() Volume {
	if v := p.volumeSet.Load(); v != nil {
		return *v
	}
	return Volume{}
}

// turn puts a volume in force.
func (p *Port) turn(v Volume) {
	p.volume = nil
	if v == (Volume{}) {
		return
	}
	p.volume = &volume{set: v, heard: newAmplifier(v.Heard), said: newAmplifier(v.Said)}
}

// volume is that of a port. One that changes neither way and is not turned by keys is nil.
type volume struct {
	set         Volume
	heard, said *amplifier // nil: as it comes
}

// TurnVolume takes a key of the peer that came beside the stream and is for a script alone (else see TakeDigit).
func (p *Port) TurnVolume(key rune) { p.post(func(*shard) { p.turnByKey(key) }) }

// turnByKey takes a key of the peer.
func (p *Port) turnByKey(key rune) {
	if p.volume == nil || !p.volume.set.Keys || key != '*' && key != '#' {
		return
	}
	step := 1.0
	if key == '#' {
		step = -1
	}
	v := p.volume.set
	v.Heard, v.Said = v.Heard+step, v.Said+step
	p.volumeSet.Store(&v)
	p.turn(v)
}

// louder is f as loud as the volume in force wants what was heard.
func (p *Port) louder(f *Frame) *Frame {
	if p.volume == nil || p.volume.heard == nil {
		return f
	}
	return p.volume.heard.apply(&p.outgoing, f)
}

// amplifier makes one direction louder or softer: G.711 by a table, what else can be decoded by coding it again.
type amplifier struct {
	factor  float64
	format  codecs.Format
	table   *[256]byte
	decoder codecs.Decoder // nil: by table, or not at all
	encoder codecs.Encoder
	pcm     []int16
	payload [maxPayload]byte
	frame   Frame
}

// maxPayload is more than any packet we take in may hold.
const maxPayload = 2048

// newAmplifier returns nil for a level that changes nothing.
func newAmplifier(level float64) *amplifier {
	switch {
	case level > 0 && level != 1:
		return &amplifier{factor: level}
	case level < 0 && level != -1:
		return &amplifier{factor: -1 / level}
	}
	return nil
}

// apply returns f louder, in a frame that is good until the next one, or f itself if it holds no sound that can be changed.
func (g *amplifier) apply(o *Out, f *Frame) *Frame {
	if len(f.Payload) == 0 || len(f.Payload) > len(g.payload) || f.Format.Name == telephoneEvent {
		return f
	}
	if f.Format != g.format {
		g.open(o, f.Format)
	}
	n := len(f.Payload)
	switch {
	case g.table != nil:
		for i, b := range f.Payload {
			g.payload[i] = g.table[b]
		}
	case g.decoder != nil:
		samples, err := g.decoder.Decode(g.pcm, f.Payload)
		if err != nil || samples == 0 {
			return f
		}
		scale(g.pcm[:samples], g.factor)
		if n, err = g.encoder.Encode(g.payload[:], g.pcm[:samples]); err != nil || n == 0 {
			return f
		}
	default:
		return f
	}
	g.frame = *f
	g.frame.Payload = g.payload[:n]
	return &g.frame
}

func scale(pcm []int16, factor float64) {
	for i, s := range pcm {
		pcm[i] = clip(float64(s) * factor)
	}
}

func clip(v float64) int16 { return int16(min(max(v, math.MinInt16), math.MaxInt16)) }

// open chooses the way for a format.
func (g *amplifier) open(o *Out, f codecs.Format) {
	g.format, g.table, g.decoder = f, nil, nil
	c, ok := codecs.ByFormat(f)
	if !ok || c.NewDecoder == nil {
		return
	}
	switch c.Name {
	case "ulaw":
		g.table = gainTable(g.factor, g711.DecodeULaw, g711.EncodeULaw)
		return
	case "alaw":
		g.table = gainTable(g.factor, g711.DecodeALaw, g711.EncodeALaw)
		return
	}
	d, err1 := c.NewDecoder()
	e, err2 := c.NewEncoder(o.EncoderOptions(f))
	if err1 == nil && err2 == nil {
		g.decoder, g.encoder, g.pcm = d, e, make([]int16, c.SampleRate*longestFrame/1000)
	}
}

func gainTable(factor float64, decode func(byte) int16, encode func(int16) byte) *[256]byte {
	t := new([256]byte)
	for i := range t {
		t[i] = encode(clip(float64(decode(byte(i))) * factor))
	}
	return t
}
