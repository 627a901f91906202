local conf = [[
[general]
%s
[default]
100 => 1,Anna Bell
101 => 1,Ben Cello,,,alias=Zorro
102 => 1,Carla Bellini
103 => 1,Dora Bello,,,hidefromdir=yes
104 => 1,Müller
105 => 1
[sales]
200 => 1,Sal Bell
]]

local function search(t, keys, arguments, general)
  t:config("voicemail.conf", conf:format(general or ""))
  t:dialplan(([[extensions = {
    desk = { s = function() app.Directory(%s); channel.RETURNED = "yes" end, o = function() channel.WENT = "o" end, a = function() channel.WENT = "a" end },
    default = { ["_X."] = function(context, extension) channel.WENT = extension end },
    out = { ["100"] = function() channel.WENT = "out" end },
  }]]):format(arguments or '"default"'))
  local c = t:channel {}
  local at = 500
  for word in keys:gmatch("%S+") do
    local pause = word:match("^~(%d+)$")
    if pause then at = at + pause * 1000
    else
      c:press(at, word)
      at = at + 100 * #word + 400
    end
  end
  local before = #c:played()
  c:enter("desk", "s")
  return c, c:played():sub(before + 1):match("^ ?(.*)$")
end

test("by the last name, in the order of the names", function(t)
  local c, played = search(t, "235 ~1 * 1")
  t:contains(played, "dir-welcome dir-pls-enter digits/3 dir-last dir-usingkeypad")
  t:contains(played, "letters/a letters/n letters/n letters/a")
  t:contains(played, "dir-instr letters/c letters/a letters/r letters/l letters/a")
  t:equal(c:get("WENT"), "102")
  t:equal(c:get("DIRECTORY_RESULT"), "SELECTED")
  t:ok(c:answered())
end)

test("by the recorded name, with the extension", function(t)
  t:file("voicemail/default/104/greet.wav", "")
  local c, played = search(t, "685 ~4 1", '"default", nil, "e"')
  t:contains(played, "/sounds/voicemail/default/104/greet vm-extension digits/1 digits/0 digits/4 dir-instr")
  t:equal(c:get("WENT"), "104")
end)

test("by first names, by both, by aliases, by fewer letters", function(t)
  t:equal(search(t, "227 ~1 1", '"default", nil, "f"'):get("WENT"), "102")
  t:equal(search(t, "236 ~1 1", '"default", nil, "b"'):get("WENT"), "101")
  t:equal(search(t, "967 ~1 1", '"default", nil, "a"'):get("WENT"), "101")
  t:equal(search(t, "6 ~1 1", '"default", nil, "l(1)"'):get("WENT"), "104")
end)

test("nobody of that name, and then somebody", function(t)
  local c, played = search(t, "999 ~1 235 ~1 1")
  t:contains(played, "dir-nomatch")
  t:equal(c:get("WENT"), "100")
end)

test("nobody wants any of them", function(t)
  local c, played = search(t, "685 ~1 * ~2 685 ~1 1")
  t:contains(played, "dir-nomore")
  t:equal(c:get("WENT"), "104")
end)

test("who is hidden, or in another context, is not found", function(t)
  local _, played = search(t, "235 ~1 * ~1 * ~1", '"default", nil, "m"')
  t:ok(not played:find("letters/d letters/o letters/r", 1, true))
  t:ok(not played:find("digits/4 dir%-multi2"))
end)

test("all contexts with searchcontexts", function(t)
  local c = search(t, "235 ~1 2", "nil, nil, 'ms'", "searchcontexts = yes")
  t:equal(c:get("DIRECTORY_EXTEN"), "200")
end)

test("a menu", function(t)
  local c, played = search(t, "235 ~2 2", '"default", nil, "m"')
  t:contains(played, "dir-multi1 digits/1 dir-multi2 letters/a")
  t:contains(played, "dir-multi1 digits/2 dir-multi2 letters/c")
  t:equal(c:get("WENT"), "102")
end)

test("the operator, the assistant, and the end", function(t)
  local c = search(t, "0")
  t:equal(c:get("WENT") .. c:get("DIRECTORY_RESULT"), "oOPERATOR")
  c = search(t, "*")
  t:equal(c:get("WENT") .. c:get("DIRECTORY_RESULT"), "aASSISTANT")
  c = search(t, "235 ~1 0")
  t:equal(c:get("WENT") .. c:get("DIRECTORY_RESULT"), "oOPERATOR")
  c = search(t, "235 ~1 #")
  t:equal(c:get("RETURNED") .. c:get("DIRECTORY_RESULT"), "yesUSEREXIT")
  c = search(t, "")
  t:equal(c:get("RETURNED") .. c:get("DIRECTORY_RESULT"), "yesTIMEOUT")
end)

test("the dial context; s only says who; an extension that is not there", function(t)
  t:equal(search(t, "235 ~1 1", '"default", "out"'):get("WENT"), "out")
  local c = search(t, "235 ~1 1", '"default", "out", "s"')
  t:equal(c:get("DIRECTORY_EXTEN") .. c:get("RETURNED") .. c:get("DIRECTORY_RESULT"), "100yesSELECTED")
  c = search(t, "685 ~1 1", '"default", "out"')
  t:equal(c:get("DIRECTORY_RESULT"), "FAILED")
end)

test("a hang-up", function(t)
  t:config("voicemail.conf", conf:format(""))
  local c = t:channel {}
  c:hang_up(2500)
  c:run("Directory", "default")
  t:equal(c:get("DIRECTORY_RESULT"), "HANGUP")
end)

test("an intro of the site's own", function(t)
  local _, played = search(t, "", nil, "directoryintro = our-directory")
  t:equal(played, "our-directory")
end)
