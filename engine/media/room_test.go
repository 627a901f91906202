package media

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"asterism/codecs"
	"asterism/codecs/g711"

	"github.com/rs/zerolog"
)

// guest is a phone in a room: it says a tone and its port's tap hears what it is told.
type guest struct {
	port    *Port
	member  *Member
	speaker *Speaker
	addr    netip.AddrPort
	codec   codecs.Codec
	encoder codecs.Encoder
	freq    float64 // 0: sends silence
	loud    float64
	phase   int
	said    []int16 // to it, at 8 kHz
	payload [1500]byte
}

func (g *guest) Rate() int             { return 8000 }
func (g *guest) Block(_, said []int16) { g.said = append(g.said, said...) }

// party is a room of guests on a lab.
type party struct {
	*Lab
	room   *Room
	guests []*guest
}

func newParty(t testing.TB, c RoomConfig) *party {
	l := NewLab(t)
	return &party{Lab: l, room: l.e.NewRoom(c)}
}

func (p *party) come(f codecs.Format, freq float64, c MemberConfig) *guest {
	p.T.Helper()
	g := &guest{freq: freq, loud: 8000, addr: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.9"), uint16(4000+2*len(p.guests)))}
	g.port = p.Port(PortConfig{})
	g.port.SetStream(AgreedStream(g.addr, f))
	g.port.Tap(g)
	p.Together(func() {
		m, err := p.room.Join(g.port, c)
		if err != nil {
			p.T.Error(err)
		}
		g.member = m
	})
	g.speaker = NewSpeaker(g.addr.String(), uint32(len(p.guests)+1))
	g.codec, _ = codecs.ByFormat(f)
	g.encoder, _ = g.codec.NewEncoder(codecs.EncoderOptions{})
	for _, pt := range g.port.stream.Codecs {
		g.speaker.PT = pt.Recv
	}
	p.guests = append(p.guests, g)
	return g
}

// untap takes the guests' taps off, so that the room alone is measured.
func (p *party) untap() {
	for _, g := range p.guests {
		for _, h := range g.port.hearings {
			h.drop(p.s, g)
		}
	}
}

// talk lets everybody say d of his tone.
func (p *party) talk(d time.Duration) {
	for range d / (20 * time.Millisecond) {
		for _, g := range p.guests {
			n := g.codec.SampleRate / 50
			pcm := make([]int16, n)
			if g.freq != 0 {
				for i := range pcm {
					pcm[i] = int16(g.loud * math.Sin(2*math.Pi*g.freq*float64(g.phase+i)/float64(g.codec.SampleRate)))
				}
			}
			g.phase += n
			size, err := g.encoder.Encode(g.payload[:], pcm)
			if err != nil {
				p.T.Fatal(err)
			}
			was := g.speaker.TS
			p.Receive(g.port, g.speaker.Packet(g.payload[:size]), g.addr)
			g.speaker.TS = was + uint32(g.codec.Format.Rate/50)
		}
		p.Advance(20 * time.Millisecond)
	}
}

// last is the last second of what a guest was told.
func (g *guest) last() []int16 { return g.said[max(len(g.said)-8000, 0):] }

// amplitude of a frequency in pcm at 8 kHz.
func amplitude(pcm []int16, freq float64) float64 {
	re, im := 0.0, 0.0
	for i, s := range pcm {
		w := 2 * math.Pi * freq * float64(i) / 8000
		re += float64(s) * math.Cos(w)
		im += float64(s) * math.Sin(w)
	}
	return 2 * math.Hypot(re, im) / float64(max(len(pcm), 1))
}

func (p *party) hears(g *guest, freqs ...float64) {
	p.T.Helper()
	for _, f := range []float64{440, 620, 770, 950} {
		want := 0.0
		for _, have := range freqs {
			if have == f {
				want = 8000
			}
		}
		got := amplitude(g.last(), f)
		if want == 0 && got > 80 || want != 0 && math.Abs(20*math.Log10(got/want)) > 1.5 {
			p.T.Errorf("%.0f Hz of %s: amplitude %.0f of %.0f Hz, want %.0f", g.freq, g.codec.Name, got, f, want)
		}
	}
}

func TestRoomEverybodyHearsTheOthers(t *testing.T) {
	p := newParty(t, RoomConfig{})
	a := p.come(FormatULaw, 440, MemberConfig{})
	b := p.come(FormatALaw, 620, MemberConfig{})
	c := p.come(codecs.Format{Name: "G722", Rate: 8000, Channels: 1}, 770, MemberConfig{})
	d := p.come(FormatOpus, 950, MemberConfig{})
	p.talk(3 * time.Second)
	p.hears(a, 620, 770, 950)
	p.hears(b, 440, 770, 950)
	p.hears(c, 440, 620, 950)
	p.hears(d, 440, 620, 770)
	if late := p.room.Lateness(); late != 0 {
		t.Errorf("late by %v in a lab", late)
	}

	a.member.Mute(true)
	b.member.Deafen(true)
	p.talk(2 * time.Second)
	p.hears(b)
	p.hears(c, 620, 950)
	a.member.Mute(false)
	b.member.Deafen(false)
	c.member.Leave()
	p.talk(2 * time.Second)
	p.hears(a, 620, 950)
	p.hears(b, 440, 950)
	d.port.Close()
	p.guests = p.guests[:2]
	p.talk(2 * time.Second)
	p.hears(a, 620)
	if len(p.room.members) != 2 {
		t.Errorf("%d members", len(p.room.members))
	}
}

// TestRoomSilentMembersShareOneEncoding and hear the one who talks.
func TestRoomSilentMembersShareOneEncoding(t *testing.T) {
	p := newParty(t, RoomConfig{})
	var talks []bool
	p.come(FormatULaw, 440, MemberConfig{OnTalks: func(on bool) { talks = append(talks, on) }})
	for range 9 {
		p.come(FormatULaw, 0, MemberConfig{})
	}
	loudly := p.come(FormatULaw, 0, MemberConfig{Listen: 6})
	p.come(FormatALaw, 0, MemberConfig{})
	p.talk(2 * time.Second)
	if n := len(p.room.choirs); n != 2 {
		t.Errorf("%d shared encodings for µ-law and A-law", n)
	}
	own := 0
	for _, g := range p.guests {
		if g.member.own != nil {
			own++
		}
	}
	if own != 2 {
		t.Errorf("%d encodings of one's own, want those of who talks and of who hears louder", own)
	}
	for _, g := range p.guests[1:10] {
		p.hears(g, 440)
	}
	if got := amplitude(loudly.last(), 440); math.Abs(got-16000) > 800 {
		t.Errorf("6 dB louder: %.0f", got)
	}
	p.hears(p.guests[0])
	p.guests[0].freq = 0
	p.talk(2 * time.Second)
	if len(talks) != 2 || !talks[0] || talks[1] {
		t.Errorf("talks %v", talks)
	}
}

// TestRoomIsTheSum holds what a member of linear PCM is told against the plain sum of what the others said.
func TestRoomIsTheSum(t *testing.T) {
	r := &Room{}
	r.rate = 8000
	rnd := rand.New(rand.NewPCG(1, 2))
	voices := make([][]int16, 5)
	sum, want := make([]int32, 160), make([]float64, 160)
	for v := range voices {
		voices[v] = make([]int16, 160)
		for i := range voices[v] {
			voices[v][i] = int16(rnd.IntN(20000) - 10000)
			sum[i] += int32(voices[v][i])
		}
	}
	got := make([]int16, 160)
	for v := range voices {
		mixInto(got, sum, voices[v], unity)
		for i := range want {
			want[i] = 0
			for w := range voices {
				if w != v {
					want[i] += float64(voices[w][i])
				}
			}
			if d := math.Abs(want[i]); d <= knee && got[i] != int16(want[i]) {
				t.Fatalf("sample %d: %d, want %.0f", i, got[i], want[i])
			} else if d > knee && (math.Abs(float64(got[i])) < knee || math.Signbit(float64(got[i])) != math.Signbit(want[i])) {
				t.Fatalf("sample %d: %d for %.0f", i, got[i], want[i])
			}
		}
	}
	last := int16(-32768)
	for v := int32(-5e5); v <= 5e5; v += 7 { // soft clipping rises, and stays in range
		s := soften(v)
		if s < last {
			t.Fatalf("soften(%d) = %d after %d", v, s, last)
		}
		last = s
	}
}

// TestRoomWithoutClicks: joining, leaving, beginning and ending to talk make no step in what the others hear.
func TestRoomWithoutClicks(t *testing.T) {
	p := newParty(t, RoomConfig{Rate: 8000})
	listens := p.come(codecs.Format{Name: "L16", Rate: 16000, Channels: 1}, 0, MemberConfig{})
	p.talk(time.Second)
	from := len(listens.said)
	b := p.come(FormatULaw, 440, MemberConfig{})
	p.talk(time.Second)
	b.freq = 0
	p.talk(time.Second)
	b.freq = 440
	p.talk(time.Second)
	b.member.Leave()
	p.talk(500 * time.Millisecond)
	steps, limit := 0, 2*math.Pi*440/8000*8000*1.3 // the tone's own steepest step, and a little
	for i := from + 1; i < len(listens.said); i++ {
		if math.Abs(float64(listens.said[i])-float64(listens.said[i-1])) > limit {
			steps++
		}
	}
	// Where the talker himself cuts his tone off (twice) there is his own edge.
	if steps > 4 {
		t.Errorf("%d steps of more than %.0f", steps, limit)
	}
}

// TestRoomLevels: who speaks softly, and who shouts, are made equal; the noise of a pause is not lifted.
func TestRoomLevels(t *testing.T) {
	p := newParty(t, RoomConfig{Rate: 8000})
	soft := p.come(FormatULaw, 440, MemberConfig{Level: true})
	loud := p.come(FormatULaw, 620, MemberConfig{Level: true})
	listens := p.come(FormatULaw, 0, MemberConfig{})
	soft.loud, loud.loud = 900, 16000
	p.talk(4 * time.Second)
	want := levelTarget * math.Sqrt2
	for _, f := range []float64{440, 620} {
		if got := amplitude(listens.last(), f); math.Abs(20*math.Log10(got/want)) > 1.5 {
			t.Errorf("%.0f Hz at %.0f, want %.0f", f, got, want)
		}
	}
	soft.loud = 100 // below what counts as talking
	p.talk(2 * time.Second)
	if got := amplitude(listens.last(), 440); got > 20 {
		t.Errorf("noise at %.0f", got)
	}
	if gain := soft.member.leveller.gain; gain < 3 {
		t.Errorf("the gain has moved to %.1f in a pause", gain)
	}
}

// TestRoomThresholds: a member's own threshold and hang say when he talks.
func TestRoomThresholds(t *testing.T) {
	p := newParty(t, RoomConfig{Rate: 8000})
	var told []bool
	a := p.come(FormatULaw, 440, MemberConfig{Threshold: 4000, Hang: 2 * time.Second, OnTalks: func(on bool) { told = append(told, on) }})
	b := p.come(FormatULaw, 0, MemberConfig{})
	a.loud = 4000 // root mean square 2828
	p.talk(2 * time.Second)
	if amplitude(b.last(), 440) > 20 || len(told) != 0 {
		t.Errorf("heard %.0f below his threshold", amplitude(b.last(), 440))
	}
	a.loud = 8000
	p.talk(2 * time.Second)
	if amplitude(b.last(), 440) < 7500 || len(told) != 1 {
		t.Errorf("heard %.0f above it", amplitude(b.last(), 440))
	}
	a.freq = 0
	p.talk(1500 * time.Millisecond)
	if len(told) != 1 {
		t.Error("silent before his hang was over")
	}
	p.talk(time.Second)
	if len(told) != 2 || told[1] {
		t.Errorf("told %v", told)
	}
}

// TestRoomAgainstNaiveReference: voices of changing loudness, joined at random, are for each member what a plain sum of floats is, limited
// as soften says, to the sample.
func TestRoomAgainstNaiveReference(t *testing.T) {
	const members, blocks, block = 7, 40, 160
	rnd := rand.New(rand.NewPCG(3, 9))
	r := &Room{rate: 8000}
	for b := range blocks {
		r.sum = make([]int32, block)
		voices, gains := make([][]int16, members), make([]int32, members)
		for m := range voices {
			voices[m], gains[m] = make([]int16, block), gain(rnd.IntN(41)-20)
			loud := rnd.IntN(30000) + 1
			for i := range voices[m] {
				voices[m][i] = int16(rnd.IntN(2*loud) - loud)
				r.sum[i] += int32(voices[m][i])
			}
		}
		for m := range voices {
			got := make([]int16, block)
			mixInto(got, r.sum, voices[m], gains[m])
			for i := range got {
				x := 0.0
				for other := range voices {
					if other != m {
						x += float64(voices[other][i])
					}
				}
				x *= float64(gains[m]) / unity
				if over := math.Abs(x) - knee; over > 0 { // y = knee + over·room/(over+room), room = full scale - knee
					x = math.Copysign(knee+over*(math.MaxInt16-knee)/(over+math.MaxInt16-knee), x)
				}
				if math.Abs(x-float64(got[i])) > 2 { // two roundings
					t.Fatalf("block %d, member %d, sample %d: %d, want %.1f", b, m, i, got[i], x)
				}
			}
		}
	}
}

func TestRoomAnnouncement(t *testing.T) {
	p := newParty(t, RoomConfig{})
	a, b := p.come(FormatULaw, 440, MemberConfig{}), p.come(FormatALaw, 0, MemberConfig{})
	done := 0
	p.room.Play(Tone(16000, []float64{950}, nil, time.Second), func() { done++ })
	p.talk(time.Second)
	if got := amplitude(a.last(), 950); got < 4000 {
		t.Errorf("a is told %.0f of the announcement", got)
	}
	if amplitude(b.last(), 950) < 4000 || amplitude(b.last(), 440) < 7000 {
		t.Errorf("b is told %.0f of the announcement, %.0f of a", amplitude(b.last(), 950), amplitude(b.last(), 440))
	}
	p.talk(time.Second)
	if done != 1 {
		t.Errorf("done %d times", done)
	}
	stop := p.room.Play(Tone(8000, []float64{950}, nil, 0), func() { done++ })
	p.room.Play(Tone(8000, []float64{620}, nil, 0), func() { done++ }) // waits for the first
	p.talk(time.Second)
	if amplitude(b.last(), 950) < 4000 || amplitude(b.last(), 620) > 100 {
		t.Error("the second did not wait")
	}
	stop()
	p.talk(2 * time.Second)
	if amplitude(b.last(), 620) < 4000 || done != 2 {
		t.Errorf("the second has not begun, done %d times", done)
	}
	p.room.Close()
	p.Obey()
	if done != 3 || len(p.room.members) != 0 {
		t.Errorf("done %d times, %d members", done, len(p.room.members))
	}
	p.Together(func() {
		if _, err := p.room.Join(a.port, MemberConfig{}); err != ErrClosed {
			t.Errorf("joined a closed room: %v", err)
		}
	})
}

func TestRoomTap(t *testing.T) {
	p := newParty(t, RoomConfig{})
	p.come(FormatULaw, 440, MemberConfig{})
	p.come(FormatULaw, 620, MemberConfig{})
	var all []int16
	remove := p.room.Tap(8000, func(mix []int16) { all = append(all, mix...) })
	var wide []int16
	p.room.Tap(16000, func(mix []int16) { wide = append(wide, mix...) })
	p.talk(2 * time.Second)
	n := len(all)
	if a, b := amplitude(all[8000:], 440), amplitude(all[8000:], 620); a < 7500 || b < 7500 {
		t.Errorf("the mix has %.0f and %.0f", a, b)
	}
	if len(wide) != 2*n || amplitude(wide[16000:], 220) < 7500 { // 440 Hz to who thinks it is 8000 Hz
		t.Errorf("%d samples at 16 kHz, %d at 8; %.0f of a", len(wide), n, amplitude(wide[16000:], 220))
	}
	p.come(codecs.Format{Name: "G722", Rate: 8000, Channels: 1}, 770, MemberConfig{}) // the room goes to 16 kHz
	p.talk(time.Second)
	all = all[:n]
	p.talk(time.Second)
	if len(all) != n+8000 || amplitude(all[n:], 770) < 7500 || amplitude(all[n:], 440) < 7500 {
		t.Errorf("after a change of rate %d samples a second, %.0f of c", len(all)-n, amplitude(all[n:], 770))
	}
	n = len(all)
	remove()
	p.Obey()
	p.talk(time.Second)
	if len(all) != n {
		t.Error("heard after it was removed")
	}
}

// TestRoomLongPackets: 40 ms packets carry what 20 ms ones do.
func TestRoomLongPackets(t *testing.T) {
	p := newParty(t, RoomConfig{})
	p.come(FormatULaw, 440, MemberConfig{})
	b := p.come(FormatULaw, 0, MemberConfig{})
	st := AgreedStream(b.addr, FormatULaw)
	st.Ptime = 40 * time.Millisecond
	b.port.SetStream(st)
	p.talk(time.Second)
	p.RTP(b.port)
	p.talk(2 * time.Second)
	packets := p.RTP(b.port)
	if len(packets) != 50 || len(packets[0].Payload) != 320 {
		t.Fatalf("%d packets in 2 s", len(packets))
	}
	p.hears(b, 440)
}

func TestRoomAllocs(t *testing.T) {
	p := newParty(t, RoomConfig{})
	for i := range 4 {
		p.come(FormatULaw, []float64{440, 620, 0, 0}[i], MemberConfig{})
	}
	p.untap()
	p.talk(2 * time.Second)
	p.Quiet()
	if n := testing.AllocsPerRun(100, func() {
		p.s.now = p.room.next
		p.s.timers.stop(&p.room.timer)
		p.room.tick(p.s)
	}); n != 0 {
		t.Errorf("%v allocations a block", n)
	}
}

// TestRoomStress: ports of several shards join, leave, are bridged, muted and closed at random.
func TestRoomStress(t *testing.T) {
	e, err := New(Config{Shards: 3, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	rooms := []*Room{e.NewRoom(RoomConfig{}), e.NewRoom(RoomConfig{Rate: 16000})}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(worker), 7))
			for range 60 {
				p, q := e.NewPair(PortConfig{}, PortConfig{})
				m, err := rooms[rnd.IntN(2)].Join(p, MemberConfig{OnTalks: func(bool) {}})
				if err != nil {
					t.Error(err)
					return
				}
				stop := rooms[rnd.IntN(2)].Play(Tone(8000, []float64{440}, nil, 50*time.Millisecond), nil)
				if rnd.IntN(2) == 0 {
					q.Play(Tone(8000, []float64{1000}, nil, 0), nil)
				}
				m.Mute(rnd.IntN(2) == 0)
				switch rnd.IntN(4) {
				case 0:
					m.Leave()
				case 1:
					if _, err := rooms[rnd.IntN(2)].Join(p, MemberConfig{}); err != nil {
						t.Error(err)
					}
				case 2:
					a, b := e.NewPair(PortConfig{}, PortConfig{})
					if l, err := Connect(p, a, a.Out(), p.Out()); err == nil {
						l.Disconnect()
					}
					a.Close()
					b.Close()
				}
				time.Sleep(time.Duration(rnd.IntN(3)) * time.Millisecond)
				stop()
				p.Close()
				q.Close()
			}
		})
	}
	wg.Wait()
	for _, r := range rooms {
		r.Close()
	}
	e.Close()
	if n := e.Stats().Ports; n != 0 {
		t.Errorf("%d ports left", n)
	}
}

// BenchmarkRoom: a block of a room of 100; the figure is of one member.
func BenchmarkRoom(b *testing.B) {
	for _, tt := range []struct {
		name  string
		talks int
	}{{"one talks", 1}, {"all talk", 100}} {
		b.Run(tt.name, func(b *testing.B) {
			p := newParty(b, RoomConfig{})
			frame := make([]byte, 160)
			for i := range 100 {
				g := p.come(FormatULaw, 0, MemberConfig{})
				if i < tt.talks {
					g.freq = 440
				}
			}
			p.untap()
			p.talk(200 * time.Millisecond)
			p.Quiet()
			pcm := make([]int16, 160)
			for i := range pcm {
				pcm[i] = int16(8000 * math.Sin(float64(i)))
			}
			_, _ = g711.ULaw{}.Encode(frame, pcm)
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				for _, g := range p.guests[:tt.talks] {
					p.Receive(g.port, g.speaker.Packet(frame), g.addr)
				}
				p.Advance(20 * time.Millisecond)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/member")
		})
	}
}
