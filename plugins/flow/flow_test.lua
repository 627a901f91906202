test("Set splits at the first =", function(t)
  t:equal(t:call("Set", "X=a=b"):get("X"), "a=b")
  t:equal(t:call("Set", "X="):get("X"), "")
end)

test("Set keeps commas", function(t)
  t:equal(t:call("Set", "X=a", "b"):get("X"), "a,b")
end)

test("Set keeps ${} as it is", function(t)
  t:equal(t:call("Set", "X=${EXTEN}"):get("X"), "${EXTEN}")
end)

test("Set takes a function on the left", function(t)
  t:equal(t:call("Set", "CHANNEL(accountcode)=sales"):get("ACCOUNTCODE"), "sales")
end)

test("Set without = says so", function(t)
  t:contains(t:call("Set", "X"):log(), "Set: want NAME=value")
end)

test("Set with _ hands a variable on to the dialled channel once", function(t)
  t:phone("PJSIP/1", { cause = 17 })
  local c = t:call("Set", "_X=1")
  t:equal(c:get("X"), "1")
end)

test("MSet sets several", function(t)
  local c = t:call("MSet", 'A=1', 'B="two"', "C=")
  t:equal(c:get("A"), "1")
  t:equal(c:get("B"), "two")
  t:equal(c:get("C"), "")
end)

local places = [[
extensions = {
  start = { s = function(c, e) app[channel.WHAT:get()](channel.TO:get()); channel.AFTER = "yes" end },
  there = { ["100"] = function(c, e) channel.SEEN = c .. "/" .. e end, i = function() channel.SEEN = "i:" .. channel.INVALID_EXTEN:get() end },
}
]]

local function going(t, application, to)
  t:dialplan(places)
  local c = t:channel {}
  c:set("WHAT", application)
  c:set("TO", to)
  c:enter("start", "s")
  return c
end

test("Goto ends the function and runs the other place", function(t)
  local c = going(t, "Goto", "there,100,1")
  t:equal(c:get("SEEN"), "there/100")
  t:equal(c:get("AFTER"), nil)
end)

test("Goto to an extension that is not there goes to i", function(t)
  t:equal(going(t, "Goto", "there,999,1"):get("SEEN"), "i:999")
end)

test("Goto to a label hangs up", function(t)
  local c = going(t, "Goto", "there,100,label")
  t:equal(c:get("SEEN"), nil)
  t:equal(c:get("AFTER"), nil)
  t:contains(c:log(), 'priority "label" is neither a number nor a label of there,100')
end)

test("Goto with +n passes the one priority there is and falls through", function(t)
  local c = going(t, "Goto", "+1")
  t:equal(c:get("AFTER"), nil)
  t:contains(c:log(), "Auto fallthrough")
end)

test("GotoIf goes where the condition says", function(t)
  t:equal(going(t, "GotoIf", "1?there,100,1:there,999,1"):get("SEEN"), "there/100")
  t:equal(going(t, "GotoIf", "0?there,100,1:there,999,1"):get("SEEN"), "i:999")
end)

test("GotoIf without the place goes on", function(t)
  t:equal(going(t, "GotoIf", "0?there,100,1"):get("AFTER"), "yes")
  t:equal(going(t, "GotoIf", "?there,100,1"):get("AFTER"), "yes")
end)

--- What extension s of context default in extensions.conf leaves in OUT. Every line is one priority.
local function out(t, lines, more)
  local text = "[default]\nexten => s,1,NoOp()\n"
  for line in lines:gmatch("[^\n]+") do
    line = line:match("^%s*(.-)%s*$")
    if line ~= "" then
      local label, call = line:match("^%((%w+)%)%s*(.*)$")
      text = text .. "same => n" .. (label and "(" .. label .. ")" or "") .. "," .. (call or line) .. "\n"
    end
  end
  t:conf(text .. (more or ""))
  local c = t:channel {}
  c:enter("default", "s")
  return c:get("OUT"), c
