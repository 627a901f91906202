--- The password: asking for a new one, and what becomes of it.
local pbx = require "pbx"
local say = require "voicemail.say"
local M = {}

--- What [general] runs for a password; nil without such a program, else what it wrote.
local function program(box, which, ...)
  if not box.general[which] then return nil end
  local out, why = pbx.mailbox.run(which, { ... })
  if not out then pbx.log("error", "VoiceMailMain: " .. which .. ": " .. why) end
  return out or ""
end

--- Whether a password is allowed: minpassword, and what externpasscheck says.
local function allowed(box, password)
  if password == "" or password:find("[^%d]") or #password < box:number "minpassword" then return false end
  local verdict = program(box, "externpasscheck", box.name, box.context, box:password(), password)
  return verdict == nil or verdict:match("^%s*(%a+)") == "VALID"
end

--- Put it into effect; nil and why not. externpass takes it in our stead, externpassnotify hears of it.
local function set(box, password)
  local ok, why = box:set_password(password)
  if not ok then return nil, why end
  if not program(box, "externpass", box.context, box.name, password) then program(box, "externpassnotify", box.context, box.name, password) end
  return true
end

--- Ask for a new password, twice; whether there is one.
function M.change(chan, box)
  if box.locked then
    say.hear(chan, { "vm-no" })
    return false
  end
  local first, last = say.keys(chan, box:prompt "vm-newpassword", "*")
  if last == "*" then return false end
  if not allowed(box, first) then
    say.hear(chan, { box:prompt "vm-invalid-password", box:prompt "vm-pls-try-again" }, say.any_key)
    return false
  end
  if say.keys(chan, box:prompt "vm-reenterpassword") ~= first then
    say.hear(chan, { box:prompt "vm-mismatch", box:prompt "vm-pls-try-again" }, say.any_key)
    return false
  end
  local ok, why = set(box, first)
  if not ok then
    pbx.log("error", "VoiceMailMain: " .. why)
    say.hear(chan, { "an-error-has-occurred" })
    return false
  end
  say.hear(chan, { box:prompt "vm-passchanged" })
  return true
end

return M
