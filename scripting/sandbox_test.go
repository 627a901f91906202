package scripting

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"asterism/engine/config"
)

// escapes are ways out of the sandbox. Each is an expression or chunk that returns a true value only if it got out.
var escapes = []string{
	// what is not there
	`return os.execute and os.execute("true")`,
	`return io and io.popen and io.popen("id")`,
	`return io and io.open and io.open("/etc/passwd")`,
	`return io and io.lines and io.lines("/etc/passwd")`,
	`return os.remove and os.remove("/tmp/asterism-escape")`,
	`return os.rename and os.rename("/tmp/a", "/tmp/b")`,
	`return os.tmpname and os.tmpname()`,
	`return os.exit and os.exit(3)`,
	`return os.setenv or os.setlocale`,
	`return debug`,
	`return package.loadlib`,
	`return package.loaders or package.searchers`,
	`return package.cpath`,
	`return newproxy or _printregs`,
	`return string.dump`,
	// other doors to the same rooms
	`return require("io")`,
	`return require("os").execute`,
	`return require("debug")`,
	`return package.loaded.io or package.loaded.debug or package.loaded.os and package.loaded.os.execute`,
	`return getfenv(0).io or getfenv(1).debug`,
	`return getfenv(print).io`,
	`local mt = getmetatable(_G); return mt and mt.__index and mt.__index.io`,
	`return loadstring("return io")()`,
	`return load(function() return nil end) and loadstring("\27Lua")`,
	`return setfenv(loadstring("return io"), getfenv(0))()`,
	// files beyond the dialplan's directory
	`return dofile("/etc/passwd")`,
	`return dofile("../outside.lua")`,
	`return loadfile("/etc/hostname")`,
	`return loadfile("plugins/../../outside.lua")`,
	`return require("..outside")`,
	`return require("/etc/passwd")`,
	`package.path = "/tmp/?.lua"; return require("asterism-escape")`,
	`package.path = "/proc/self/?"; return require("environ")`,
	// secrets
	`return os.getenv("PATH") or os.getenv("HOME") or os.getenv("ESCAPE_SECRET")`,
	// the host's own values
	`local mt = getmetatable(channel.X); return mt and type(mt.__index) == "table" and mt.__index.gsub`,
	`local c = require("pbx").channel(); local mt = getmetatable(c); return mt ~= "channel" and mt`,
	`local c = require("pbx").channel(); return pcall(setmetatable, c, {}) or nil`,
	`local c = require("pbx").channel(); c.name = nil; return pcall(c.name) and c.x`,
	`return require("pbx").http.get("http://127.0.0.1:1/")`,
	`return require("pbx").http.get("file:///etc/passwd")`,
	// another state's things
	`string.leak = 1; return false`,
	`rawset(string, "leaked", true); return false`,
	`local pbx = require "pbx"; return pbx.config_sections()[1]`,
	`return pcall(require("pbx").spawn, "anything") or nil`,
	// what would take the process with it
	`return #string.rep("x", 1e9) > 1e8`,
	`return #string.format("%099999d", 1) > 1000`,
	`return #table.concat({string.rep("x", 4e6), string.rep("x", 4e6)}) > 5e6`,
	`local function f() return f() .. "" end; return f()`,
	`return ("x"):rep(1e6):gsub("x", ("y"):rep(1e6))`,
	`return ("(")
:rep(1e6) and loadstring(("("):rep(1e5) .. ")")`,
	`return loadstring("return " .. ("{"):rep(1e5))`,
	`local t = setmetatable({}, { __index = function(t, k) return t[k] end }); return t.x`,
	`return table.concat({}, "x", 1, 1e15)`,
	`return unpack({}, 1, 1e9)`,
	`return coroutine.wrap(function() return io or debug end)()`,
}

func TestEscapesAreRefused(t *testing.T) {
	t.Setenv("ESCAPE_SECRET", "secret")
	if err := os.WriteFile(filepath.Join(t.TempDir(), "outside.lua"), []byte("return true"), 0o600); err != nil {
		t.Fatal(err)
	}
	if len(escapes) < 25 {
		t.Fatal("too few are tried")
	}
	for i, body := range escapes {
		b := newBench(t, func(c *Config) { c.Budget = 2 * time.Second })
		ch, err := b.script("local ok, got = pcall(function()\n" + body + "\nend)\nchannel.OUT = (ok and got) and tostring(got) or \"\"")
		if got := get(t, ch, "OUT"); got != "" && (err == nil || got != "(unset)") {
			t.Errorf("%d: %s\n got out with %s (%v)", i, body, got, err)
		}
		if ch, err := b.script(`channel.OUT = tostring(string.leak or string.leaked or string.gsub == nil)`); err != nil || get(t, ch, "OUT") != "false" {
			t.Errorf("%d: %s\n left something behind for the next call: %v", i, body, err)
		}
	}
}

