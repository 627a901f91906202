--- Mailbox options: greetings, the name, and the password; and the first visit to a new mailbox.
local pbx = require "pbx"
local formats = require "voicemail.formats"
local new_take = require "voicemail.review"
local password = require "voicemail.password"
local say = require "voicemail.say"
local M = {}

local greetings = { ["1"] = { "unavail", "vm-rec-unv" }, ["2"] = { "busy", "vm-rec-busy" }, ["3"] = { "greet", "vm-rec-name" } }

--- Record a greeting, which takes the place of what there was once its owner has kept it.
local function record(chan, box, which, prompt, gain_db)
  local path = pbx.mailbox.path(box.context, box.name) .. "/tmp/" .. chan:uniqueid()
  local take = new_take { chan = chan, box = box, path = path, prompt = prompt, beep = "beep", max_s = box:number "maxgreet", least_ms = 500, duration_ms = 0 }
  local ok, verdict = pcall(take.run, take)
  local kept, why = false, nil
  if ok and verdict == "save" and take.duration_ms > 0 then
    formats.complete(box, path, gain_db)
    kept, why = pbx.mailbox.greet(box.context, box.name, which, path)
  end
  pbx.mailbox.discard(path)
  if not ok then error(verdict, 0) end
  if why then pbx.log("error", "VoiceMailMain: " .. why) end
  if kept then say.hear(chan, { "vm-msgsaved" }) elseif why or take.failed then say.hear(chan, { "an-error-has-occurred" }) end
end

--- The temporary greeting can be taken away, too.
local function temporary(chan, box, gain_db)
  if not box:greeting "temp" then return record(chan, box, "temp", "vm-rec-temp", gain_db) end
  local silent = 0
  while silent < 3 do
    local key = say.ask(chan, { "vm-tempgreeting2" })
    if key == "1" then return record(chan, box, "temp", "vm-rec-temp", gain_db) end
    if key == "2" then
      pbx.mailbox.erase(box.context, box.name, "temp")
      return say.hear(chan, { "vm-tempremoved" })
    end
    if key == "*" then return end
    silent = key and silent or silent + 1
  end
end

--- The menu, until * or three times nothing.
function M.menu(chan, box, gain_db)
  local silent = 0
  while silent < 3 do
    local key = say.ask(chan, say.add({ box:greeting "temp" and "vm-tmpexists" or nil }, { "vm-options" }))
    if not key then silent = silent + 1 end
    if key == "*" or key == "#" then return end
    if key == "4" then temporary(chan, box, gain_db)
    elseif greetings[key] then record(chan, box, greetings[key][1], greetings[key][2], gain_db)
    elseif key == "5" then password.change(chan, box)
    elseif key then say.hear(chan, { "vm-sorry" }) end
  end
end

--- Whether nobody has set the mailbox up yet: its password is its number, and something is asked of a new owner.
function M.is_new(box) return box:password() == box.name and (box:yes "forcename" or box:yes "forcegreetings") end

--- The first visit: what is forced is recorded, and then a password chosen, which ends being new. false if there is none after three tries.
function M.set_up(chan, box)
  say.hear(chan, { box:prompt "vm-newuser" })
  if box:yes "forcename" and not box:greeting "greet" then record(chan, box, "greet", "vm-rec-name") end
  if box:yes "forcegreetings" then
    if not box:greeting "unavail" then record(chan, box, "unavail", "vm-rec-unv") end
    if not box:greeting "busy" then record(chan, box, "busy", "vm-rec-busy") end
  end
  for _ = 1, 3 do
    if password.change(chan, box) then return true end
  end
  return false
end

return M
