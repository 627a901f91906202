package channel

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"asterism/engine/media"

	"github.com/rs/zerolog"
)

// tapes is a shelf of recordings, kept in memory.
type tapes struct {
	mu    sync.Mutex
	asked []TapeRequest
	made  []*fakeTape
	fail  error
}

type fakeTape struct {
	mu     sync.Mutex
	pcm    []int16
	closed bool
	failed chan struct{}
}

func (s *tapes) open(r TapeRequest) (Tape, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return nil, s.fail
	}
	t := &fakeTape{failed: make(chan struct{})}
	s.asked, s.made = append(s.asked, r), append(s.made, t)
	return t, nil
}

func (s *tapes) names() (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.asked {
		out = append(out, r.File)
	}
	return out
}

func (t *fakeTape) Rate() int               { return 8000 }
func (t *fakeTape) Failed() <-chan struct{} { return t.failed }
func (t *fakeTape) Lost() time.Duration     { return 0 }
func (t *fakeTape) Write(pcm []int16) {
	t.mu.Lock()
	t.pcm = append(t.pcm, pcm...)
	t.mu.Unlock()
}
func (t *fakeTape) Close(time.Duration) error {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	return nil
}

// loudRoom lets a test say what the mix is.
type loudRoom struct {
	*fakeRoom
	taps map[int]func(mix []int16)
}

func (r *loudRoom) Tap(rate int, f func(mix []int16)) func() {
	n := len(r.taps)
	r.taps[n] = f
	return func() { delete(r.taps, n) }
}

func (r *loudRoom) sound(v int16) {
	for _, f := range r.taps {
		f(slices.Repeat([]int16{v}, 160))
	}
}

func recordedCore(shelf *tapes, o Observer) (*Core, *loudRoom) {
	room := &loudRoom{&fakeRoom{}, map[int]func([]int16){}}
	return NewCore(CoreConfig{Log: zerolog.Nop(), Observer: o, OpenTape: shelf.open, NewRoom: func(media.RoomConfig) Room { return room }}), room
}

func TestConferenceRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shelf, seen := &tapes{}, &facts{}
		k, room := recordedCore(shelf, seen)
		ch := caller(k)
		defer ch.Release()
		p, err := ch.JoinConference("a/b", ConferenceConfig{}, ParticipantConfig{})
		if err != nil {
			t.Fatal(err)
		}
		conf := p.Conference()
		if err := conf.StopRecord(); !errors.Is(err, ErrNotRecording) {
			t.Error(err)
		}
		if err := conf.MuteRecord(true); !errors.Is(err, ErrNotRecording) {
			t.Error(err)
		}
		file, err := conf.Record("", "")
		if err != nil || file != "confbridge-a-b-946684800.wav" { // the bubble's time
			t.Fatalf("%q, %v", file, err)
		}
		if _, err := conf.Record("", ""); !errors.Is(err, ErrRecording) {
			t.Error(err)
		}
		if conf.Info().Record != file {
			t.Errorf("%+v", conf.Info())
		}
		room.sound(1)
		_ = conf.MuteRecord(true)
		room.sound(2)
		_ = conf.MuteRecord(false)
		room.sound(3)
		_ = conf.StopRecord()
		synctest.Wait()
		tape := shelf.made[0]
		if !tape.closed || len(room.taps) != 0 || conf.Info().Record != "" {
			t.Errorf("closed %v, taps %d, %+v", tape.closed, len(room.taps), conf.Info())
		}
		if got := []int16{tape.pcm[0], tape.pcm[160], tape.pcm[320]}; len(tape.pcm) != 480 || !slices.Equal(got, []int16{1, 0, 3}) {
			t.Errorf("%d samples, %v", len(tape.pcm), got)
		}
		time.Sleep(time.Minute)
		if again, err := conf.Record("", ""); err != nil || again != file || !shelf.asked[1].Append { // to the end of the same file
			t.Errorf("%q, %v, %+v", again, err, shelf.asked[1])
		}
		p.Leave() // the last: the recording ends, too
		synctest.Wait()
		if !shelf.made[1].closed {
			t.Error("the tape is open though the conference is over")
		}
		if _, err := conf.Record("", ""); !errors.Is(err, errConferenceEnded) {
			t.Error(err)
		}
		seen.kinds = slices.DeleteFunc(seen.kinds, func(k ConferenceKind) bool { return k == ConferenceLeft || k == ConferenceEnded }) // at the same time as the last
		want := []ConferenceKind{ConferenceStarted, ConferenceJoined, ConferenceRecorded, ConferenceRecordStopped, ConferenceRecorded, ConferenceRecordStopped}
		if !slices.Equal(seen.kinds, want) {
			t.Errorf("facts %v, want %v", seen.kinds, want)
		}
	})
}

