package sound

// stretcher changes the speed of speech and not its pitch, by overlapping pieces of it (WSOLA, Verhelst and Roelands 1993):
//
//	file    ──[piece]──────[piece]────   every hop × speed samples, moved a little to where it continues the last piece best
//	output  ──[piece ⟩⟨ piece]──         every hop samples, cross-faded over half a piece
type stretcher struct {
	hop    int     // samples of output from one piece to the next: 10 ms
	at     int64   // where in the file the next piece is due; it follows the player's position
	due    float64 // the fraction of at
	active bool

	tail  []int16 // what would have followed the last piece: the next one is chosen to be like it
	piece []int16 // candidates: twice the search range and two hops
	out   []int16 // made, not yet read
	taken int     // of out
}

func (s *stretcher) reset() { s.active = false }

// read fills pcm with the sound from at on, at speed; used is how far it has come in the file.
func (s *stretcher) read(p *Player, pcm []int16, at int64, speed float64) (n int, used int64) {
	if !s.active || s.at != at {
		s.begin(p, at)
	}
	for n < len(pcm) {
		if s.taken == len(s.out) && !s.next(p, speed) {
			break
		}
		m := copy(pcm[n:], s.out[s.taken:])
		n += m
		s.taken += m
	}
	return n, s.at - at
}

func (s *stretcher) begin(p *Player, at int64) {
	if s.hop == 0 {
		s.hop = p.Rate() / 100
		s.tail, s.piece, s.out = make([]int16, s.hop), make([]int16, 4*s.hop), make([]int16, s.hop)
	}
	s.at, s.due, s.active, s.taken = at, 0, true, len(s.out)
	clear(s.tail[p.copyAt(s.tail, at):])
}

// next makes a hop of output; false at the end.
func (s *stretcher) next(p *Player, speed float64) bool {
	if s.at >= p.total {
		return false
	}
	from := max(s.at-int64(s.hop), 0)
	have := p.copyAt(s.piece, from)
	clear(s.piece[have:])
	best := s.best(int(s.at - from))
	for i := range s.out { // from the old piece's continuation into the new one
		a, b := int(s.tail[i]), int(s.piece[best+i])
		s.out[i] = int16((a*(s.hop-i) + b*i) / s.hop)
	}
	copy(s.tail, s.piece[best+s.hop:][:s.hop])
	s.due += float64(s.hop) * speed
	whole := int64(s.due)
	s.due -= float64(whole)
	s.at, s.taken = min(s.at+whole, p.total), 0
	return true
}

// best is where in piece, up to a hop around middle, what follows is most like tail.
func (s *stretcher) best(middle int) int {
	best, score := middle, 0.0
	for k := 0; k+2*s.hop <= len(s.piece); k += 2 {
		var product, power float64
		for i := 0; i < s.hop; i += 2 { // every other sample tells enough
			product += float64(s.tail[i]) * float64(s.piece[k+i])
			power += float64(s.piece[k+i]) * float64(s.piece[k+i])
		}
		if product > 0 && power > 0 && product*product/power > score {
			best, score = k, product*product/power
		}
	}
	return best
}
