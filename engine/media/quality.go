package media

import (
	"math"
	"time"
)

// impairment is what a codec costs, and how it bears loss (ITU-T G.113 Appendix I). Codecs without published narrow-band values
// (G722, opus) are taken for G.711 with concealment.
type impairment struct{ ie, bpl float64 }

func impairmentOf(codec string) impairment {
	switch codec {
	case "GSM":
		return impairment{26, 43}
	case "G729":
		return impairment{11, 19}
	case "G723":
		return impairment{15, 16.1}
	}
	return impairment{0, 25.1}
}

// rating is the transmission rating R of the E-model (ITU-T G.107) with its default values and no echo: loss is a share from 0 to 1, delay
// is one way, mouth to ear.
func rating(codec string, loss float64, delay time.Duration) float64 {
	const undisturbed = 93.2
	idd, late := 0.0, delay.Seconds()*10 // in 100 ms
	if late > 1 {
		x := math.Log2(late)
		idd = 25 * (math.Pow(1+math.Pow(x, 6), 1./6) - 3*math.Pow(1+math.Pow(x/3, 6), 1./6) + 2)
	}
	c := impairmentOf(codec)
	percent := 100 * min(max(loss, 0), 1)
	return max(undisturbed-idd-c.ie-(95-c.ie)*percent/(percent+c.bpl), 0)
}

// opinion is the mean opinion score of a rating (G.107 Annex B), 1 to 4.5.
func opinion(r float64) float64 {
	switch {
	case r <= 0:
		return 1
	case r >= 100:
		return 4.5
	}
	return max(1+0.035*r+r*(r-60)*(100-r)*7e-6, 1)
}

// delayOf guesses the way from mouth to ear: half the round trip, a packet, and a buffer for the jitter.
func delayOf(rtt, jitter time.Duration) time.Duration {
	return rtt/2 + 20*time.Millisecond + 2*jitter
}

// quality rates what we hear of the peer (0: nothing yet) and what it hears of us (0: it has not reported).
func (p *Port) quality() (heard, said float64) {
	st, codec := &p.stats, p.frame.Format.Name
	if expected := st.expected(); st.started && expected > 0 {
		heard = rating(codec, float64(st.lost())/float64(expected), delayOf(p.reports.rtt, st.jitterTime()))
	}
	if sent := p.count.packetsOut.Load(); p.reports.heard && sent > 0 {
		said = rating(p.outgoing.format.Name, float64(p.reports.remoteLost)/float64(sent), delayOf(p.reports.rtt, p.reports.remoteJitter))
	}
	return heard, said
}
