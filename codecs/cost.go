package codecs

import (
	"math"
	"slices"
	"time"

	"asterism/codecs/resample"
)

// Cost is what it takes to turn one second of From into To on this machine: decode, resample, encode. 0 between a codec and itself.
type Cost struct {
	From, To string // Asterisk's names
	Time     time.Duration
}

// translated are the codecs that a listing shows: those with coders, of linear PCM the usual rates.
var translated = []string{"ulaw", "alaw", "gsm", "g722", "opus", "slin", "slin16", "slin48"}

// Costs measures every pair on some of a second of a voice-like sound, for about a tenth of a second of CPU time each way; the result is
// ordered by From, then To, in the order of the columns. µ-law and A-law are turned into each other by a table.
func Costs() []Cost {
	var costs []Cost
	decode, encode := map[string]time.Duration{}, map[string]time.Duration{}
	for _, name := range translated {
		c, _ := ByName(name)
		encode[name], decode[name] = coderCost(c)
	}
	between := map[[2]int]time.Duration{}
	for _, from := range translated {
		for _, to := range translated {
			a, _ := ByName(from)
			b, _ := ByName(to)
			cost := Cost{From: from, To: to}
			laws := []string{"ulaw", "alaw"}
			switch {
			case from == to:
			case slices.Contains(laws, from) && slices.Contains(laws, to):
				cost.Time = decode[from] // as much as a look-up for each byte
			case a.Offers(b.SampleRate) || b.Offers(a.SampleRate): // the coder converts by itself
				cost.Time = decode[from] + encode[to]
			default:
				rates := [2]int{a.SampleRate, b.SampleRate}
				if _, ok := between[rates]; !ok {
					between[rates] = resampleCost(rates)
				}
				cost.Time = decode[from] + between[rates] + encode[to]
			}
			costs = append(costs, cost)
		}
	}
	return costs
}

const measured = 25 // packets of 20 ms

// coderCost is the least of three runs, a second's worth.
func coderCost(c Codec) (encode, decode time.Duration) {
	enc, err := c.NewEncoder(EncoderOptions{})
	if err != nil {
		return 0, 0
	}
	dec, err := c.NewDecoder()
	if err != nil {
		return 0, 0
	}
	n := c.SampleRate / 50
	voice, out := hum(c.SampleRate, measured*n), make([]int16, 6*n)
	packets := make([][]byte, measured)
	encode, decode = math.MaxInt64, math.MaxInt64
	var buf [4096]byte
	for range 3 {
		began := time.Now()
		for i := range packets {
			size, _ := enc.Encode(buf[:], voice[i*n:(i+1)*n])
			packets[i] = append(packets[i][:0], buf[:size]...)
		}
		encode = min(encode, time.Since(began)*50/measured)
		began = time.Now()
		for _, p := range packets {
			_, _ = dec.Decode(out, p)
		}
		decode = min(decode, time.Since(began)*50/measured)
	}
	return encode, decode
}

func resampleCost(rates [2]int) time.Duration {
	r := resample.New(rates[0], rates[1])
	n := rates[0] / 50
	voice, out := hum(rates[0], n), make([]int16, r.Most(n))
	least := time.Duration(math.MaxInt64)
	for range 3 {
		began := time.Now()
		for range measured {
			r.Process(out, voice)
		}
		least = min(least, time.Since(began)*50/measured)
	}
	return least
}

// hum is a sound with harmonics that swells, so that a coder has the work that a voice gives it.
func hum(rate, n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		t := float64(i) / float64(rate)
		v := 0.0
		for h := 1.0; h < 12; h++ {
			v += math.Sin(2*math.Pi*130*h*t+h*h) / h
		}
		pcm[i] = int16(4000 * v * (0.6 + 0.4*math.Sin(2*math.Pi*3*t)))
	}
	return pcm
}
