package scripting

import "testing"

// TestMultipleAssignment: all expressions are evaluated before anything is assigned (Lua 5.1 §2.4.3).
func TestMultipleAssignment(t *testing.T) {
	tests := []struct{ body, want string }{
		{`local a, b = 1, 2; a, b = b, a; channel.R = a .. b`, "21"},
		{`local a, b, c = 1, 2, 3; a, b, c = c, a, b; channel.R = a .. b .. c`, "312"},
		{`local i, t = 1, {}; i, t[i] = i + 1, 20; channel.R = i .. t[1] .. tostring(t[2])`, "220nil"},
		{`local t = { x = 1 }; local u = t; t, t.x = nil, 5; channel.R = tostring(t) .. u.x`, "nil5"},
		{`local a, b = 1, 2; local function f() return a, b end; a, b = b, f(); channel.R = a .. b`, "21"},
		{`local a, b = 1, 2; a, b = b; channel.R = a .. tostring(b)`, "2nil"},
		{`local a, b = 1, 2; a, b = b, a, a; channel.R = a .. b`, "21"},
		{`local t = { 1, 2 }; t[1], t[2] = t[2], t[1]; channel.R = t[1] .. t[2]`, "21"},
		{`local n, m = 0, 1; for _ = 1, 10 do n, m = m, n + m end; channel.R = n .. ""`, "55"},
		{`local a, b = 1, 2; if a then while a < b do a, b = b, a end end; channel.R = a .. b`, "21"},
		{`x, y = 1, 2; x, y = y, x; channel.R = x .. y`, "21"},
		{`local function no() return false end; local a = "old"; a = no() and "new"; channel.R = tostring(a)`, "false"},
		{`local function none() end; local a = "old"; a = none() and "new"; channel.R = tostring(a)`, "nil"},
		{`local function no() return false end; local a, b = "old", 1; a, b = no() and "new", 2; channel.R = tostring(a) .. b`, "false2"},
		{`local function no() return false end; local a = "old"; a = a and no() and "new"; channel.R = tostring(a)`, "false"},
		{`local function no() return false end; local a = "old"; a = no() or no() and "new"; channel.R = tostring(a)`, "false"},
		{`local function no() return false end; local t = {}; t.no = no; local a = "old"; a = t:no() and a .. "!"; channel.R = tostring(a)`, "false"},
		{`local function yes() return "yes" end; local a = "old"; a = yes() and a .. "!" or "c"; channel.R = a`, "old!"},
	}
	for _, tt := range tests {
		b := newBench(t, nil)
		ch, err := b.script(tt.body)
		if err != nil {
			t.Error(err)
		}
		if got := get(t, ch, "R"); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.body, got, tt.want)
		}
	}
}
