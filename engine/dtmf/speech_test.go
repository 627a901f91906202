package dtmf_test

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"asterism/engine/dtmf"
	"asterism/engine/sound"
	"asterism/sounds"
)

// TestSpeechIsNoKey: in all prompts that are built in, nobody presses a key. DTMF_SOUNDS names a folder of more of them.
func TestSpeechIsNoKey(t *testing.T) {
	trees := []fs.FS{sounds.FS}
	if more := os.Getenv("DTMF_SOUNDS"); more != "" {
		trees = append(trees, os.DirFS(more))
	}
	for _, tree := range trees {
		library := sound.NewLibrary([]fs.FS{tree}, 1<<20)
		files, seconds := 0, 0.0
		err := fs.WalkDir(tree, ".", func(path string, d fs.DirEntry, err error) error {
			ext := filepath.Ext(path)
			if err != nil || d.IsDir() || ext != ".opus" && ext != ".gsm" && ext != ".wav" {
				return err
			}
			folder, name, _ := strings.Cut(strings.TrimSuffix(path, ext), "/")
			clip, err := library.OpenAt(name, folder, dtmf.Rate)
			if err != nil {
				return err
			}
			files, seconds = files+1, seconds+clip.Duration().Seconds()
			detector, r, pcm := dtmf.NewDetector(), clip.Reader(), make([]int16, 160)
			for err == nil {
				var n int
				n, err = r.Read(pcm)
				for _, e := range detector.Process(nil, pcm[:n]) {
					if e.Down {
						t.Errorf("%s: key %c", path, e.Key)
					}
				}
			}
			if err != io.EOF {
				return err
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if files == 0 {
			t.Error("no prompts")
		}
		t.Logf("%d prompts, %.0f s", files, seconds)
	}
}
