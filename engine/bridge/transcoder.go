package bridge

import (
	"time"

	"asterism/codecs"
	"asterism/codecs/resample"
	"asterism/engine/media"
)

// transcoder turns frames of one codec into packets of another. A packet leaves when its ptime is full, so the two legs may
// differ in it. A frame older than the last one is dropped, what was lost before one is made up when it comes (see fill), and a
// pause stays a gap in the timestamp.
type transcoder struct {
	out  *media.Out
	from codecs.Format
	to   codecs.Codec
	size int // samples in a packet, at to.SampleRate

	decoder   codecs.Decoder
	encoder   codecs.Encoder
	shed      int                 // the level encoder was told
	resampler *resample.Resampler // nil: same rate
	inRate    int

	inSeq uint16 // of the last frame taken
	unit  int    // its length, in units of from.Rate

	pcm  []int16 // decoded
	fifo []int16 // at the target's rate; the first have samples are filled
	have int
	at   uint32 // timestamp of the first sample in fifo

	line  timeline
	frame media.Frame
	seq   uint16
	data  [maxPayload]byte
}

// transcoded marks sources whose frames were numbered here and not by the peer.
const transcoded = 1 << 62

// timeline maps the timestamps of one source to another clock. It counts on when the 32 bits wrap.
type timeline struct {
	source   uint64
	started  bool
	ts       uint32 // newest
	position int64  // of ts, in samples of the old clock
	expected uint32 // ts of the frame that would follow without a gap
	rate     int64  // old clock
	to       int64  // new clock
}

func (t *timeline) begin(f *media.Frame) {
	t.source, t.started, t.ts, t.position, t.expected = f.Source, true, f.Timestamp, 0, f.Timestamp
}

// at is the place of ts in the new clock.
func (t *timeline) at(ts uint32) uint32 {
	position := t.position + int64(int32(ts-t.ts))
	return uint32(floorDiv(position*t.to, t.rate))
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func (t *timeline) advance(ts uint32) {
	t.position += int64(int32(ts - t.ts))
	t.ts = ts
}

// newTranscoder returns nil when one of the codecs has no coder here.
func newTranscoder(out *media.Out, from, to codecs.Format, ptime time.Duration) *transcoder {
	src, ok1 := codecs.ByFormat(from)
	dst, ok2 := codecs.ByFormat(to)
	if !ok1 || !ok2 || src.NewDecoder == nil || dst.NewEncoder == nil {
		return nil
	}
	t := &transcoder{out: out, from: from, to: dst, line: timeline{rate: int64(from.Rate), to: int64(to.Rate)}}
	if !t.open(src, dst) {
		return nil
	}
	t.size = int(ptime * time.Duration(t.to.SampleRate) / time.Second)
	t.pcm = make([]int16, t.inRate*longestFrame/1000)
	most := len(t.pcm)
	if t.inRate != t.to.SampleRate {
		t.resampler = resample.New(t.inRate, t.to.SampleRate)
		most = t.resampler.Most(len(t.pcm))
	}
	t.fifo = make([]int16, t.size+most)
	return t
}

// open makes the coders, at one rate if they can agree: opus takes and gives 8 kHz itself, far cheaper than we resample.
func (t *transcoder) open(src, dst codecs.Codec) bool {
	o := t.out.EncoderOptions(dst.Format)
	newDecoder := src.NewDecoder
	t.inRate = src.SampleRate
	switch {
	case src.NewDecoderAt != nil && src.Offers(dst.SampleRate):
		t.inRate = dst.SampleRate
		newDecoder = func() (codecs.Decoder, error) { return src.NewDecoderAt(dst.SampleRate) }
	case dst.Offers(src.SampleRate):
		o.SampleRate = src.SampleRate
		t.to.SampleRate = src.SampleRate
	}
	var err1, err2 error
	t.decoder, err1 = newDecoder()
	t.encoder, err2 = dst.NewEncoder(o)
	return err1 == nil && err2 == nil
}

// heavy: Opus takes a hundred times as long as a relay.
func (t *transcoder) heavy() bool { return t.from.Name == "opus" || t.to.Format.Name == "opus" }

// ease makes the encoder as cheap as the shard's load wants it, if it can be.
func (t *transcoder) ease() {
	level := t.out.Shed()
	if level == t.shed {
		return
	}
	t.shed = level
	if e, ok := t.encoder.(interface{ Ease(level int) }); ok {
		e.Ease(level)
	}
}

func (t *transcoder) write(f *media.Frame) error {
	t.ease()
	if !t.line.started || f.Source != t.line.source {
		t.line.begin(f)
		t.have, t.at, t.inSeq = 0, 0, f.Seq-1
	} else if len(f.Payload) != 0 {
		t.fill(f)
	}
	if len(f.Payload) == 0 {
		if int16(f.Seq-t.inSeq) > 0 {
			t.inSeq = f.Seq
		}
		return nil
	}
	if int32(f.Timestamp-t.line.expected) < 0 {
		return nil // older than what was sent
	}
	n, err := t.decoder.Decode(t.pcm, f.Payload)
	if err != nil || n == 0 {
		return err // lost, as the next one will see
	}
	t.inSeq, t.unit = f.Seq, n*t.from.Rate/t.inRate
	if f.Timestamp != t.line.expected {
		t.have, t.at = 0, t.line.at(f.Timestamp) // what waited belongs before the gap: less than a packet
	}
	return t.push(f, f.Timestamp, n, f.Marker)
}

// push sends on the first n samples of pcm, which are of ts on; f is the frame that brought them.
func (t *transcoder) push(f *media.Frame, ts uint32, n int, marker bool) error {
	t.line.advance(ts)
	t.line.expected = ts + uint32(int64(n)*t.line.rate/int64(t.inRate))
	if t.resampler == nil {
		t.have += copy(t.fifo[t.have:], t.pcm[:n])
	} else {
		t.have += t.resampler.Process(t.fifo[t.have:], t.pcm[:n])
	}
	return t.drain(f, marker)
}

// clock turns samples into units of the RTP clock: they differ for G.722 and opus.
func (t *transcoder) clock(samples int) int { return samples * t.to.Format.Rate / t.to.SampleRate }

func (t *transcoder) drain(f *media.Frame, marker bool) error {
	used := 0
	for ; t.have-used >= t.size; used += t.size {
		size, err := t.encoder.Encode(t.data[:], t.fifo[used:used+t.size])
		if err != nil {
			return err
		}
		t.frame = media.Frame{Format: t.to.Format, Payload: t.data[:size], Timestamp: t.at, Marker: marker,
			Samples: t.clock(t.size), Source: f.Source | transcoded}
		marker = false
		t.at += uint32(t.clock(t.size))
		if size > 0 { // else DTX: a pause in the timestamps, not in the numbers
			t.seq++
			t.frame.Seq = t.seq
			if err := t.out.WriteFrame(&t.frame); err != nil {
				return err
			}
		}
	}
	t.have = copy(t.fifo, t.fifo[used:t.have])
	return nil
}