end

test("Goto by label, and from where it stands", function(t)
  t:equal(out(t, [[
    Goto(there)
    Set(OUT=${OUT}no)
    (there) Set(OUT=${OUT}a)
    Goto(+2)
    Set(OUT=${OUT}no)
    Set(OUT=${OUT}b)
  ]]), "ab")
end)

test("Goto to a label that is not there hangs up, and h runs", function(t)
  local got, c = out(t, "Goto(nowhere)\nSet(OUT=no)", "exten => h,1,Set(OUT=h)\n")
  t:equal(got, "h")
  t:contains(c:log(), 'Goto: priority "nowhere" is neither a number nor a label of default,s')
end)

test("GotoIf with expressions", function(t)
  t:equal(out(t, [[
    Set(N=${IF($[1 + 1 = 2]?5:6)})
    GotoIf($[${N} > 4 & "${CHANNEL(language)}" = "en"]?yes:no)
    (no) Set(OUT=no)
    (yes) Set(OUT=${OUT}yes)
  ]]), "yes")
end)

test("Gosub comes back behind itself, with arguments and a value", function(t)
  t:equal(out(t, [[
    Gosub(add,s,1(3,"a,b",${LEN(abcd)}))
    Set(OUT=${GOSUB_RETVAL}!${ARG1}!${ARGC})
  ]], "[add]\nexten => s,1,Return(${ARG1}+${ARG2}+${ARG3}/${ARGC})\n"), '3+"a,b"+4/3!!')
end)

test("inner arguments hide the outer ones and give them back", function(t)
  t:equal(out(t, [[
    Gosub(one,1(x,y))
    Set(OUT=${OUT}|${ARG1})
  ]], [[
exten => one,1,Gosub(two,1(z))
same => n,Set(OUT=${OUT} one:${ARG1}${ARG2}${ARGC})
same => n,Return()
exten => two,1,Set(OUT=two:${ARG1}${ARG2}${ARGC})
same => n,Return()
]]), "two:z1 one:xy2|")
end)

test("LOCAL, LOCAL_PEEK and STACK_PEEK", function(t)
  t:equal(out(t, [[
    Set(V=outside)
    Gosub(one,1)
    Set(OUT=${OUT} ${V})
  ]], [[
exten => one,1,Set(LOCAL(V)=one)
same => n,Gosub(two,1)
same => n,Set(OUT=${OUT} ${LOCAL(V)})
same => n,Return()
exten => two,1,Set(LOCAL(V)=two)
same => n,Set(OUT=${V} ${LOCAL(V)} ${LOCAL_PEEK(0,V)} ${LOCAL_PEEK(1,V)} ${STACK_PEEK(1,l)} ${STACK_PEEK(2,e)})
same => n,Return()
]]), "two two two one default,one,3 s one outside")
end)

test("LOCAL outside of a subroutine says so", function(t)
  local _, c = out(t, "Set(LOCAL(V)=1)\nSet(OUT=${V})")
  t:equal(c:get("OUT"), "")
  t:contains(c:log(), "LOCAL(V): not in a subroutine")
end)

test("GosubIf", function(t)
  local subs = "exten => one,1,Set(OUT=${OUT}1${ARG1})\nsame => n,Return()\nexten => two,1,Set(OUT=${OUT}2${ARG1})\nsame => n,Return()\n"
  t:equal(out(t, "GosubIf($[1 > 0]?one,1(a:b):two,1(c))\nGosubIf(0?one,1(a):two,1(c))\nGosubIf(0?one,1)", subs), "1a:b2c")
end)

test("StackPop makes Goto out of a subroutine clean", function(t)
  local got, c = out(t, "Gosub(one,1)\nSet(OUT=no)", [[
exten => one,1,StackPop()
same => n,Goto(two,1)
exten => two,1,Set(OUT=two)
same => n,Return()
]])
  t:equal(got, "two")
  t:contains(c:log(), "Return without Gosub")
end)

