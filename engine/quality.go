package engine

import (
	"asterism/engine/channel"
	"asterism/engine/media"
)

// counted is a leg that has packets to count.
type counted interface {
	MediaStats() (s media.PortStats, codec string, ok bool)
}

// ChannelStats lists what was counted of the channels that have voice, oldest first.
func (e *Engine) ChannelStats() []channel.VoiceStats {
	var out []channel.VoiceStats
	for _, ch := range e.core.Channels() {
		if leg, ok := ch.Leg().(counted); ok {
			if s, codec, ok := leg.MediaStats(); ok {
				out = append(out, channel.VoiceStats{Info: ch.Info(), Codec: codec, Counters: s})
			}
		}
	}
	return out
}
