package codecs

import "strings"

// videoClock is the RTP clock of every video format here, Hz.
const videoClock = 90000

// videoNames are Asterisk's names of video and what SDP calls it; av1 is ours. Nobody here looks into a picture.
var videoNames = []struct {
	name, encoding string
	static         int
}{
	{"h264", "H264", -1}, {"vp8", "VP8", -1}, {"vp9", "VP9", -1}, {"h265", "H265", -1}, {"av1", "AV1", -1},
	{"h263p", "H263-1998", -1}, {"h263", "H263", 34}, {"h261", "H261", 31}, {"mpeg4", "MP4V-ES", -1}, {"jpeg", "JPEG", 26},
}

// Video finds a video format by Asterisk's name for it; staticPT is that of RFC 3551 §6, or -1.
func Video(name string) (f Format, staticPT int, ok bool) {
	for _, v := range videoNames {
		if strings.EqualFold(v.name, name) {
			return Format{v.encoding, videoClock, 1}, v.static, true
		}
	}
	return Format{}, -1, false
}
