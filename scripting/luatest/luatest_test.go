package luatest_test

import (
	"testing"

	"asterism/plugins"
	"asterism/scripting/luatest"
)

func TestPlugins(t *testing.T) { luatest.Run(t, plugins.FS) }
