package scripting

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"asterism/engine/config"
)

// spoilers write to what a state shares with others, or seems to.
var spoilers = []string{
	`string.rep = function() return "spoilt" end`,
	`string.gsub = nil`,
	`string.mine = 1; rawset(string, "rawly", 1); table.insert(string, "x"); table.insert(table, "x")`,
	`for k in pairs(string) do string[k] = nil end`,
	`local k = next(math); math[k] = nil; math.huge = 0`,
	`setmetatable(string, { __index = function() return "spoilt" end })`,
	`getmetatable("").__index = function() return "spoilt" end`,
	`getmetatable("").__index.rep = nil; getmetatable("").mine = 1`,
	`print = nil; tostring = function() return "spoilt" end; _G.pairs = nil`,
	`rawset(_G, "tonumber", nil); rawset(_G, "mine", 1)`,
	`setmetatable(_G, { __index = function() return "spoilt" end, __newindex = function() end })`,
	`for k in pairs(_G) do _G[k] = nil end`,
	`string, table, math, coroutine, os = nil`,
	`local g = getfenv(string.rep); g.mine = 1; g.string = nil`,
	`pcall(setfenv, string.rep, {}); pcall(setfenv, print, {}); pcall(setfenv, 0, {}); pcall(setfenv, 1, {})`,
	`package.loaded.pbx = 1; package.path = "mine"; package.preload.pbx = function() return 1 end; package.mine = 1`,
	`local pbx = require "pbx"; pbx.log = nil; pbx.mine = 1; pbx.store.get = nil; pbx.time.mine = 1; rawset(pbx, "json", 1)`,
	`app.noop = nil; app.mine = 1; app = nil`,
	`rawset(channel, "X", 1); rawset(channel.X, 1, "spoilt"); channel = nil`,
	`check_hangup = nil; autoservice_stop(); autoservice_status = nil`,
	`for _, t in ipairs { app, channel, channel.X, require "pbx", require("pbx").store, require("pbx").channel(), _G, string, "" } do
		local m = getmetatable(t)
		if type(m) == "table" then m.__index, m.__newindex, m.mine = nil, nil, 1 end
		pcall(setmetatable, t, {})
	end`,
	`require("pbx").channel().say = nil`,
	`coroutine.wrap(function() string.rep, mine, _G.pairs = nil, 1, nil end)()`,
	`if debug then
		for _, t in ipairs { app, channel, channel.X, require "pbx", require("pbx").store, require("pbx").channel(), _G, string, "", getfenv(print) } do
			local m = debug.getmetatable(t)
			if type(m) == "table" then for k in pairs(m) do m[k] = nil end end
		end
	end`,
}

// survey tells all that a script finds: some of it before any table is walked over, then the names and kinds of everything.
const survey = `
local seen, out = {}, {}
for i, f in ipairs { string.rep, ("x").upper, math.max, table.concat, coroutine.wrap, os.time, print, tostring, require, loadstring, app.noop, channel.X.get,
	check_hangup } do out[#out + 1] = i .. type(f) end
out[#out + 1] = tostring(math.huge) .. tostring(string.mine) .. tostring(string.rawly) .. tostring(mine) .. #string
local function walk(t, path)
	if seen[t] then return end
	seen[t] = true
	for k, v in pairs(t) do
		out[#out + 1] = path .. tostring(k) .. "=" .. type(v)
		if type(v) == "table" then walk(v, path .. tostring(k) .. ".") end
	end
end
walk(_G, "")
walk(getmetatable(""), "metatable of strings.")
local pbx = require "pbx"
for _, name in ipairs { "log", "json", "store", "time", "mine", "channel" } do out[#out + 1] = "pbx." .. name .. "=" .. type(pbx[name]) end
for _, name in ipairs { "get", "put" } do out[#out + 1] = "pbx.store." .. name .. "=" .. type(pbx.store[name]) end
table.sort(out)
app.noop(("x"):rep(2))
channel.X = 5
channel.OUT = table.concat(out, " ") .. ("x"):rep(2) .. channel.X:get() .. tostring(autoservice_status()) .. tostring(mine) .. tostring(pbx.channel()):sub(1, 5)
	.. tostring(getmetatable(app)) .. tostring(getmetatable(channel)) .. tostring(getmetatable(pbx)) .. package.path`

