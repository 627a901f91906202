package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"asterism/engine/config"
)

// places are the directories of one PBX, as asterisk.conf, flags and Asterisk's defaults give them. All are absolute.
type places struct {
	conf     string // the asterisk.conf that was read, or would have been
	dirs     config.Directories
	socket   string
	mode     fs.FileMode
	snapshot *config.Snapshot // of the configuration directory; for what is needed before the engine reads it
	problems []config.Problem
}

// systemEtc are where a configuration is looked for when no flag says so.
var systemEtc = []string{"/etc/asterism", "/etc/asterisk"}

// findPlaces resolves conf (-C), etc (--etc) and data (--data); each may be "". What asterisk.conf names is there. The rest is
// below data; without it beside a configuration directory that is called etc, else where Asterisk has it. So a console finds a
// PBX by its asterisk.conf alone, however it was started.
func findPlaces(conf, etc, data string) (places, error) {
	if conf == "" && etc == "" {
		for _, dir := range systemEtc {
			if isDir(dir) {
				etc = dir
				break
			}
		}
		if etc == "" {
			return places{}, fmt.Errorf("no configuration in %s; give --etc DIR, or make one with: asterism init DIR", strings.Join(systemEtc, " or "))
		}
	}
	if conf == "" {
		conf = filepath.Join(etc, "asterisk.conf")
		if !isDir(etc) {
			return places{}, fmt.Errorf("--etc %s: no such directory; make one with: asterism init %s", etc, etc)
		}
	} else if !isDir(filepath.Dir(conf)) {
		return places{}, fmt.Errorf("-C %s: no such directory", conf)
	}
	var err error
	for _, path := range []*string{&conf, &etc, &data} {
		if *path == "" {
			continue
		}
		if *path, err = filepath.Abs(*path); err != nil {
			return places{}, err
		}
	}
	p := places{conf: conf}
	dir := filepath.Dir(conf)
	p.snapshot, p.problems = p.load(dir)
	given := p.snapshot.Asterisk.Directories
	base := systemDirectories
	switch {
	case data != "":
		base = dataDirectories(data)
	case filepath.Base(dir) == "etc" && filepath.Dir(dir) != "/":
		base = dataDirectories(filepath.Dir(dir))
	}
	p.dirs = config.Directories{
		Etc: cmp.Or(etc, given.Etc, dir), Mod: cmp.Or(given.Mod, base.Mod), VarLib: cmp.Or(given.VarLib, base.VarLib),
		DB: cmp.Or(given.DB, given.VarLib, base.DB), Key: cmp.Or(given.Key, base.Key), Data: cmp.Or(given.Data, given.VarLib, base.Data),
		AGI: cmp.Or(given.AGI, base.AGI), Spool: cmp.Or(given.Spool, base.Spool), Run: cmp.Or(given.Run, base.Run),
		Log: cmp.Or(given.Log, base.Log), Sbin: given.Sbin, Cache: cmp.Or(given.Cache, base.Cache),
	}
	p.snapshot, p.problems = p.read()
	p.socket = filepath.Join(p.dirs.Run, cmp.Or(p.snapshot.Asterisk.Ctl, "asterisk.ctl"))
	p.mode = p.snapshot.Asterisk.CtlPermissions
	return p, nil
}

// execLimit is how long one #exec may run, where asterisk.conf has execincludes=yes.
const execLimit = 10 * time.Second

func (p places) load(dir string) (*config.Snapshot, []config.Problem) {
	return config.Load(os.DirFS(dir), config.LoadOptions{AsteriskFile: filepath.Base(p.conf),
		ParseOptions: config.ParseOptions{Dir: dir, Absolute: os.DirFS("/"), Exec: config.Shell(context.Background(), execLimit)}})
}

// read reads all .conf files. asterisk.conf may stand elsewhere (-C); everything else is read where it points.
func (p places) read() (*config.Snapshot, []config.Problem) {
	snapshot, problems := p.load(p.dirs.Etc)
	if dir := filepath.Dir(p.conf); dir != p.dirs.Etc {
		main, _ := p.load(dir)
		snapshot.Asterisk = main.Asterisk
	}
	return snapshot, problems
}

var systemDirectories = config.Directories{
	Mod: "/usr/lib/asterisk/modules", VarLib: "/var/lib/asterisk", DB: "/var/lib/asterisk", Key: "/var/lib/asterisk/keys",
	Data: "/usr/share/asterisk", AGI: "/usr/share/asterisk/agi-bin", Spool: "/var/spool/asterisk", Run: "/var/run/asterisk",
	Log: "/var/log/asterisk", Cache: "/var/cache/asterisk",
}

// dataDirectories puts everything that a PBX writes below one directory, the control socket right into it.
func dataDirectories(data string) config.Directories {
	in := func(name string) string { return filepath.Join(data, name) }
	return config.Directories{Mod: in("data/modules"), VarLib: in("data"), DB: in("data"), Key: in("data/keys"), Data: in("data"), AGI: in("data/agi-bin"),
		Spool: in("spool"), Run: data, Log: in("log"), Cache: in("data/cache")}
}

// create makes the directories that a PBX writes to.
func (p places) create() error {
	for _, d := range []struct{ key, path string }{
		{"astvarlibdir", p.dirs.VarLib}, {"astdbdir", p.dirs.DB}, {"astspooldir", p.dirs.Spool}, {"astrundir", p.dirs.Run},
		{"astlogdir", p.dirs.Log}, {"astlogdir", filepath.Join(p.dirs.Log, "cdr-csv")},
	} {
		if err := os.MkdirAll(d.path, 0o750); err != nil {
			return fmt.Errorf("%s: %w; choose another place with --data DIR or in %s", d.key, err, p.conf)
		}
	}
	return nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// findSocket is where a running PBX listens: -s, else what asterisk.conf says, else the usual places, the demo of `make run`
// last.
func findSocket(f asteriskFlags) (string, error) {
	if f.socket != "" {
		return f.socket, nil
	}
	p, err := findPlaces(f.conf, "", "")
	if f.conf != "" {
		return p.socket, err
	}
	candidates := []string{filepath.Join(systemDirectories.Run, "asterisk.ctl"), "/var/lib/asterism/asterisk.ctl", filepath.Join("run", "asterisk.ctl")}
	if err == nil {
		candidates = append([]string{p.socket}, candidates...)
	}
	for _, path := range candidates {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return path, nil
		}
	}
	return candidates[0], nil
}
