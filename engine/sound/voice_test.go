package sound

import (
	"path/filepath"
	"slices"
	"testing"
)

// TestRecordOpus: Opus in Ogg is written, cut, recovered and read again; it is not appended to.
func TestRecordOpus(t *testing.T) {
	for _, name := range []string{"x.opus", "x.ogg"} {
		root := openRoot(t)
		pcm := speech(8000)
		closed(t, record(t, root, name, RecordOptions{Rate: 8000}, pcm))
		c := decodeNamed(t, filepath.Join(root.Name(), name))
		want := NewClip(8000, pcm).Duration().Seconds()
		if got := float64(len(c.pcm)) / float64(c.rate); got < want-0.02 || got > want+0.1 {
			t.Errorf("%s: %.2f s, want %.2f", name, got, want)
		}
		if r, err := Create(root, name, RecordOptions{Rate: 8000, Append: true}); err == nil {
			t.Errorf("%s: appended to; %v", name, r.Discard())
		}
		r := record(t, root, "died."+name, RecordOptions{Rate: 8000}, pcm)
		if err := r.file.Close(); err != nil { // as when a process dies
			t.Fatal(err)
		}
		names, err := Recover(root)
		if err != nil || !slices.Equal(names, []string{"died." + name}) {
			t.Fatalf("recovered %v, %v", names, err)
		}
		c = decodeNamed(t, filepath.Join(root.Name(), "died."+name))
		if got := float64(len(c.pcm)) / float64(c.rate); got < want-0.7 || got > want+0.1 {
			t.Errorf("%s: %.2f s recovered of %.2f", name, got, want)
		}
	}
}
