package engine

import (
	"testing"
	"testing/fstest"

	"asterism/codecs/opus"
	"asterism/engine/config"
)

func TestOpusSettings(t *testing.T) {
	for _, tt := range []struct {
		name, conf, fmtp string
		want             func(*opus.Options)
	}{
		{"no file", "", "useinbandfec=1", func(*opus.Options) {}},
		{"type alone", "[opus]\ntype=opus\n", "useinbandfec=1", func(*opus.Options) {}},
		{"all options", `[opus]
type=opus
complexity=0
packet_loss=10
bitrate=24000
max_playback_rate=16000
max_bandwidth=wide
application=audio
cbr=yes
fec=no
dtx=yes
`, "maxplaybackrate=16000;sprop-maxcapturerate=16000;maxaveragebitrate=24000;cbr=1;usedtx=1", func(o *opus.Options) {
			o.Complexity, o.PacketLoss, o.Bitrate, o.Bandwidth, o.Application = 0, 10, 24000, opus.Wideband, opus.Audio
			o.CBR, o.FEC, o.DTX = true, false, true
		}},
		{"most", "[opus]\ntype=opus\nbitrate=max\nmax_playback_rate=48000\nmax_bandwidth=full\napplication=low_delay\npacket_loss=0\n",
			"useinbandfec=1", func(o *opus.Options) {
				o.Bitrate, o.Application, o.PacketLoss = opus.MaxBitrate, opus.LowDelay, 0
			}},
		{"below what may be asked for", "[opus]\ntype=opus\nbitrate=500\n", "maxaveragebitrate=6000;useinbandfec=1", func(o *opus.Options) { o.Bitrate = 500 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			snap, problems := config.Load(fstest.MapFS{"codecs.conf": {Data: []byte(tt.conf)}}, config.LoadOptions{})
			if len(problems) != 0 {
				t.Fatal(problems)
			}
			want := opus.DefaultOptions()
			tt.want(&want)
			got := encoders(snap.Opus)
			if *got.Opus != want {
				t.Errorf("got %+v, want %+v", *got.Opus, want)
			}
			if _, err := opus.NewEncoder(*got.Opus); err != nil {
				t.Error(err)
			}
			if got := opusFmtp(snap.Opus); got != tt.fmtp {
				t.Errorf("fmtp %q, want %q", got, tt.fmtp)
			}
		})
	}
}
