package media

import "time"

// Tone returns a source of the sum of freqs (Hz), on and off by turns as cadence says (empty: always on), for total (0: for ever).
func Tone(rate int, freqs []float64, cadence []time.Duration, total time.Duration) Source { return nil }