func TestConferenceRecordNames(t *testing.T) {
	for _, tt := range []struct {
		name   string
		how    RecordConfig
		ask    string
		want   string
		append bool
	}{
		{"by itself", RecordConfig{}, "", "confbridge-1-946684800.wav", true},
		{"configured", RecordConfig{File: "board.wav"}, "", "board-946684800.wav", true},
		{"without its time", RecordConfig{File: "board.wav", Timeless: true}, "", "board.wav", true},
		{"anew each time", RecordConfig{File: "board.wav", Timeless: true, Fresh: true}, "", "board.wav", false},
		{"asked for", RecordConfig{File: "board.wav"}, "other.gsm", "other-946684800.gsm", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				shelf := &tapes{}
				k, _ := recordedCore(shelf, nil)
				ch := caller(k)
				defer ch.Release()
				p, err := ch.JoinConference("1", ConferenceConfig{Record: tt.how}, ParticipantConfig{})
				if err != nil {
					t.Fatal(err)
				}
				if got, err := p.Conference().Record(tt.ask, ""); err != nil || got != tt.want || shelf.asked[0].Append != tt.append {
					t.Errorf("%q, %v, %+v", got, err, shelf.asked[0])
				}
				p.Leave()
				k.WaitMonitors()
			})
		})
	}
}

// TestConferenceRecordFails: what cannot be opened is told, a disk that fails ends the recording, and another may begin.
func TestConferenceRecordFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shelf := &tapes{fail: errors.New("full")}
		k, _ := recordedCore(shelf, nil)
		ch := caller(k)
		defer ch.Release()
		p, _ := ch.JoinConference("1", ConferenceConfig{}, ParticipantConfig{})
		conf := p.Conference()
		if _, err := conf.Record("", ""); err == nil || conf.Info().Record != "" {
			t.Errorf("%v, %+v", err, conf.Info())
		}
		shelf.fail = nil
		if _, err := conf.Record("", ""); err != nil {
			t.Fatal(err)
		}
		close(shelf.made[0].failed)
		synctest.Wait()
		if conf.Info().Record != "" || !shelf.made[0].closed {
			t.Errorf("%+v", conf.Info())
		}
		p.Leave()
	})
}

// TestConferenceTracks: each member has a file of his own from his coming, or the beginning, to his going, or the end.
func TestConferenceTracks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shelf := &tapes{}
		k, _ := recordedCore(shelf, nil)
		a, b := caller(k), caller(k)
		defer a.Release()
		defer b.Release()
		first, _ := a.JoinConference("1", ConferenceConfig{Record: RecordConfig{File: "x.wav", Timeless: true, Tracks: "stereo"}}, ParticipantConfig{})
		conf := first.Conference()
		if _, err := conf.Record("", ""); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1500 * time.Millisecond)
		second, _ := b.JoinConference("1", ConferenceConfig{}, ParticipantConfig{})
		want := []string{"x.wav", "x-00000000ms-" + fileWord(a.Name()) + ".wav", "x-00001500ms-" + fileWord(b.Name()) + ".wav"}
		if got := shelf.names(); !slices.Equal(got, want) || !shelf.asked[1].Stereo || shelf.asked[0].Stereo {
			t.Fatalf("%q, want %q", got, want)
		}
		second.Leave()
		synctest.Wait()
		if !shelf.made[2].closed || shelf.made[1].closed {
			t.Errorf("closed %v and %v", shelf.made[2].closed, shelf.made[1].closed)
		}
		_ = conf.StopRecord()
		synctest.Wait()
		if !shelf.made[1].closed || len(a.Monitors()) != 0 {
			t.Error("a track is open though the recording has ended")
		}
		first.Leave()
	})
}
