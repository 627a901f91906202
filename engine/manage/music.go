package manage

import (
	"strings"

	"asterism/engine/moh"
)

// Music are the classes of hold music.
type Music interface {
	// MusicClasses lists them by name.
	MusicClasses() []moh.Shown
}

func musicCommands() []Command {
	return []Command{
		{Name: "moh show classes", Summary: "Lists the classes of hold music", Run: showMusicClasses},
		{Name: "moh show files", Summary: "Lists the files of each class of hold music", Run: showMusicFiles},
		{Name: "moh reload", Summary: "Reads the whole configuration again, musiconhold.conf with it", Run: reload},
	}
}

func (c *CLI) musicClasses() []moh.Shown {
	if c.Music == nil {
		return nil
	}
	return c.Music.MusicClasses()
}

func showMusicClasses(r *Request) {
	for _, class := range r.musicClasses() {
		r.printf("Class: %s\n", class.Name)
		r.printf("\tMode: %s\n", class.Mode)
		if class.Directory != "" {
			r.printf("\tDirectory: %s\n", class.Directory)
		}
		r.printf("\tSort: %s\n\tListeners: %d\n", class.Sort, class.Listeners)
	}
}

func showMusicFiles(r *Request) {
	for _, class := range r.musicClasses() {
		r.printf("Class: %s\n", class.Name)
		for _, file := range class.Files {
			r.printf("\tFile: %s\n", file)
		}
		if class.Problem != "" {
			r.printf("\t%s\n", strings.ReplaceAll(class.Problem, "\n", "; "))
		}
	}
}
