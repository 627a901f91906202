package scripting

import "testing"

// TestConfLanguage: what a line of extensions.conf means, from its text to what the call is left with; OUT is what is compared.
func TestConfLanguage(t *testing.T) {
	const s = "exten => s,1,"
	tests := []struct{ name, conf, want string }{
		// substrings
		{"from one to the last but one", s + "Set(A=0123456789)\nsame => n,Set(OUT=${A:1:-1})", "12345678"},
		{"the last three", s + "Set(A=0123456789)\nsame => n,Set(OUT=${A:-3})", "789"},
		{"two of the last three", s + "Set(A=0123456789)\nsame => n,Set(OUT=${A:-3:2})", "78"},
		{"behind the end", s + "Set(A=0123456789)\nsame => n,Set(OUT=[${A:20}])", "[]"},
		{"before the beginning", s + "Set(A=0123456789)\nsame => n,Set(OUT=${A:-20:2})", "01"},
		{"of a function", s + "Set(OUT=${CALLERID(num):1})", "00"},
		{"of the extension", "exten => s,1,Goto(91234,1)\nexten => _9.,1,Set(OUT=${EXTEN:1})", "1234"},
		// nesting
		{"a name in a variable", s + "Set(A=B)\nsame => n,Set(B=x)\nsame => n,Set(OUT=${${A}})", "x"},
		{"part of a name", s + "Set(I=1)\nsame => n,Set(A1=x)\nsame => n,Set(OUT=${A${I}})", "x"},
		{"functions in functions", s + "Set(A=a-b-c)\nsame => n,Set(OUT=${LEN(${CUT(A,-,2-)})})", "3"},
		{"expressions in expressions", s + "Set(OUT=$[$[1 + 2] * ${LEN(four)}])", "12"},
		{"unset is nothing", s + "Set(OUT=[${NONE}${NONE:1}])", "[]"},
		// expressions
		{"division", s + "Set(OUT=$[7/2])", "3.5"},
		{"numbers are compared as such", s + "Set(OUT=$[10 > 9])", "1"},
		{"in quotes as text", s + `Set(OUT=$["10" > "9"])`, "0"},
		{"a group of a regular expression", s + `Set(OUT=$["abc" : "a(.)c"])`, "b"},
		{"the length of what matched", s + `Set(OUT=$["xabc" =~ "abc"])`, "3"},
		{"put together", s + `Set(OUT=$["a" ~~ "b"])`, "ab"},
		{"a word", s + "Set(OUT=$[foo])", "foo"},
		{"a choice", s + "Set(OUT=$[1 ? yes :: no])", "yes"},
		{"five is 5.0", s + "Set(OUT=$[5 = 5.0])", "1"},
		{"and binds closer than or", s + "Set(OUT=$[1 | 0 & 0])", "1"},
		{"a syntax error is 0", s + "Set(OUT=$[1 +])", "0"},
		// priorities and labels
		{"a label", s + "Goto(there)\nsame => n,Set(OUT=no)\nsame => n(there),Set(OUT=yes)", "yes"},
		{"a label of another extension", s + "Goto(x,there)\nexten => x,1,Set(OUT=no)\nsame => n(there),Set(OUT=${OUT}yes)", "yes"},
		{"a label of another context", s + "Goto(more,x,there)\n[more]\nexten => x,1,Set(OUT=no)\nsame => n(there),Set(OUT=${OUT}yes)", "yes"},
		{"an unknown label hangs up at once", s + "Goto(nowhere)\nsame => n,Set(OUT=no)\nexten => i,1,Set(OUT=i)\nexten => h,1,Set(OUT=${OUT}h)", "h"},
		{"forward by two", s + "Goto(+2)\nsame => n,Set(OUT=no)\nsame => n,Set(OUT=${OUT}yes)", "yes"},
		{"back by one", s + "Goto(3)\nsame => n,Goto(5)\nsame => n,Set(OUT=${OUT}a)\nsame => n,Goto(-2)\nsame => n,Set(OUT=${OUT}b)", "ab"},
		{"GotoIf, neither branch", s + "GotoIf(0?3)\nsame => n,Set(OUT=on)", "on"},
		{"GotoIf, else", s + "GotoIf(0?bad:good)\nsame => n(bad),Set(OUT=no)\nsame => n,Hangup()\nsame => n(good),Set(OUT=yes)", "yes"},
		{"text is true, 0 is not", s + "Set(OUT=${IF(x?1:0)}${IF(0?1:0)}${IF(00?1:0)}${IF(?1:0)})", "1000"},
		{"s repeats the priority", s + "Set(OUT=a)\nexten => x,s,NoOp()", "a"},
		// loops and branches
		{"While", s + "Set(I=0)\nsame => n,While($[${I} < 3])\nsame => n,Set(I=$[${I} + 1])\nsame => n,Set(OUT=${OUT}${I})\nsame => n,EndWhile()\nsame => n,Set(OUT=${OUT}.)", "123."},
		{"ExitWhile, ContinueWhile", s + "Set(I=0)\nsame => n,While(1)\nsame => n,Set(I=$[${I} + 1])\nsame => n,ExecIf($[${I} = 2]?ContinueWhile())\nsame => n,ExecIf($[${I} = 4]?ExitWhile())\nsame => n,Set(OUT=${OUT}${I})\nsame => n,EndWhile()\nsame => n,Set(OUT=${OUT}.)", "13."},
		{"If, ElseIf, Else", s + "If(0)\nsame => n,Set(OUT=a)\nsame => n,ElseIf(1)\nsame => n,Set(OUT=b)\nsame => n,Else()\nsame => n,Set(OUT=c)\nsame => n,EndIf()\nsame => n,Set(OUT=${OUT}.)", "b."},
		{"ExecIf, else", s + "ExecIf(0?Set(OUT=a):Set(OUT=b))", "b"},
		// subroutines
		{"arguments and their number", s + "Gosub(sub,s,1(a,b c))\nsame => n,Set(OUT=${OUT} ${GOSUB_RETVAL}[${ARG1}])\n[sub]\nexten => s,1,Set(OUT=${ARGC}${ARG1}${ARG2})\nsame => n,Return(${EXTEN}${CONTEXT})", "2ab c ssub[]"},
		{"a local variable", s + "Set(A=outer)\nsame => n,Gosub(sub,s,1)\nsame => n,Set(OUT=${OUT}${A})\n[sub]\nexten => s,1,Set(LOCAL(A)=inner)\nsame => n,Set(OUT=${A})\nsame => n,Return()", "innerouter"},
		{"GosubIf", s + "GosubIf(0?a,1:b,1(x))\nsame => n,Set(OUT=${OUT}.)\nexten => a,1,Return()\nexten => b,1,Set(OUT=${ARG1})\nsame => n,Return()", "x."},
		{"StackPop", s + "Gosub(sub,1)\nsame => n,Set(OUT=no)\nexten => sub,1,StackPop()\nsame => n,Set(OUT=popped)", "popped"},
		// the file
		{"a block comment", s + "Set(OUT=a)\n;-- same => n,Set(OUT=no)\nsame => n,Set(OUT=no) --;\nsame => n,Set(OUT=${OUT}b)", "ab"},
		{"a comment, and a semicolon that is none", s + `Set(OUT=a\;b) ; comment`, "a;b"},
		{"a missing parenthesis", s + "Set(OUT=a", "a"},
		{"old arrows", "exten = s,1,Set(OUT=a)\nsame=n,Set(OUT=${OUT}b)", "ab"},
		{"a context that goes on", s + "Set(OUT=a)\n[other]\nexten => x,1,NoOp()\n[default](+)\nexten => s,2,Set(OUT=${OUT}b)", "ab"},
		{"a template of a context", "include => from\n[t](!)\nexten => s,1,Set(OUT=${CONTEXT})\n[from](t)", "default"},
		{"a built-in cannot be set", s + "Set(EXTEN=x)\nsame => n,Set(OUT=${EXTEN})", "s"},
		{"several at once", s + "MSet(A=1,B=2)\nsame => n,Set(OUT=${A}${B})", "12"},
		{"the first = divides", s + "Set(OUT=a=b)", "a=b"},
		{"commas and quotes stay in Set", s + `Set(OUT="a,b")`, `"a,b"`},
		{"a dash in a number is not there", "exten => s,1,Goto(5551234,1)\nexten => 555-1234,1,Set(OUT=hit)", "hit"},
		{"letters in patterns are any case", "exten => s,1,Goto(21,1)\nexten => _nX,1,Set(OUT=hit)", "hit"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, nil)
			ch := b.channel("default", "s")
			if err := b.both("[default]\n"+tt.conf+"\n", "").Run(ch); err != nil {
				t.Error(err)
			}
			if got := get(t, ch, "OUT"); got != tt.want {
				t.Errorf("got %q, want %q\n%s", got, tt.want, b.log)
			}
		})
	}
}

// Deviates: Asterisk cuts what Lua reads at 4096 bytes, too; here only ${…} does, as text that is expanded has its bound.
func TestLongValues(t *testing.T) {
	b := newBench(t, nil)
	ch := b.channel("default", "s")
	g := b.both("[default]\nexten => 2,1,Set(CONF=${LEN(${LONG})})\n", `extensions = { default = { s = function()
		channel.LONG = ("x"):rep(5000)
		channel.LUA = #channel.LONG:get() .. " " .. #channel.TOLOWER(channel.LONG:get()):get()
		app["goto"]("2", 1)
	end } }`)
	if err := g.Run(ch); err != nil || get(t, ch, "LUA") != "5000 5000" || get(t, ch, "CONF") != "4096" {
		t.Errorf("%v: %s in Lua, %s in extensions.conf", err, get(t, ch, "LUA"), get(t, ch, "CONF"))
	}
}
