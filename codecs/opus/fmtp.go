package opus

import (
	"strconv"
	"strings"
)

// Fmtp is what one side says in an SDP a=fmtp of Opus (RFC 7587 §6.1): what it likes to receive, and what it is likely to send
// (sprop). The zero value says nothing. ptime and maxptime belong into attributes of their own, but are understood here too.
type Fmtp struct {
	MaxPlaybackRate     int // Hz, 8000 to 48000; 0: not said
	SpropMaxCaptureRate int
	MaxAverageBitrate   int // bit/s, 6000 to 510000; 0: not said
	Stereo, SpropStereo bool
	CBR, FEC, DTX       bool // cbr, useinbandfec, usedtx
	Ptime, MaxPtime     int  // ms, 3 to 120; 0: not said
	MinPtime            int  // of drafts of the RFC, and of WebRTC
}

// ParseFmtp reads the parameters, separated by semicolons, names in any case. One that makes no sense is passed over; a number
// beyond its bounds counts as the nearest within.
func ParseFmtp(s string) Fmtp {
	var f Fmtp
	for parameter := range strings.SplitSeq(s, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31)
		if err != nil {
			continue
		}
		name = strings.ToLower(strings.TrimSpace(name))
		for _, p := range f.numbers() {
			if p.name == name {
				*p.at = min(max(int(n), p.least), p.most)
			}
		}
		for _, p := range f.flags() {
			if p.name == name && n <= 1 {
				*p.at = n == 1
			}
		}
	}
	return f
}

// String writes what is said, in the form of an SDP a=fmtp value.
func (f Fmtp) String() string {
	var said []string
	for _, p := range f.numbers() {
		if *p.at != 0 {
			said = append(said, p.name+"="+strconv.Itoa(*p.at))
		}
	}
	for _, p := range f.flags() {
		if *p.at {
			said = append(said, p.name+"=1")
		}
	}
	return strings.Join(said, ";")
}

type number struct {
	name        string
	at          *int
	least, most int
}

func (f *Fmtp) numbers() [6]number {
	return [6]number{
		{"maxplaybackrate", &f.MaxPlaybackRate, 8000, 48000}, {"sprop-maxcapturerate", &f.SpropMaxCaptureRate, 8000, 48000},
		{"maxaveragebitrate", &f.MaxAverageBitrate, 6000, 510000}, {"ptime", &f.Ptime, 3, 120}, {"maxptime", &f.MaxPtime, 3, 120},
		{"minptime", &f.MinPtime, 3, 120},
	}
}

type flag struct {
	name string
	at   *bool
}

func (f *Fmtp) flags() [5]flag {
	return [5]flag{{"stereo", &f.Stereo}, {"sprop-stereo", &f.SpropStereo}, {"cbr", &f.CBR}, {"useinbandfec", &f.FEC}, {"usedtx", &f.DTX}}
}

// For returns o as a receiver wants it that said f of itself: within its limits of bit rate and bandwidth, at a constant rate or with
// silences left out if it asked for that, and with FEC only if it did. We send mono, which a receiver of stereo takes too.
func (o Options) For(f Fmtp) Options {
	if limit := f.MaxAverageBitrate; limit != 0 && (o.Bitrate <= 0 || o.Bitrate > limit) {
		o.Bitrate = limit
	}
	if f.MaxPlaybackRate != 0 {
		o.Bandwidth = min(o.Bandwidth, bandwidthOf(f.MaxPlaybackRate))
	}
	o.CBR = o.CBR || f.CBR
	o.DTX = o.DTX || f.DTX
	o.FEC = o.FEC && f.FEC
	return o
}