// What is refused above works once the site has opened it: so the escapes could succeed.
func TestEscapesSucceedWhenOpen(t *testing.T) {
	open := 0
	for _, body := range escapes[:10] {
		out := newBench(t, nil).with("execute = yes\ndebug = yes\nfiles = /etc", "local ok, got = pcall(function()\n"+body+"\nend)\nchannel.OUT = (ok and got) and tostring(got) or \"\"")
		if out != "" && out != "(unset)" {
			open++
		}
	}
	if open < 4 {
		t.Errorf("only %d got out", open)
	}
}

// with gives b a generation whose asterism.conf has these lines in [sandbox].
func (b *bench) with(sandbox, body string) (out string) {
	b.t.Helper()
	etc := fstest.MapFS{capabilityFile: {Data: []byte("[sandbox]\n" + sandbox)}, dialplanFile: {Data: []byte("extensions = { default = { s = function()\n" + body + "\nend } }")}}
	snap, _ := config.Load(etc, config.LoadOptions{})
	g, problems := b.host.Load(etc, snap)
	if config.Failed(problems) {
		b.t.Fatal(texts(problems))
	}
	ch := b.channel("default", "s")
	if err := g.Run(ch); err != nil {
		return err.Error()
	}
	return get(b.t, ch, "OUT")
}

func TestTheSiteOpensTheSandbox(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	secret := filepath.Join(other, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, filepath.Join(dir, "door")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SITE_NAME", "here")
	for _, tt := range []struct{ name, sandbox, body, want string }{
		{"execute", "execute = yes", `channel.OUT = os.execute("exit 3") .. io.popen("printf 'a\nb\n'"):read("*a")`, "768a\nb\n"},
		{"files", "files = " + dir, fmt.Sprintf(`local f = assert(io.open(%q, "w")); f:write("one\ntwo\n"); f:close()
			local n = 0; for l in io.lines(%q) do n = n + 1 end; channel.OUT = n .. io.open("x.txt"):read("*l"); assert(os.remove("x.txt"))`, dir+"/x.txt", dir+"/x.txt"), "2one"},
		{"a file elsewhere", "files = " + dir, fmt.Sprintf(`channel.OUT = select(2, io.open(%q))`, secret), secret + ": not in a directory of [sandbox] files in asterism.conf"},
		{"through a link", "files = " + dir, `channel.OUT = tostring(io.open("link")) .. tostring(io.open("door/secret")) .. tostring(io.open("../" .. "x")) .. tostring(io.open("door/new", "w"))`, "nilnilnilnil"},
		{"status of files", "files = " + dir, fmt.Sprintf(`local p = require("pbx"); local f = io.open("y.txt", "w"); f:write("four"); f:close()
			local s = p.file_status("y.txt"); channel.OUT = s.kind .. s.size .. (s.modified > 1e9 and "m" or "") .. tostring((p.file_status(%q))) .. tostring((p.file_status("door"))) .. tostring((p.file_status("link")))`, secret), "file4mnilnilnil"},
		{"status without files", "execute = yes", `channel.OUT = select(2, require("pbx").file_status("/etc/passwd"))`, "no files are open to scripts; asterism.conf names directories with files = in [sandbox]"},
		{"no popen with files", "files = " + dir, `channel.OUT = tostring(io.popen) .. tostring(io.stdin) .. tostring(os.execute)`, "nilnilnil"},
		{"debug", "debug = yes", `channel.OUT = tostring(debug.traceback ~= nil) .. tostring(debug.setupvalue)`, "truenil"},
		{"getenv", "getenv = SITE_NAME", `channel.OUT = os.getenv("SITE_NAME") .. tostring(os.getenv("PATH"))`, "herenil"},
		{"log lines", "log_lines = 3", `for i = 1, 10 do require("pbx").log("notice", "line" .. i) end`, "(unset)"},
		{"store keys", "store_keys = 2", `local s = require("pbx").store; s:put("q/1", "a"); s:put("q/2", "a"); s:put("q/2", "b"); channel.OUT = tostring(select(2, pcall(s.put, s, "q/3", "a")))`, "extensions.lua:2: store: family q has 2 keys already; store_keys in [sandbox] of asterism.conf allows 2"},
		{"store bytes", "store_bytes = 100", `local s = require("pbx").store; channel.OUT = tostring(pcall(s.put, s, "r/1", ("x"):rep(200)))`, "false"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil)
			if got := b.with(tt.sandbox, tt.body); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if log := b.log.String(); tt.name == "log lines" && (strings.Contains(log, "line4") || !strings.Contains(log, "line3") || !strings.Contains(log, "log_lines")) {
				t.Error(log)
			}
		})
	}
	for line, want := range map[string]string{"execute = perhaps": "write yes or no", "files = relative": "absolute directories", "files = /": "absolute", "http = http://x/": "write hosts",
		"exekute = yes": `did you mean "execute"?`, "store_keys = 0": "at least 1"} {
		etc := fstest.MapFS{capabilityFile: {Data: []byte("[sandbox]\n" + line)}, dialplanFile: {Data: []byte("extensions = {}")}}
		snap, _ := config.Load(etc, config.LoadOptions{})
		_, problems := newBench(t, nil).host.Load(etc, snap)
		if got := texts(problems); !strings.Contains(got, "error asterism.conf:2: [sandbox]") || !strings.Contains(got, want) {
			t.Errorf("%s: %s", line, got)
		}
	}
}