test("Gosub to where nothing is ends the call with a line in the log", function(t)
  local got, c = out(t, "Gosub(nowhere,s,1)\nSet(OUT=no)")
  t:equal(got, nil)
  t:contains(c:log(), "attempt to reach a non-existent destination for gosub: (Context:nowhere, Extension:s, Priority:1)")
end)

test("While runs while its condition holds", function(t)
  t:equal(out(t, [[
    Set(I=0)
    While($[${I} < 3])
    Set(OUT=${OUT}${I})
    Set(I=$[${I} + 1])
    EndWhile()
    Set(OUT=${OUT}.)
  ]]), "012.")
end)

test("loops within loops, ExitWhile and ContinueWhile", function(t)
  t:equal(out(t, [[
    Set(I=0)
    While($[${I} < 4])
    Set(I=$[${I} + 1])
    ExecIf($[${I} = 2]?ContinueWhile())
    Set(J=0)
    While(1)
    Set(J=$[${J} + 1])
    ExecIf($[${J} > 2]?ExitWhile())
    Set(OUT=${OUT}${I}${J} )
    EndWhile()
    EndWhile()
  ]]), "11 12 31 32 41 42 ")
end)

test("While that is false at once runs nothing", function(t)
  t:equal(out(t, "While(0)\nSet(OUT=no)\nEndWhile()\nSet(OUT=${OUT}end)"), "end")
end)

test("If, ElseIf, Else", function(t)
  local lines = [[
    If($["%s" = "a"])
    Set(OUT=${OUT}A)
    ElseIf($["%s" = "b"])
    If(1)
    Set(OUT=${OUT}B)
    Else()
    Set(OUT=${OUT}no)
    EndIf()
    ElseIf($["%s" = "b"])
    Set(OUT=${OUT}no)
    Else()
    Set(OUT=${OUT}C)
    EndIf()
    Set(OUT=${OUT}.)
  ]]
  for x, want in pairs { a = "A.", b = "B.", c = "C." } do
    t:equal(out(t, (lines:gsub("%%s", x))), want)
  end
end)

test("ExitIf leaves a branch", function(t)
  t:equal(out(t, "If(1)\nSet(OUT=a)\nExitIf()\nSet(OUT=no)\nElse()\nSet(OUT=no)\nEndIf()\nSet(OUT=${OUT}.)"), "a.")
end)

test("While in Lua says that it has no place there", function(t)
  t:contains(t:call("While", "0"):log(), "no matching EndWhile")
end)

test("ExecIf", function(t)
  t:equal(out(t, "ExecIf(1?Set(OUT=a:b):Set(OUT=no))\nExecIf(0?Set(OUT=no):Set(OUT=${OUT}c))\nExecIf(0?Set(OUT=no))"), "a:bc")
end)

test("ExecIf with Goto and Hangup", function(t)
  t:equal(out(t, "ExecIf(1?Goto(there))\nSet(OUT=no)\n(there) Set(OUT=there)\nExecIf(1?Hangup())\nSet(OUT=no)"), "there")
end)

test("ExecIf of an application that is not there", function(t)
  local _, c = out(t, "ExecIf(1?Bogus(1))\nSet(OUT=no)")
  t:equal(c:get("OUT"), nil)
  t:contains(c:log(), 'ExecIf: no application "Bogus"')
end)

test("Exec replaces variables once more", function(t)
  local got = out(t, "Set(APP=Set)\nSet(V=1)\nExec(${APP}(OUT=x${V}))")
  t:equal(got, "x1")
  t:equal(t:call("Exec", "Set(OUT=${CALLERID(num)})"):get("OUT"), "100")
end)

test("TryExec goes on", function(t)
  t:equal(out(t, "TryExec(Bogus())\nSet(OUT=${TRYSTATUS})\nTryExec(NoOp())\nSet(OUT=${OUT} ${TRYSTATUS})"), "NOAPP SUCCESS")
end)

