package tests

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// rooms says what each room may import of ours: the arrows of engine/README.md, which all point down. A word that ends in
// "/..." stands for everything below. What is not here may not exist.
var rooms = map[string][]string{
	"cmd/asterism": {"engine/...", "scripting", "scripting/lint", "scripting/dialtest", "dialplans", "plugins", "sounds"},

	"scripting":         {"engine/channel", "engine/outbox", "engine/voicemail", "engine/media", "engine/dialplan", "engine/dialplan/...", "engine/config", "engine/sound", "engine/tone", "engine/store", "engine/event"},
	"scripting/luatest": {"scripting", "scripting/dialtest", "engine/channel", "engine/outbox", "engine/voicemail", "engine/dialplan", "engine/config", "engine/sound", "engine/store", "engine/event", "engine/media"},
	"scripting/dialtest": {"scripting", "engine", "engine/cdr", "engine/channel", "engine/config", "engine/device", "engine/dialplan", "engine/event", "engine/media", "engine/sound",
		"engine/outbox", "engine/store", "engine/tone", "engine/voicemail"},
	"scripting/lint": {"scripting", "engine/channel", "engine/dialplan", "engine/dialplan/...", "engine/config"},
	"plugins":        {},
	"dialplans":      {},
	"sounds":         {},

	"engine/manage":        {"engine/subscription", "engine/registration", "codecs", "engine/manage/logger", "engine/channel", "engine/config", "engine/dialplan", "engine/media", "engine/moh", "engine/registrar", "engine/store", "engine/event"},
	"engine/manage/ami":    {"engine/manage", "engine/subscription", "engine/registration", "engine/channel", "engine/config", "engine/dialplan", "engine/event", "engine/registrar", "engine/store"},
	"engine/manage/logger": {},
	"engine": {"engine/device", "engine/subscription", "engine/registration", "engine/tech/...", "engine/registrar", "engine/endpoint", "engine/channel", "engine/bridge", "engine/media", "engine/moh", "engine/sound", "engine/tone",
		"engine/sip", "engine/sip/dialog", "engine/sdp", "engine/dialplan", "engine/config", "engine/event", "engine/store", "engine/cdr", "engine/outbox", "engine/voicemail", "codecs/..."},
	"engine/tech/pjsip": {"engine/channel", "engine/registrar", "engine/subscription", "engine/endpoint", "engine/sip", "engine/sip/dialog", "engine/media", "engine/bridge",
		"engine/sdp", "engine/config", "engine/dialplan", "engine/event", "codecs"},
	"engine/subscription": {"engine/device", "engine/registrar", "engine/sip", "engine/sip/dialog", "engine/config", "engine/store", "engine/event"},
	"engine/device":       {"engine/channel", "engine/registrar", "engine/config", "engine/store", "engine/event"},
	"engine/tech/local":   {"engine/channel", "engine/media", "engine/bridge", "engine/dialplan", "engine/event"},
	"engine/registration": {"engine/sip", "engine/config", "engine/store", "engine/event"},
	"engine/registrar":    {"engine/sip", "engine/config", "engine/store", "engine/event"},
	"engine/endpoint":     {"engine/sip", "engine/config", "engine/store", "engine/event"},
	"engine/channel":      {"engine/media", "engine/tone", "engine/event", "engine/dialplan"},
	"engine/bridge":       {"engine/media", "codecs/..."},
	"engine/media":        {"engine/media/packetio", "engine/dtmf", "codecs/..."},
	"engine/moh":          {"engine/media", "engine/sound", "engine/config"},
	"engine/sound":        {"codecs/..."},
	"engine/sip/dialog":   {"engine/sip"},

	// The leaves: bytes in, values out, and what is kept.
	"engine/media/packetio":    {},
	"engine/sip":               {},
	"engine/sdp":               {"codecs"},
	"engine/dialplan":          {"engine/dialplan/timing"},
	"engine/dialplan/timing":   {},
	"engine/dialplan/calendar": {},
	"engine/dialplan/expr":     {},
	"engine/dialplan/subst":    {"engine/dialplan/expr"},
	"engine/dialplan/extconf":  {"engine/dialplan", "engine/dialplan/subst", "engine/dialplan/timing", "engine/config"},
	"engine/tone":              {"engine/config"},
	"engine/dtmf":              {},
	"engine/config":            {},
	"engine/event":             {},
	"engine/cdr":               {},
	"engine/outbox":            {},
	"engine/voicemail":         {},
	"engine/store":             {},
	"engine/store/storetest":   {"engine/store"},
	"codecs":                   {"codecs/..."},
	"codecs/...":               {"codecs", "codecs/plc"},

	"tests":       {"tests/..."},
	"tests/bench": {"codecs/g711", "codecs/opus"}, // what the load says
	"tests/...":   {"tests/..."},
}

