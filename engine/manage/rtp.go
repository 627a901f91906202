package manage

import "asterism/engine/media"

// Media is the sound of all calls.
type Media interface {
	MediaStats() media.EngineStats
	// MediaBackend names how packets are read and written.
	MediaBackend() string
}

func rtpCommands() []Command {
	return []Command{
		{Name: "rtp show settings", Summary: "Shows what rtp.conf says, and what is in force", Run: showRTPSettings},
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
