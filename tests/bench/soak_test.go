package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"asterism/tests/audio"
)

// TestSoak: for a minute, or as long as SOAK says (30m), members come to a conference and go again, talking and not, while one says a
// burst each two seconds that another listens for: it comes as soon in the end as in the beginning, no packet is missing, and what the
// members took is given back.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	length := time.Minute
	if text := os.Getenv("SOAK"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		length = d
	}
	binary := filepath.Join(t.TempDir(), "asterism")
	if out, err := exec.Command("go", "build", "-o", binary, "asterism/cmd/asterism").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := speak(); err != nil {
		t.Fatal(err)
	}
	sip, uas := free(t), free(t)
	b, stop, err := start(home, sip, uas, []string{fmt.Sprintf("SIP_PORT=%d", sip), fmt.Sprintf("UAS_PORT=%d", uas), "ASTERISM_BIN=" + binary})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	s := &soak{T: t, b: b, stop: make(chan struct{})}
	s.run(length)
}

// soak is a conference with one who speaks in bursts, one who listens, and a crowd.
type soak struct {
	*testing.T
	b       *bench
	speaker *member
	ear     *member

	mu    sync.Mutex // guards crowd
	crowd []*member

	stop    chan struct{}
	said    atomic.Int64    // when the last burst began, ns after epoch
	waiting atomic.Bool     // for it
	late    []time.Duration // how late the load's own beats came: the machine's jitter, which the room has to even out
	heard   struct {        // the ear's
		packets int
		delays  []time.Duration
	}
}

type member struct {
	stream *stream
	call   *call
}

const (
	burstEvery = 100 // packets
	burstTone  = 1000.0
	crowdMost  = 12
)

// join brings one in who says frames.
func (s *soak) join(frames [][]byte) *member {
	s.Helper()
	streams, calls, err := s.b.talk("602", "", 1)
	if err != nil {
		s.Fatal(err)
	}
	streams[0].frames = frames
	return &member{streams[0], calls[0]}
}

func (s *soak) leave(m *member) {
	s.Helper()
	if err := m.call.bye(); err != nil {
		s.Error(err)
	}
	m.stream.close()
	<-m.stream.ended
}

// tone is a packet of a tone.
func tone(freq, loud float64, packet int) []byte {
	out := make([]byte, 160)
	for i := range out {
		out[i] = audio.EncodeULaw(int16(loud * math.Sin(2*math.Pi*freq*float64(160*packet+i)/8000)))
	}
	return out
}

// listen takes a packet the ear gets: the first one with the tone ends a burst's way.
func (s *soak) listen(payload []byte) {
	s.heard.packets++
	re, im := 0.0, 0.0
	for i, v := range payload {
		w := 2 * math.Pi * burstTone * float64(i) / 8000
		x := float64(audio.DecodeULaw(v))
		re, im = re+x*math.Cos(w), im+x*math.Sin(w)
	}
	if 2*math.Hypot(re, im)/float64(len(payload)) > 2000 && s.waiting.Swap(false) {
		s.heard.delays = append(s.heard.delays, time.Since(epoch)-time.Duration(s.said.Load()))
	}
}

// beat sends a packet of everybody each 20 ms.
func (s *soak) beat() {
	buf := make([]byte, 2048)
	for next := time.Now(); ; next = next.Add(20 * time.Millisecond) {
		select {
		case <-s.stop:
			return
		case <-time.After(time.Until(next)):
		}
		s.late = append(s.late, time.Since(next))
		if int(s.speaker.stream.seq)%burstEvery == 0 {
			s.said.Store(int64(time.Since(epoch)))
			s.waiting.Store(true)
		}
		s.speaker.stream.send(buf)
		s.ear.stream.send(buf)
		s.mu.Lock()
		for _, m := range s.crowd {
			m.stream.send(buf)
		}
		s.mu.Unlock()
	}
}

// churn lets one of the crowd come, or go.
func (s *soak) churn(talks [][]byte) {
	s.mu.Lock()
	n := len(s.crowd)
	var goes *member
	if n > 0 && (n == crowdMost || rand.IntN(2) == 0) {
		i := rand.IntN(n)
		goes = s.crowd[i]
		s.crowd = slices.Delete(s.crowd, i, i+1)
	}
	s.mu.Unlock()
	if goes != nil {
		s.leave(goes)
		return
	}
	frames := silence
	if rand.IntN(2) == 0 {
		frames = talks
	}
	m := s.join(frames)
	s.mu.Lock()
	s.crowd = append(s.crowd, m)
	s.mu.Unlock()
}

func (s *soak) run(length time.Duration) {
	var bursts, talks [][]byte
	for i := range burstEvery {
		bursts = append(bursts, silence[0])
		if i < 10 {
			bursts[i] = tone(burstTone, 8000, i)
		}
	}
	for i := range 50 {
		talks = append(talks, tone(300, 1000, i))
	}
	s.speaker, s.ear = s.join(bursts), s.join(silence)
	s.ear.stream.hear = s.listen
	var wg sync.WaitGroup
	wg.Go(s.beat)
	for range crowdMost { // so that what is kept for the next one is there
		s.churn(talks)
	}
	time.Sleep(5 * time.Second)
	memory, err := s.b.resident()
	if err != nil {
		s.Fatal(err)
	}
	files := s.files()
	began := time.Now()
	for time.Since(began) < length {
		time.Sleep(250 * time.Millisecond)
		s.churn(talks)
	}
	for len(s.crowd) > 0 {
		s.leave(s.crowd[0])
		s.crowd = s.crowd[1:]
	}
	grown, err := s.b.resident()
	if err != nil {
		s.Fatal(err)
	}
	left := s.files()
	close(s.stop)
	wg.Wait()
	s.leave(s.speaker)
	s.leave(s.ear)
	s.judge(time.Since(began), grown-memory, left-files)
}

// files are the PBX's open descriptors.
func (s *soak) files() int {
	list, err := os.ReadDir("/proc/" + strings.TrimSpace(s.b.pid) + "/fd")
	if err != nil {
		s.Fatal(err)
	}
	return len(list)
}

func (s *soak) judge(length time.Duration, memory float64, files int) {
	n := len(s.heard.delays)
	if want := int(length / (2 * time.Second)); n < want*9/10 {
		s.Fatalf("%d bursts heard of %d", n, want)
	}
	rank := func(d []time.Duration, of100 int) time.Duration {
		d = slices.Clone(d)
		slices.Sort(d)
		return d[len(d)*of100/100].Round(time.Millisecond)
	}
	first, last, jitter := rank(s.heard.delays[:n/4], 50), rank(s.heard.delays[n-n/4:], 50), rank(s.late, 97)
	s.Logf("%d bursts; in the first quarter %v late, in the last %v, with a jitter of %v; %d packets in %v; %+.0f kB, %+d descriptors", n, first, last, jitter,
		s.heard.packets, length.Round(time.Millisecond), memory, files)
	if last > first+30*time.Millisecond+2*jitter || last > 300*time.Millisecond { // the load's lateness, and the PBX's
		s.Errorf("a burst takes %v in the end, %v in the beginning", last, first)
	}
	if want := int(length / (20 * time.Millisecond)); s.heard.packets < want*995/1000 {
		s.Errorf("%d packets came of %d", s.heard.packets, want)
	}
	if memory > 16<<10 {
		s.Errorf("%.0f kB more memory", memory)
	}
	if files > 8 { // spare pairs of ports wait for the next calls
		s.Errorf("%d descriptors more", files)
	}
}