// sole are packages of others that one room alone may import, so that they can be exchanged there.
var sole = map[string][]string{
	"github.com/emiago/sipgo":    {"engine/sip"},
	"github.com/yuin/gopher-lua": {"scripting", "scripting/luatest", "scripting/lint", "scripting/dialtest"},
	"github.com/alecthomas/kong": {"cmd/asterism"},
	"modernc.org/sqlite":         {"engine/store"},
	"github.com/pion":            {"engine/media"},
	"github.com/hraban/opus":     {"codecs/opus"},
	"unsafe":                     {"engine/media/packetio"},
}

// still are rooms without goroutine, socket, clock or process: nothing of these may be imported there.
var still = struct{ rooms, packages []string }{
	[]string{"engine/sdp", "engine/dialplan", "engine/dialplan/timing", "engine/dialplan/calendar", "engine/dialplan/expr", "engine/dialplan/subst", "engine/dialplan/extconf", "engine/tone", "engine/dtmf", "codecs", "codecs/g711", "codecs/g722", "codecs/gsm", "codecs/plc", "codecs/resample", "codecs/opus"},
	[]string{"net", "os", "os/exec", "context", "syscall"},
}

const module = "asterism/"

// TestRooms reads the imports of every package, its tests left out, and holds them against the plan.
func TestRooms(t *testing.T) {
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,TestImports", "asterism/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath           string
			Imports, TestImports []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		seen++
		room := strings.TrimPrefix(p.ImportPath, module)
		allowed, known := plan(room)
		if !known {
			t.Errorf("%s: no such room; if it belongs into the house, draw it in engine/README.md and here", room)
			continue
		}
		for _, path := range p.Imports {
			if ours, ok := strings.CutPrefix(path, module); ok && !slices.ContainsFunc(allowed, func(word string) bool { return covers(word, ours) }) {
				t.Errorf("%s imports %s: no arrow points there; allowed: %s", room, ours, strings.Join(allowed, " "))
			}
			for theirs, users := range sole {
				if (path == theirs || strings.HasPrefix(path, theirs+"/")) && !slices.Contains(users, room) {
					t.Errorf("%s imports %s: only %s may", room, path, strings.Join(users, " "))
				}
			}
			if slices.Contains(still.rooms, room) && slices.Contains(still.packages, path) {
				t.Errorf("%s imports %s: it computes, and does nothing else", room, path)
			}
		}
		// A room's tests may use what lies below it, and the harness of the scenes uses nothing but itself.
		if room == "tests" || strings.HasPrefix(room, "tests/") {
			for _, path := range p.TestImports {
				if ours, ok := strings.CutPrefix(path, module); ok && !strings.HasPrefix(ours, "tests") {
					t.Errorf("%s: a scene sees the PBX from outside only, but imports %s", room, ours)
				}
			}
		}
	}
	if seen < len(rooms)/2 {
		t.Errorf("go list shows %d packages: this test looks at nothing", seen)
	}
}

// plan finds a room's line, or the line of those below its parent.
func plan(room string) ([]string, bool) {
	if allowed, ok := rooms[room]; ok {
		return allowed, true
	}
	for word, allowed := range rooms {
		if strings.HasSuffix(word, "/...") && covers(word, room) {
			return allowed, true
		}
	}
	return nil, false
}

func covers(word, room string) bool {
	if below, ok := strings.CutSuffix(word, "/..."); ok {
		return room == below || strings.HasPrefix(room, below+"/")
	}
	return word == room
}

// TestRoomsPointDown: the plan itself has no circle, so no change of it can turn an arrow round unseen.
func TestRoomsPointDown(t *testing.T) {
	const onWay, done = 1, 2
	state := map[string]int{}
	var visit func(room string, way []string)
	visit = func(room string, way []string) {
		switch state[room] {
		case done:
			return
		case onWay:
			t.Fatalf("the arrows go round: %s", strings.Join(append(way, room), " ► "))
		}
		state[room] = onWay
		for _, word := range rooms[room] {
			for other := range rooms {
				if other != room && !strings.HasSuffix(other, "/...") && covers(word, other) {
					visit(other, append(way, room))
				}
			}
		}
		state[room] = done
	}
	for room := range rooms {
		visit(room, nil)
	}
}
