--- PrivacyManager([retries[,minlength[,options[,context]]]]): who shows no number has to type one. PRIVACYMGRSTATUS = SUCCESS | FAILED.
local pbx = require "pbx"
local M = { name = "privacymanager" }

local any_key = "0123456789*#ABCD"
local first_ms, between_ms = 5000, 3200

local function play(chan, prompt, keys)
  local ok, why = chan:play(prompt, keys)
  if not ok then pbx.log("warning", "PrivacyManager: " .. why) end
end

--- A whole number of at least one, or what is meant without.
local function count(text, name, missing)
  local n = tonumber(text)
  if n and n >= 1 then return math.floor(n) end
  if text then pbx.log("warning", ("PrivacyManager: %s is '%s'; write a whole number of at least 1; %d is used"):format(name, text, missing)) end
  return missing
end

--- Ask until a number is long enough and, if a context is named, one of its extensions. nil after the last try.
local function ask(chan, retries, least, context)
  for _ = 1, retries do
    play(chan, "privacy-prompt", any_key)
    local number = chan:read { first_ms = first_ms, timeout_ms = between_ms, max = 255 }
    if #number >= least and number:find("^%d+$") and (not context or pbx.exists(context, number)) then return number end
    play(chan, "privacy-incorrect")
  end
end

local function privacy_manager(chan, retries, least, _, context)
  local id = chan:callerid()
  if (id.number or "") ~= "" and not (id.presentation or ""):find("^prohib") then
    chan:set("PRIVACYMGRSTATUS", "SUCCESS")
    return
  end
  chan:set("PRIVACYMGRSTATUS", "FAILED") -- should the caller leave meanwhile
  if not chan:is_up() then
    chan:answer()
    chan:wait(1000) -- for the sound's way to open
  end
  play(chan, "privacy-unident")
  local number = ask(chan, count(retries, "retries", 3), count(least, "minlength", 10), context)
  if not number then return end
  play(chan, "privacy-thankyou")
  chan:set_callerid { number = number, name = "Privacy Manager", presentation = "allowed" }
  chan:set("PRIVACYMGRSTATUS", "SUCCESS")
end

M.applications = {
  PrivacyManager = { run = privacy_manager, synopsis = "Ask who shows no number for one", takes = "retries, length, options, context" },
}

return M
