package codecs

import (
	"time"

	"asterism/codecs/opus"
)

const ms = time.Millisecond

// mostPayload keeps a packet of ours within one Ethernet frame, with the headers of IPv6, UDP, RTP and SRTP.
const mostPayload = 1400

// Ptime is the length of packets to make for a peer that likes want, in steps of 10 ms up to 60 where the codec can: as long as
// that or the next shorter, never so that a packet would need fragments if a shorter would not. fmtp is the peer's.
func (c Codec) Ptime(want time.Duration, fmtp string) time.Duration {
	want = min(max(want.Truncate(10*ms), 10*ms), 60*ms)
	switch c.Format.Name {
	case "opus":
		return opusPtime(want, opus.ParseFmtp(fmtp))
	case "GSM":
		return max(want.Truncate(20*ms), 20*ms) // whole frames (RFC 3551 §4.5.8)
	case "L16":
		for _, d := range []time.Duration{60 * ms, 50 * ms, 40 * ms, 30 * ms, 20 * ms, 10 * ms} {
			if d <= want && c.bytes(d) <= mostPayload {
				return d
			}
		}
		return 5 * ms
	}
	return want
}

// bytes of L16 in d.
func (c Codec) bytes(d time.Duration) int {
	return int(2 * d * time.Duration(c.SampleRate) / time.Second)
}

// opusPtime: a packet of ours is one frame, of 10, 20, 40 or 60 ms (RFC 6716 §2.1.4). A peer may also bound it in the fmtp.
func opusPtime(want time.Duration, f opus.Fmtp) time.Duration {
	if f.Ptime != 0 {
		want = time.Duration(f.Ptime) * ms
	}
	want = max(want, time.Duration(f.MinPtime)*ms)
	if f.MaxPtime != 0 {
		want = min(want, time.Duration(f.MaxPtime)*ms)
	}
	for _, d := range []time.Duration{60 * ms, 40 * ms, 20 * ms} {
		if d <= want {
			return d
		}
	}
	return 10 * ms
}