test("GotoIfTime, ExecIfTime and IFTIME", function(t)
  t:equal(out(t, [[
    GotoIfTime(*,*,*,*?a:b)
    (b) Set(OUT=no)
    (a) ExecIfTime(0:00-23:59,sun-sat,*,*?Set(OUT=1):Set(OUT=no))
    Set(OUT=${OUT}${IFTIME(*,*,31,feb?no:2)})
    GotoIfTime(*,*,31,feb?b)
    Set(OUT=${OUT}.)
  ]]), "12.")
end)

test("GotoIfTime with times that cannot be read goes on", function(t)
  local got, c = out(t, "GotoIfTime(9-17?x)\nSet(OUT=on)")
  t:equal(got, "on")
  t:contains(c:log(), 'time "9-17" cannot be read; write 9:00-17:00')
end)

test("Gosub from Lua comes back to Lua", function(t)
  t:conf("[sub]\nexten => s,1,Set(SEEN=${SEEN}${ARG1}${CONTEXT})\nsame => n,Return($[${ARG1} * 2])\n")
  t:dialplan [[
    extensions = { default = { s = function(c, e)
      app.gosub("sub,s,1(7)")
      channel.OUT = channel.GOSUB_RETVAL:get() .. channel.CONTEXT:get() .. channel.EXTEN:get() .. channel.PRIORITY:get() .. channel.SEEN:get()
      app.Gosub("double", "s", "1(x)")
      channel.OUT = channel.OUT:get() .. channel.GOSUB_RETVAL:get()
    end }, double = { s = function() app.Return(channel.ARG1:get() .. channel.ARG1:get()) end } }
  ]]
  local c = t:channel {}
  c:enter("default", "s")
  t:equal(c:get("OUT"), "14defaults17subxx")
end)

test("Gosub from extensions.conf to Lua and back", function(t)
  t:dialplan 'extensions = { lua = { s = function() app.Return("<" .. channel.ARG1:get() .. ">") end } }'
  t:equal(out(t, "Gosub(lua,s,1(hi))\nSet(OUT=${GOSUB_RETVAL})"), "<hi>")
end)

test("a subroutine of Lua that goes elsewhere does not come back", function(t)
  t:dialplan [[
    extensions = { default = {
      s = function() app.Gosub("sub", "s", "1"); channel.OUT = "came back" end,
      away = function() channel.OUT = (channel.OUT:get() or "") .. "away" end },
    sub = { s = function() app.StackPop(); app.goto("default", "away", 1) end } }
  ]]
  local c = t:channel {}
  c:enter("default", "s")
  t:equal(c:get("OUT"), "away")
end)

test("a subroutine without Return ends the call and says so", function(t)
  t:dialplan 'extensions = { default = { s = function() app.Gosub("sub", "s", "1"); channel.OUT = "came back" end }, sub = { s = function() end } }'
  local c = t:channel {}
  c:enter("default", "s")
  t:equal(c:get("OUT"), nil)
  t:contains(c:log(), "the subroutine ended without Return at sub,s,2")
end)

test("a hang-up within a subroutine ends the caller too", function(t)
  t:conf("[sub]\nexten => s,1,Wait(10)\nsame => n,Return()\nexten => h,1,Set(OUT=${OUT}h)\n")
  t:dialplan 'extensions = { default = { s = function() app.Gosub("sub", "s", "1"); channel.OUT = "no" end } }'
  local c = t:channel {}
  c:hang_up(1000)
  c:enter("default", "s")
  t:equal(c:get("OUT"), "h")
end)

test("endless recursion is ended with a line in the log", function(t)
  local got, c = out(t, "Gosub(s,2)\n")
  t:equal(got, nil)
  t:contains(c:log(), "more than 1000 Gosubs within each other")
end)
