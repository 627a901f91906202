package manage

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"asterism/engine/channel"
	"asterism/engine/media"
)

// Media is the sound of all calls.
type Media interface {
	MediaStats() media.EngineStats
	// MediaBackend names how packets are read and written.
	MediaBackend() string
	// ChannelStats are the counters of each channel that has voice.
	ChannelStats() []channel.VoiceStats
}

func rtpCommands() []Command {
	return []Command{
		{Name: "rtp show settings", Summary: "Shows what rtp.conf says, and what is in force", Run: showRTPSettings},
		{Name: "pjsip show channelstats", Args: "[CHANNEL]", Max: 1, Summary: "Shows packets, loss, jitter, round trip and quality of the calls that are up", Run: showChannelStats,
			Help: "Receive is what the phone sends us, Transmit what it reports of ours. Jitter and RTT are in seconds, MOS is the\n" +
				"E-model's estimate (ITU-T G.107): 4.4 is a perfect line, below 3.6 many are dissatisfied."},
		{Name: "rtp show stats", Summary: "Counts the packets of all calls, and those that were lost in this machine", Run: showRTPStats,
			Help: "Kernel drops came while a socket's buffer was full: the machine is too busy, or rtp.conf recv_buffer too small.\n" +
				"Send errors were refused by the system. Unwanted packets came from strangers, or nobody agreed on what they hold."},
	}
}

func showRTPSettings(r *Request) {
	c := r.PBX.Config().RTP
	line := func(name, format string, value ...any) {
		r.printf("  %-18s "+format+"\n", append([]any{name + ":"}, value...)...)
	}
	r.printf("\nGeneral Settings:\n----------------\n")
	line("Port start", "%d", c.RTPStart)
	line("Port end", "%d", c.RTPEnd)
	line("Strict RTP", "%s", c.StrictRTP)
	line("Probation", "%d packets", c.Probation)
	line("RTCP interval", "%d ms", c.RTCPInterval.Milliseconds())
	line("Receive buffer", "%d bytes", c.RecvBuffer)
	if r.Media != nil {
		line("Packet I/O", "%s", r.Media.MediaBackend())
	}
	r.printf("----------------\n")
}

func showRTPStats(r *Request) {
	if r.Media == nil {
		return
	}
	s := r.Media.MediaStats()
	for _, l := range []struct {
		name  string
		count uint64
	}{{"Open ports", uint64(s.Ports)}, {"Spare ports", uint64(s.Spares)}, {"Packets received", s.PacketsIn}, {"Packets sent", s.PacketsOut}, {"Unwanted packets", s.Dropped},
		{"Kernel drops", s.KernelDrops}, {"Send errors", s.SendErrors}, {"Opus shedding", uint64(s.Shedding)}} {
		r.printf("%-17s %d\n", l.name+":", l.count)
	}
}

func showChannelStats(r *Request) {
	if r.Media == nil {
		return
	}
	list := r.Media.ChannelStats()
	const form = "%-26s %-8s %-6s %8s %6s %4s %7s %5s   %8s %6s %4s %7s %5s %7s\n"
	r.printf("%66s   %s\n", "......Receive......", "......Transmit......")
	r.printf(form, "Channel", "UpTime", "Codec", "Count", "Lost", "Pct", "Jitter", "MOS", "Count", "Lost", "Pct", "Jitter", "MOS", "RTT")
	shown := 0
	for _, v := range list {
		if len(r.Args) == 1 && !strings.EqualFold(r.Args[0], v.Name) {
			continue
		}
		shown++
		c := v.Counters
		r.printf(form, v.Name, upTime(r.Now().Sub(v.Created)), v.Codec, count(c.PacketsIn), number(c.Lost), percent(c.Lost, uint64(max(c.Lost, 0))+c.PacketsIn),
			seconds(c.Jitter), opinion(c.Rating, c.MOS()), count(c.PacketsOut), number(c.RemoteLost), percent(c.RemoteLost, c.PacketsOut),
			seconds(c.RemoteJitter), opinion(c.RemoteRating, c.RemoteMOS()), seconds(c.RTT))
	}
	r.printf("\nObjects found: %d\n", shown)
}

func upTime(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
}
func count(n uint64) string          { return strconv.FormatUint(n, 10) }
func number(n int64) string          { return strconv.FormatInt(n, 10) }
func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

func percent(lost int64, of uint64) string {
	if of == 0 {
		return "0"
	}
	return fmt.Sprintf("%.0f", 100*float64(max(lost, 0))/float64(of))
}

func opinion(rating, mos float64) string {
	if rating == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", mos)
}
