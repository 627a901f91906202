package media_test

import (
	"bytes"
	"math"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"asterism/codecs"
	"asterism/codecs/g711"
	"asterism/codecs/opus"
	"asterism/engine/media"
	"asterism/sounds"
)

// BenchmarkTranscodeOpus goes both ways with a voice and with libopus alone upon the same packets, turn by turn and in
// processor time, so that a busy machine does not matter; budget: 1.2 times libopus' own time, 0 allocs.
func BenchmarkTranscodeOpus(b *testing.B) {
	const packets = 50
	narrow, wide := opusVoice(b, packets)
	l := join(b, ulaw, []codecs.Format{media.FormatOpus})
	l.Quiet()
	c, _ := codecs.ByFormat(media.FormatOpus)
	enc, err := c.NewEncoder(codecs.EncoderOptions{SampleRate: 8000})
	if err != nil {
		b.Fatal(err)
	}
	dec, err := c.NewDecoderAt(8000)
	if err != nil {
		b.Fatal(err)
	}
	code, pcm := make([]byte, 2048), make([]int16, 5760)
	bridged := func(i int) {
		l.Receive(l.a, l.alice.Packet(narrow[i].ulaw), addrA)
		l.Receive(l.b, l.bob.Packet(wide[i]), addrB)
		l.bob.TS += 960 - 160
	}
	bare := func(i int) {
		_, _ = enc.Encode(code, narrow[i].pcm)
		_, _ = dec.Decode(pcm, wide[i])
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var ours, theirs time.Duration
	b.ReportAllocs()
	for i := 0; b.Loop(); i = (i + 1) % packets {
		if i%2 == 0 { // neither always finds the other's data in the processor's memory
			ours += threadTime(b, bridged, i)
			theirs += threadTime(b, bare, i)
		} else {
			theirs += threadTime(b, bare, i)
			ours += threadTime(b, bridged, i)
		}
	}
	if l.Count() < 2*b.N {
		b.Errorf("%d packets sent of %d", l.Count(), 2*b.N)
	}
	b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N), "ns/bridged")
	b.ReportMetric(float64(theirs.Nanoseconds())/float64(b.N), "ns/libopus")
	ratio := float64(ours) / float64(theirs)
	b.ReportMetric(ratio, "×libopus")
	if b.N > 1000 && ratio > 1.2 {
		b.Errorf("%.2f times libopus' own time, the budget is 1.2", ratio)
	}
}

// threadTime is the processor time that f takes on this thread.
func threadTime(b *testing.B, f func(int), i int) time.Duration {
	var began, ended unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &began); err != nil {
		b.Fatal(err)
	}
	f(i)
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ended)
	return time.Duration(ended.Nano() - began.Nano())
}

type narrowPacket struct {
	pcm  []int16
	ulaw []byte
}

// opusVoice is n packets of 20 ms of a prompt, at 8 kHz and as Opus at 48 kHz.
func opusVoice(b *testing.B, n int) (narrow []narrowPacket, wide [][]byte) {
	b.Helper()
	prompt, err := sounds.FS.ReadFile("en/demo-thanks.opus")
	if err != nil {
		b.Fatal(err)
	}
	read := func(rate int) []int16 {
		pcm, _, err := opus.DecodeOgg(bytes.NewReader(prompt), rate, math.MaxInt32)
		if err != nil || len(pcm) < n*rate/50 {
			b.Fatalf("%d samples, %v", len(pcm), err)
		}
		return pcm
	}
	c, _ := codecs.ByFormat(media.FormatOpus)
	enc, err := c.NewEncoder(codecs.EncoderOptions{})
	if err != nil {
		b.Fatal(err)
	}
	low, high := read(8000), read(48000)
	for i := range n {
		pcm, code, packet := low[i*160:(i+1)*160], make([]byte, 160), make([]byte, 2048)
		_, _ = g711.ULaw{}.Encode(code, pcm)
		_, _ = g711.ULaw{}.Decode(pcm, code)
		narrow = append(narrow, narrowPacket{pcm, code})
		size, err := enc.Encode(packet, high[i*960:(i+1)*960])
		if err != nil {
			b.Fatal(err)
		}
		wide = append(wide, packet[:size])
	}
	return narrow, wide
}
