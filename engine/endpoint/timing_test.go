package endpoint

import (
	"cmp"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"asterism/engine/sip"
)

// The time of a wrong answer must not tell whether the user exists: Mann-Whitney's z over rounds that take turns stays
// below 4 (svwar looks for a difference). What else the machine does comes in waves and may touch one side more, so a first
// finding is looked at again; a difference that is there is there each time.
func TestTimingTellsNothing(t *testing.T) {
	var z float64
	for range 3 {
		known, unknown := wrongAnswers(t, 400)
		z = mannWhitney(known, unknown)
		t.Logf("z = %.2f, medians %s and %s", z, median(known), median(unknown))
		if math.Abs(z) < 4 {
			return
		}
	}
	t.Errorf("z = %.2f: users can be told apart by time", z)
}

// wrongAnswers times wrong answers for a user that exists and one that does not, by turns.
func wrongAnswers(t *testing.T, rounds int) (known, unknown []time.Duration) {
	d := newDoor(t)
	d.Gate.cfg.Log = zerolog.Nop()
	users := []string{"alice", "nobody"}
	times := make([][]time.Duration, len(users))
	for round := range rounds {
		for k := range users {
			k = (k + round) % len(users) // who is first changes
			e := d.cfg.Endpoints[users[k]]
			req := message(t, sip.REGISTER, "<sip:"+users[k]+"@x>")
			r := d.riddle(req, e)
			if err := sip.Authorize(req, r.pose(req, addr(home), false), []sip.Credentials{{Username: users[k], Realm: "*", Password: "wrong"}}); err != nil {
				t.Fatal(err)
			}
			// Several at a time, as one is near the clock's noise; then the counters begin anew, or the address were refused.
			d.Gate.guesses = newGuesses(time.Now)
			start := time.Now()
			for range maxWrong - 1 {
				if res, ok := d.check(req, addr(home), e, nil); ok || res.StatusCode != 401 {
					t.Fatal("not a wrong answer")
				}
			}
			times[k] = append(times[k], time.Since(start))
		}
	}
	return times[0], times[1]
}

func median(list []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(list))[len(list)/2]
}

// mannWhitney is z of the rank sum, by the normal approximation.
func mannWhitney(a, b []time.Duration) float64 {
	type sample struct {
		d     time.Duration
		fromA bool
	}
	var all []sample
	for _, d := range a {
		all = append(all, sample{d, true})
	}
	for _, d := range b {
		all = append(all, sample{d, false})
	}
	slices.SortFunc(all, func(x, y sample) int { return cmp.Compare(x.d, y.d) })
	sum := 0.0
	for i, s := range all {
		if s.fromA {
			sum += float64(i + 1)
		}
	}
	n, m := float64(len(a)), float64(len(b))
	return (sum - n*(n+1)/2 - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
}
