package luatest_test

import (
	"io/fs"
	"testing"

	"asterism/dialplans"
	"asterism/plugins"
	"asterism/scripting/luatest"
)

func TestPlugins(t *testing.T) { luatest.Run(t, plugins.FS) }

// TestDialplans loads every example as a configuration: no error and no warning.
func TestDialplans(t *testing.T) {
	entries, err := fs.ReadDir(dialplans.FS, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Run(e.Name(), func(t *testing.T) {
			etc, err := fs.Sub(dialplans.FS, e.Name())
			if err != nil {
				t.Fatal(err)
			}
			luatest.CheckDialplan(t, etc, plugins.FS)
		})
	}
}