func TestHTTP(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/echo":
			body := make([]byte, 100)
			n, _ := r.Body.Read(body)
			w.Header().Set("X-Kind", r.Header.Get("Content-Type"))
			fmt.Fprintf(w, "%s %s %s", r.Method, body[:n], r.Header.Get("X-Key"))
		case "/away":
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
		case "/large":
			_, _ = w.Write(make([]byte, httpAnswer+10))
		case "/slow":
			<-r.Context().Done()
		}
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	for _, tt := range []struct{ body, want string }{
		{`local r = pbx.http.get(url .. "/echo", { headers = { ["X-Key"] = "k" } }); channel.OUT = r.status .. " " .. r.body`, "200 GET  k"},
		{`local r = pbx.http.post(url .. "/echo", { a = 1 }); channel.OUT = r.body .. r.headers["x-kind"]`, `POST {"a":1} application/json`},
		{`local r = pbx.http.post(url .. "/echo", "a=b"); channel.OUT = r.body .. r.headers["x-kind"]`, `POST a=b application/x-www-form-urlencoded`},
		{`channel.OUT = select(2, pbx.http.get(url .. "/away"))`, "host 192.0.2.1:80 is not allowed"},
		{`channel.OUT = select(2, pbx.http.get(url .. "/large"))`, "more than"},
		{`channel.OUT = select(2, pbx.http.get(url .. "/slow", { timeout_ms = 50 }))`, "deadline"},
		{`pbx.http.get("http://example.com/")`, "host example.com:80 is not allowed; add it to http = in [sandbox] of asterism.conf"},
		{`pbx.http.get("gopher://" .. url)`, "is no http or https URL"},
	} {
		b := newBench(t, nil)
		if got := b.with("http = "+host, fmt.Sprintf("local pbx, url = require 'pbx', %q\n%s", server.URL, tt.body)); !strings.Contains(got, tt.want) {
			t.Errorf("%s\n got %q, want %q", tt.body, got, tt.want)
		}
	}
	c := capabilities{http: []string{"a.example", "b.example:8080", "*.c.example"}}
	for host, want := range map[string]bool{"a.example:443": true, "A.example.:80": true, "x.a.example:80": false, "b.example:8080": true, "b.example:80": false, "x.c.example:1": true,
		"c.example:1": false, "xc.example:1": false} {
		name, port, _ := strings.Cut(host, ":")
		if c.mayAsk(name, port) != want {
			t.Errorf("%s: want %t", host, want)
		}
	}
}

func TestQuoting(t *testing.T) {
	b := newBench(t, nil)
	for _, tt := range []struct{ body, want string }{
		{`pbx.quote_shell("1; rm -rf $HOME ` + "`id`" + ` 'x'")`, `'1; rm -rf $HOME ` + "`id`" + ` '\''x'\'''`},
		{`pbx.quote_sql("x' OR '1'='1")`, `'x'' OR ''1''=''1'`},
		{`pbx.file_name("../../etc/passwd")`, `_/`},
		{`pbx.file_name("a b/ü")`, "a_b__"},
		{`pbx.file_name("")`, "_"},
		{`tostring(pcall(pbx.quote_sql, "a\\' OR 1=1 --"))`, "false"},
		{`tostring(pcall(pbx.quote_shell, "a\0b"))`, "false"},
	} {
		ch, err := b.script(`local pbx = require "pbx"; channel.OUT = ` + tt.body)
		got := get(t, ch, "OUT")
		if tt.want == "_/" {
			if strings.ContainsAny(got, "/") || strings.HasPrefix(got, ".") || !strings.HasSuffix(got, "passwd") {
				t.Errorf("%s: %q", tt.body, got)
			}
		} else if err != nil || got != tt.want {
			t.Errorf("%s: %q, want %q (%v)", tt.body, got, tt.want, err)
		}
	}
}

// One instruction doubles a string: only the heap shows it.
func TestMemoryIsBounded(t *testing.T) {
	for name, body := range map[string]string{
		"doubling": `local s = ("x"):rep(1000); while true do s = s .. s end`,
		"a table":  `local t = {}; while true do t[#t + 1] = ("x"):rep(1000000) .. #t end`,
		"caught":   `pcall(function() local s = ("x"):rep(1000); while true do s = s .. s end end); while true do end`,
	} {
		runtime.GC() // what the case before left behind makes room for more
		b := newBench(t, nil)
		began := time.Now()
		_, err := b.script(body)
		if err == nil || !strings.Contains(err.Error(), "took too much memory") {
			t.Errorf("%s: %v after %s", name, err, time.Since(began))
		}
	}
	b := newBench(t, nil) // garbage is no growth
	if _, err := b.script(`local n = 0; for i = 1, 300 do n = n + #("x"):rep(1000000 + i) end; channel.OUT = n`); err != nil {
		t.Error(err)
	}
}
