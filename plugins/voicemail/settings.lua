--- Mailbox options: greetings, the name, and the password.
local pbx = require "pbx"
local say = require "voicemail.say"

local greetings = { ["1"] = { "unavail", "vm-rec-unv" }, ["2"] = { "busy", "vm-rec-busy" }, ["3"] = { "greet", "vm-rec-name" }, ["4"] = { "temp", "vm-rec-temp" } }

--- Record a greeting in the place of what there was.
local function record(chan, box, which, prompt)
  say.hear(chan, { prompt }, "#")
  say.hear(chan, { "beep" })
  local path = pbx.mailbox.path(box.context, box.name) .. "/" .. which
  local file, most = path .. "." .. box:format(), box:number "maxgreet"
  if box:greeting(which) and not pbx.recorded(file) then pbx.mailbox.erase(box.context, box.name, which) end -- it is of another format
  local done, why = chan:record { file = file, terminators = "#", trim = true, min_ms = 500, max_ms = most > 0 and most * 1000 or nil }
  if not done then pbx.log("error", "VoiceMailMain: " .. why) end
  say.hear(chan, { done and done.duration_ms >= 500 and "vm-msgsaved" or "vm-nothingrecorded" })
end

--- The temporary greeting can be taken away, too.
local function temporary(chan, box)
  if not box:greeting "temp" then return record(chan, box, "temp", "vm-rec-temp") end
  local key = say.hear(chan, { "vm-tempgreeting2" }, say.any_key) or chan:digit(6000)
  if key == "1" then return record(chan, box, "temp", "vm-rec-temp") end
  if key == "2" then
    pbx.mailbox.erase(box.context, box.name, "temp")
    say.hear(chan, { "vm-tempremoved" })
  end
end

local function ask(chan, prompt)
  chan:play(prompt, say.any_key) -- the key stays for read
  local keys, _, last = chan:read { max = 80, timeout_ms = 5000, terminators = "#*" }
  return last ~= "*" and keys or nil
end

--- A new password, twice.
local function password(chan, box)
  local first = not box.locked and ask(chan, "vm-newpassword")
  if not first then return say.hear(chan, { "vm-sorry" }) end
  if first == "" or #first < box:number "minpassword" then return say.hear(chan, { "vm-invalid-password" }) end
  local second = ask(chan, "vm-reenterpassword")
  if second ~= first then return say.hear(chan, { "vm-mismatch" }) end
  box:set_password(first)
  say.hear(chan, { "vm-passchanged" })
end

--- The menu, until * or three times nothing.
return function(chan, box)
  local silent = 0
  while silent < 3 do
    local key = say.hear(chan, { "vm-options" }, say.any_key) or chan:digit(6000)
    if not key then silent = silent + 1 end
    if key == "*" or key == "#" then return end
    if key == "4" then temporary(chan, box)
    elseif greetings[key] then record(chan, box, greetings[key][1], greetings[key][2])
    elseif key == "5" then password(chan, box)
    elseif key then say.hear(chan, { "vm-sorry" }) end
  end
end
