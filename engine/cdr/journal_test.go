package cdr

import (
	"bytes"
	"slices"
	"testing"
)

// A journal of any bytes is read without failing, and what is pending in it is of frames that are whole.
func FuzzJournal(f *testing.F) {
	var b bytes.Buffer
	sum, _ := writeFrame(&b, &frame{N: 5, Batch: []chunk{{masterFile, "x\n"}}}, 0)
	sum, _ = writeFrame(&b, &frame{N: 6, Intent: 5, Files: []position{{File: masterFile, Size: 3}}}, sum)
	f.Add(b.Bytes(), 0)
	_, _ = writeFrame(&b, &frame{N: 7, Done: 5}, sum)
	f.Add(b.Bytes(), 20)
	f.Add([]byte("00000000 {}\n\x00\x00"), 3)
	f.Fuzz(func(t *testing.T, content []byte, cut int) {
		if cut > 0 && cut < len(content) {
			content = content[:cut]
		}
		j := &journal{}
		pending, err := j.read(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		if len(pending) > bytes.Count(content, []byte{'\n'}) || j.end > int64(len(content)) {
			t.Fatalf("%d pending, end %d, of %d bytes", len(pending), j.end, len(content))
		}
		// What is appended now is found after what was pending, whatever lies behind it.
		var line bytes.Buffer
		if _, err := writeFrame(&line, &frame{N: j.n + 1, Batch: []chunk{{"a.csv", "line\n"}}}, j.sum); err != nil {
			t.Fatal(err)
		}
		whole := slices.Concat(content[:j.end], line.Bytes(), content[min(len(content), int(j.end)+line.Len()):])
		again, err := (&journal{}).read(bytes.NewReader(whole))
		if err != nil || len(again) != len(pending)+1 || again[len(pending)].chunks[0].Data != "line\n" {
			t.Fatalf("had %d pending and appended one; there are %d, %v", len(pending), len(again), err)
		}
	})
}
