package main

import (
	"os"
	"path/filepath"
	"strings"

	"asterism/engine/config"
	"asterism/engine/manage/logger"
)

// logControl is the log as the command line steers it.
type logControl struct {
	*logger.Router
	places places
}

// Reload takes logger.conf as it stands in the file now: it can be changed without a reload of everything else.
func (l logControl) Reload() error {
	dir := l.places.dirs.Etc
	snap, _ := config.Load(os.DirFS(dir), config.LoadOptions{ParseOptions: config.ParseOptions{Dir: dir}})
	files, _ := logFiles(l.places, snap.Logger)
	return l.Router.Reload(files)
}

// logFiles turns logger.conf's [logfiles] into files below astlogdir. Where that names nothing at all, neither file nor console,
// notices, warnings, errors and what calls execute go to "messages". The words nobody knows come back too.
func logFiles(p places, conf config.Logger) ([]logger.File, []string) {
	var files []logger.File
	var unknown []string
	for _, entry := range conf.Files {
		f, words := logger.ParseLevels(strings.Join(entry.Levels, ","))
		unknown = append(unknown, words...)
		f.JSON = entry.Format == "json"
		f.Path = entry.Name
		if !filepath.IsAbs(f.Path) {
			f.Path = filepath.Join(p.dirs.Log, entry.Name)
		}
		if f.Mask != 0 {
			files = append(files, f)
		}
	}
	if len(files) == 0 && conf.Console == nil {
		files = []logger.File{{Path: filepath.Join(p.dirs.Log, "messages"), Mask: logger.Error | logger.Warning | logger.Notice | logger.Verbose}}
	}
	return files, unknown
}
