package sound

import (
	"bytes"
	"io"
	"io/fs"
	"testing"
	"testing/fstest"
)

// keeper plays a clip as the media thread does, with an encoder that copies the low bytes.
type keeper struct {
	t       *testing.T
	player  *Player
	encoded int
}

func (k *keeper) step(n int) []byte {
	k.t.Helper()
	if p := k.player.Packet(); p != nil {
		return p
	}
	pcm := make([]int16, n)
	if _, err := k.player.Read(pcm); err == io.EOF {
		return nil
	}
	out := make([]byte, n)
	for i, s := range pcm {
		out[i] = byte(s)
	}
	k.encoded++
	k.player.Keep(out)
	return out
}

func (k *keeper) play(n, most int) (all []byte) {
	for range most {
		p := k.step(n)
		if p == nil {
			break
		}
		all = append(all, p...)
	}
	return all
}

func sawtooth(t *testing.T, bound int64) (*Library, *Clip, []byte) {
	raw := make([]byte, 2*1000) // 6 packets of 160 samples and a quarter
	for i := range 1000 {
		raw[2*i] = byte(i * 7)
	}
	l := NewLibrary([]fs.FS{fstest.MapFS{"en/x.sln": &fstest.MapFile{Data: raw}}}, bound)
	c, err := l.OpenAt("x", "", 8000)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]byte, 7*160)
	for i := range 1000 {
		want[i] = byte(i * 7)
	}
	return l, c, want
}

func listen(t *testing.T, c *Clip, key any) *keeper {
	p := NewPlayer(c)
	p.Tune(key, 160)
	return &keeper{t: t, player: p}
}

func TestPackets(t *testing.T) {
	_, c, want := sawtooth(t, 1<<20)
	first := listen(t, c, "µ")
	if got := first.play(160, 3); !bytes.Equal(got, want[:480]) || first.encoded != 3 {
		t.Errorf("the first listener: %d encoded", first.encoded)
	}
	first.player.Tune(nil, 0) // hangs up
	second := listen(t, c, "µ")
	meanwhile := listen(t, c, "µ")
	if got := second.play(160, 9); !bytes.Equal(got, want) || second.encoded != 4 {
		t.Errorf("the second: %d encoded", second.encoded)
	}
	if got := meanwhile.play(160, 9); !bytes.Equal(got, want) || meanwhile.encoded != 4 {
		t.Errorf("while it is made: %d encoded", meanwhile.encoded)
	}
	second.player.Tune(nil, 0)
	meanwhile.player.Tune(nil, 0)
	third := listen(t, c, "µ")
	if got := third.play(160, 9); !bytes.Equal(got, want) || third.encoded != 0 || third.player.Position() != third.player.Duration() {
		t.Errorf("the third: %d encoded, at %v", third.encoded, third.player.Position())
	}
	if other := listen(t, c, "A"); len(other.play(160, 9)) != len(want) || other.encoded != 7 {
		t.Errorf("another codec: %d encoded", other.encoded)
	}
}

func TestPacketsOfWhatIsChanged(t *testing.T) {
	_, c, want := sawtooth(t, 1<<20)
	whole := listen(t, c, "µ")
	whole.play(160, 9)
	whole.player.Tune(nil, 0)
	tests := []struct {
		name    string
		do      func(p *Player)
		encoded int
		same    bool
	}{
		{"as it is", func(*Player) {}, 0, true},
		{"louder", func(p *Player) { p.SetVolume(6) }, 7, false},
		{"faster", func(p *Player) { p.SetSpeed(2) }, 4, false},
		{"from the second packet", func(p *Player) { p.pos.Store(160) }, 0, false},
		{"from amid the second packet", func(p *Player) { p.pos.Store(200) }, 5, false},
		{"louder, and back", func(p *Player) { p.SetVolume(6); p.SetVolume(0) }, 0, true},
	}
	for _, tt := range tests {
		k := listen(t, c, "µ")
		tt.do(k.player)
		got := k.play(160, 9)
		if k.encoded != tt.encoded || bytes.Equal(got, want) != tt.same {
			t.Errorf("%s: %d encoded, same %v", tt.name, k.encoded, bytes.Equal(got, want))
		}
		k.player.Tune(nil, 0)
	}
	k := listen(t, c, "µ")
	k.step(160)
	k.player.Pause(true)
	if k.player.Packet() != nil {
		t.Error("a packet while paused")
	}
	k.player.Pause(false)
	if got := k.play(160, 9); !bytes.Equal(got, want[160:]) || k.encoded != 0 {
		t.Errorf("after a pause: %d encoded", k.encoded)
	}
	before := make([]int16, 320)
	k.player.pos.Store(200)
	if n := k.player.Before(before); n != 200 || byte(before[199]) != want[199] || byte(before[0]) != want[0] {
		t.Errorf("%d samples before", n)
	}
}

// TestPacketsBound: packets count as the sound they belong to.
func TestPacketsBound(t *testing.T) {
	l, c, _ := sawtooth(t, 2000+1120)
	whole := listen(t, c, "µ")
	whole.play(160, 9)
	whole.player.Tune(nil, 0)
	if l.bytes != 3120 {
		t.Errorf("%d bytes", l.bytes)
	}
	other := listen(t, c, "A")
	other.play(160, 9)
	other.player.Tune(nil, 0)
	if other = listen(t, c, "A"); len(other.play(160, 9)) == 0 || other.encoded != 7 || l.bytes != 3120 {
		t.Errorf("beyond the bound: %d encoded, %d bytes", other.encoded, l.bytes)
	}
	if two := NewPlayer(c, c); true {
		two.Tune("µ", 160)
		if two.Packet() != nil {
			t.Error("packets of a sequence")
		}
	}
	own := NewPlayer(NewClip(8000, make([]int16, 160)))
	own.Tune("µ", 160)
	if own.Packet() != nil {
		t.Error("packets of a clip that no library has")
	}
}

func TestPacketAllocs(t *testing.T) {
	_, c, _ := sawtooth(t, 1<<20)
	whole := listen(t, c, "µ")
	whole.play(160, 9)
	whole.player.Tune(nil, 0)
	k := listen(t, c, "µ")
	if n := testing.AllocsPerRun(100, func() {
		k.player.pos.Store(0)
		for k.player.Packet() != nil {
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
