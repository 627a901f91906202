package tests

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"github.com/rogpeppe/go-internal/testscript"

	"asterism/tests/process"
)

// Switches of a run. SCENES_BINARY: a built asterism to use. SCENES_RACE=0: build without the race detector.
// SCENES_PARALLEL: scenes at once (they mostly wait, so 4 suit two cores). CI=true: a missing tool is a failure.

func TestMain(m *testing.M) {
	flag.Parse()
	at := os.Getenv("SCENES_PARALLEL")
	if at == "" {
		at = "4"
	}
	if err := flag.Set("test.parallel", at); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	os.Exit(m.Run())
}

// TestScenes plays every file of scenes/.
func TestScenes(t *testing.T) {
	if testing.Short() {
		t.Skip("scenes take minutes")
	}
	for _, tool := range []struct{ name, pkg string }{{"baresip", "baresip-core"}, {"sipp", "sip-tester"}, {"stdbuf", "coreutils"}} {
		if _, err := exec.LookPath(tool.name); err == nil {
			continue
		}
		if ci, _ := strconv.ParseBool(os.Getenv("CI")); ci {
			t.Fatalf("%s is missing; install the package %s", tool.name, tool.pkg)
		}
		t.Skipf("%s is missing; install the package %s", tool.name, tool.pkg)
	}
	bin := binary(t)
	ports := process.NewPorts()
	testscript.Run(t, testscript.Params{
		Dir:                 "scenes",
		Cmds:                commands(),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Condition:           condition,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", filepath.Dir(bin)+string(os.PathListSeparator)+os.Getenv("PATH"))
			return newScene(env, bin, ports)
		},
	})
}

// TestShort plays one scene's worth of reading: every scene and flow parses, without any process.
func TestSceneFilesParse(t *testing.T) {
	for _, pattern := range []string{"scenes/*.txtar", "flows/*.flow"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, f := range files {
			if err := checkFile(f); err != nil {
				t.Error(err)
			}
		}
	}
}

// condition knows [ipv6]: the loopback interface has ::1.
func condition(cond string) (bool, error) {
	switch cond {
	case "ipv6":
	case "io_uring": // io_uring_setup, forbidden in many containers
		var params [120]byte // struct io_uring_params
		fd, _, errno := syscall.Syscall(425, 1, uintptr(unsafe.Pointer(&params)), 0)
		if errno != 0 {
			return false, nil
		}
		return true, syscall.Close(int(fd))
	default:
		return false, errors.New("unknown condition " + cond)
	}
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		return false, nil
	}
	return true, l.Close()
}

var built struct {
	once sync.Once
	path string
	err  error
}

// binary builds cmd/asterism once for the run, with the race detector unless told otherwise.
func binary(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if path := os.Getenv("SCENES_BINARY"); path != "" {
			built.path, built.err = filepath.Abs(path)
			return
		}
		dir, err := os.MkdirTemp("", "asterism-scenes-")
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(dir, "asterism")
		argv := []string{"build", "-o", built.path}
		if os.Getenv("SCENES_RACE") != "0" {
			argv = append(argv, "-race")
		}
		cmd := exec.Command("go", append(argv, "asterism/cmd/asterism")...)
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("go %v: %w\n%s", argv, err, out)
			return
		}
		built.err = os.Symlink("asterism", filepath.Join(dir, "asterisk"))
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	if os.Getenv("SCENES_BINARY") == "" {
		t.Cleanup(func() { os.RemoveAll(filepath.Dir(built.path)) })
	}
	return built.path
}
