package opus

import (
	"strconv"
	"strings"
)

// For returns o as a receiver wants it that described itself by an SDP a=fmtp value (RFC 7587 §6.1): its limits on bit rate and
// bandwidth, and FEC and DTX only where it asked for them. Parameters that make no sense are passed over.
func (o Options) For(fmtp string) Options {
	fec := false
	for parameter := range strings.SplitSeq(fmtp, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31)
		if err != nil {
			continue
		}
		switch strings.ToLower(name) {
		case "maxaveragebitrate":
			if limit := min(max(int(n), 6000), 510000); o.Bitrate == 0 || o.Bitrate > limit {
				o.Bitrate = limit
			}
		case "maxplaybackrate":
			o.MaxPlayback = int(n)
		case "useinbandfec":
			fec = n == 1
		case "usedtx":
			o.DTX = o.DTX || n == 1
		}
	}
	o.FEC = o.FEC && fec
	return o
}
