package g722

const taps = 24

// even are the quadrature mirror filter's coefficients of even index; those of odd index are the same from the other end.
var even = [taps / 2]int32{3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11}

// delay is a delay line of pairs which is moved back only once in a while, not at every pair.
type delay struct {
	line [taps + 2*64]int32
	end  int // taps of line before end are in use; zero means a line not yet started
}

// push appends a pair and returns the last taps samples, oldest first.
func (q *delay) push(older, newer int32) *[taps]int32 {
	if q.end == 0 {
		q.end = taps
	}
	if q.end == len(q.line) {
		copy(q.line[:taps], q.line[len(q.line)-taps:])
		q.end = taps
	}
	q.line[q.end], q.line[q.end+1] = older, newer
	q.end += 2
	return (*[taps]int32)(q.line[q.end-taps:])
}

// polyphase filters the older and the newer sample of each pair, each with its half of the coefficients.
func polyphase(x *[taps]int32) (older, newer int32) {
	for i, h := range even {
		older += x[2*i] * h
		newer += x[taps-1-2*i] * h
	}
	return older, newer
}

// analysis splits 16 kHz into two bands of 8 kHz (the transmit QMF).
type analysis struct{ delay }

func (q *analysis) next(older, newer int16) (low, high int32) {
	a, b := polyphase(q.push(int32(older), int32(newer)))
	return limit15((b + a) >> 14), limit15((b - a) >> 14)
}

// synthesis joins two bands (the receive QMF).
type synthesis struct{ delay }

func (q *synthesis) next(low, high int32) (first, second int16) {
	b, a := polyphase(q.push(low+high, low-high))
	return int16(sat(a >> 11)), int16(sat(b >> 11))
}
