--- Who is it: VoiceMailMain and VMAuthenticate ask for a mailbox and its password.
local pbx = require "pbx"
local mailbox = require "voicemail.mailbox"
local say = require "voicemail.say"

--- The mailbox of somebody who knows its password; nil after too many tries. `*` at a prompt goes to extension a. given may name the mailbox;
-- how.prefix is what the mailbox that is entered begins with, how.silent leaves the first prompts out, how.tries is how often one may try.
return function(chan, given, how)
  local general = mailbox.general()
  local tries = how.tries or tonumber(general.maxlogins) or 3
  local function ask(prompt)
    local keys, last = say.keys(chan, prompt or {}, "*")
    if last == "*" and keys == "" and pbx.exists(chan:context(), "a") then chan:go_to(chan:context(), "a", 1) end
    return keys
  end
  local at = given and given:match("@.+$") or ""
  local fixed = given and not given:find("^@") and not how.prefix and mailbox.find(given)
  local login, secret = general["vm-login"] or "vm-login", general["vm-password"] or "vm-password"
  if how.silent then login = nil end
  for try = 1, tries do
    local box = fixed
    if not box then
      local name = ask(login)
      if name == "" then name = chan:callerid().number or "" end
      box = mailbox.find((how.prefix or "") .. name .. at)
    end
    local password = box and box:password()
    if password == "" then return box end
    local tried = ask(not (how.silent and try == 1) and secret or nil)
    if box and tried == password then return box end
    pbx.log("notice", (how.application or "VoiceMailMain") .. ": a wrong mailbox or password" .. (fixed and " for " .. fixed:title() or ""))
    login = "vm-incorrect-mailbox"
    if fixed or try == tries then say.hear(chan, { "vm-incorrect" }) end
  end
  say.hear(chan, { "vm-goodbye" })
end
