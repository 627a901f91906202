package scripting

import (
	"fmt"
	"strings"
	"testing"
)

// Each body runs as an extension; what it leaves in OUT is compared.
func TestDataFunctions(t *testing.T) {
	for _, tt := range []struct{ body, want string }{
		// json
		{`OUT(json.encode({ b = { 1, 2.5, "x" }, a = true, c = json.null, d = json.list{} }))`, `{"a":true,"b":[1,2.5,"x"],"c":null,"d":[]}`},
		{`OUT(json.encode("ü\n\"<"))`, `"ü\n\"<"`},
		{`OUT(json.encode(json.decode('{"a":[],"b":{},"c":null,"d":[1,[2]]}')))`, `{"a":[],"b":{},"c":null,"d":[1,[2]]}`},
		{`local v = json.decode('{"n":1e3,"s":"\\u00fc","l":[true,false]}'); OUT(v.n, v.s, #v.l, v.l[2])`, "1000 ü 2 false"},
		{`OUT(json.decode('[1,2'))`, "nil json: the text ends too early (at byte 4)"},
		{`OUT(json.decode('{"a":1,"a":2}'))`, `nil json: the name "a" is there twice (at byte 10)`},
		{`OUT(json.decode('1 2'))`, "nil json: something follows the value (at byte 3)"},
		{`OUT((json.decode(("["):rep(100) .. ("]"):rep(100))))`, "nil"},
		{`OUT(json.encode(0/0))`, "nil json: a number that is not finite"},
		{`OUT(json.encode({ 1, x = 2 }))`, "nil json: a table with names and numbers for keys is neither a list nor an object"},
		{`local t = {}; t.t = t; OUT(json.encode(t))`, "nil json: tables more than 32 deep (a circle?)"},
		{`OUT(json.encode(print))`, "nil json: a function is no plain data; give text, numbers, booleans or tables of these"},
		{`OUT(json.encode("\255"))`, "nil json: text that is not UTF-8"},
		// shared
		{`OUT(shared:get("a"), shared:put("a", { x = 1 }), shared:get("a").x)`, "nil 1 1"},
		{`shared:put("a", 1); local _, r = shared:get("a"); OUT(shared:put("a", 2, { revision = r }) ~= nil, shared:put("a", 3, { revision = r }))`, "true nil conflict"},
		{`OUT(shared:put("a", 1, { absent = true }) ~= nil, shared:put("a", 2, { absent = true }))`, "true nil conflict"},
		{`OUT(shared:swap("a", nil, "x"), shared:swap("a", "y", "z"), shared:swap("a", "x", nil), shared:get("a"))`, "true false true nil"},
		{`OUT(shared:add("n"), shared:add("n", 5), shared:add("n", -2))`, "1 6 4"},
		{`shared:put("a", "x"); OUT(pcall(shared.add, shared, "a"))`, `false extensions.lua:2: pbx.shared:add: the value of "a" is no number`},
		{`shared:put("p/1", 1); shared:put("p/2", 2); shared:put("q/1", 3); local l = shared:list("p/"); OUT(l["p/1"], l["p/2"], l["q/1"], shared:delete("p/1"), shared:delete("p/1"))`, "1 2 nil true false"},
		{`local t = { 1 }; shared:put("a", t); t[1] = 2; shared:get("a")[1] = 3; OUT(shared:get("a")[1])`, "1"},
		{`for i = 1, 40 do shared:put("big" .. i, ("x"):rep(500000)) end`, "extensions.lua:2: pbx.shared: more than 16 MiB; delete what is not needed, or give it a ttl_ms"},
		// store
		{`local r = store:put("f/a", "1"); OUT(store:put("f/a", "2", { revision = r }) ~= r, store:put("f/a", "3", { revision = r }))`, "true nil conflict"},
		{`OUT(store:put("f/b", "1", { absent = true }) ~= nil, store:put("f/b", "2", { absent = true })); `, "true nil conflict"},
		{`local r = store:put("f/c", "v"); local v, r2 = store:get("f/c"); OUT(v, r == r2, store:get("f/none"))`, "v true nil"},
	} {
		ch, err := newBench(t, nil).script(`local pbx = require "pbx"; local json, shared, store = pbx.json, pbx.shared, pbx.store; local function OUT(...) local w = {}; for i = 1, select("#", ...) do w[i] = tostring((select(i, ...))) end; channel.OUT = table.concat(w, " ") end ` + tt.body)
		got := get(t, ch, "OUT")
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.body, got, tt.want)
		}
	}
}

// What decodes encodes to text that decodes to the same.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,null,true],"b":{}}`, `"\ud800"`, `[[],{}]`, `-0`, `1e308`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := decodeJSON(text)
		if err != nil {
			return
		}
		var b strings.Builder
		if err := writeJSON(&b, v); err != nil {
			t.Fatal(err)
		}
		again, err := decodeJSON(b.String())
		if len(b.String()) <= maxPlainSize && (err != nil || !equalPlain(v, again)) {
			t.Errorf("%q became %q: %v", text, b.String(), err)
		}
	})
}

func BenchmarkJSON(b *testing.B) {
	text := fmt.Sprintf(`{"list":[%s1]}`, strings.Repeat(`{"name":"a","n":1.5},`, 20))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeJSON(text); err != nil {
			b.Fatal(err)
		}
	}
}