// Whatever a call writes into what is lent to it, no other call sees it: neither one that runs at the same time nor the next.
func TestNothingLentIsWrittenTo(t *testing.T) {
	text := "extensions = { default = { s = function()" + survey + "\nend,\n"
	for i, body := range spoilers {
		text += fmt.Sprintf("[%q] = function() pcall(function()\n%s\nend) end,\n", strconv.Itoa(i), body)
	}
	for _, sandbox := range []string{"", "debug = yes", "execute = yes\nfiles = /etc\ngetenv = HOME"} {
		b := newBench(t, nil)
		etc := files(capabilityFile, "[sandbox]\n"+sandbox, dialplanFile, text+"} }")
		snap, _ := config.Load(etc, config.LoadOptions{})
		g, problems := b.host.Load(etc, snap)
		if config.Failed(problems) {
			t.Fatal(texts(problems))
		}
		run := func(exten string) string {
			ch := b.channel("default", exten)
			if err := g.Run(ch); err != nil {
				t.Error(exten, err)
			}
			v, _ := ch.Get("OUT")
			return v
		}
		want := run("s")
		if len(want) < 1000 {
			t.Fatalf("%q: a survey of only %d bytes: %s", sandbox, len(want), want)
		}
		var calls sync.WaitGroup
		for i, body := range spoilers {
			calls.Go(func() {
				run(strconv.Itoa(i))
				if got := run("s"); got != want {
					t.Errorf("%q: after %s\n got %s\nwant %s", sandbox, body, got, want)
				}
			})
		}
		calls.Wait()
	}
}

// The spoilers do spoil: what they write is there for the call itself.
func TestACallOwnsItsLibraries(t *testing.T) {
	for body, want := range map[string]string{
		`string.rep = function() return "own" end; channel.OUT = ("x"):rep(3)`:                                                                  "own",
		`string.gsub = nil; channel.OUT = tostring(string.gsub) .. tostring(("x").gsub)`:                                                        "nilnil",
		`print = nil; channel.OUT = tostring(print) .. tostring(rawget(_G, "print"))`:                                                           "nilnil",
		`tostring = function() return "own" end; channel.OUT = tostring(1)`:                                                                     "own",
		`rawset(_G, "print", nil); channel.OUT = tostring(print)`:                                                                               "nil",
		`math.huge = nil; local n = 0; for k in pairs(math) do if k == "huge" then n = n + 1 end end; channel.OUT = n`:                          "0",
		`setmetatable(_G, { __index = function(_, k) return "no " .. k end }); channel.OUT = anything`:                                          "no anything",
		`setmetatable(string, { __index = function(_, k) return "no " .. k end }); channel.OUT = string.anything`:                               "no anything",
		`table.insert(string, "a"); channel.OUT = string[1] .. #string`:                                                                         "a1",
		`local n = 0; for k in pairs(string) do n = n + 1 end; channel.OUT = tostring(n > 10) .. type(next(table))`:                             "truestring",
		`channel.OUT = tostring(rawget(string, "rep") == string.rep) .. tostring(rawget(_G, "string") == string)`:                               "truetrue",
		`channel.OUT = tostring(_G._G == _G) .. tostring(getmetatable(_G)) .. tostring(getmetatable(string)) .. tostring(_G.nothing)`:           "truenilnilnil",
		`local e = setmetatable({}, { __index = _G }); setfenv(1, e); own = 1; channel.OUT = tostring(rawget(_G, "own")) .. own .. type(print)`: "nil1function",
	} {
		ch, err := newBench(t, nil).script(body)
		if got := get(t, ch, "OUT"); err != nil || got != want {
			t.Errorf("%s\n got %q, want %q (%v)", body, got, want, err)
		}
	}
}
