--- Who is it: VoiceMailMain asks for a mailbox and its password.
local pbx = require "pbx"
local mailbox = require "voicemail.mailbox"
local say = require "voicemail.say"

--- Play a prompt and read keys, of which the first may come during the prompt. The keys, and whether * came instead.
local function ask(chan, prompt)
  chan:play(prompt, say.any_key) -- the key stays for read
  local keys, _, last = chan:read { max = 80, timeout_ms = 5000, terminators = "#*" }
  return keys, last == "*"
end

--- The mailbox of somebody who knows its password; nil after too many tries. `*` at a prompt goes to extension a.
return function(chan, given, options)
  local function asked(prompt)
    local keys, star = ask(chan, prompt)
    if star and keys == "" and pbx.exists(chan:context(), "a") then chan:go_to(chan:context(), "a", 1) end
    return keys
  end
  local name, context = (given or ""):match("^([^@]*)@?(.*)$")
  local fixed = name ~= "" and not options.p
  local prefix, at = options.p and name or "", context ~= "" and "@" .. context or ""
  local box = fixed and mailbox.find(given) or nil
  local again, tries = nil, 3
  while tries > 0 do
    if not fixed then box = mailbox.find(prefix .. asked(again or "vm-login") .. at) end
    if box and (options.s or box:password() == "") then return box end
    if box and tries == 3 and not again then tries = box:number "maxlogins" end
    local password = asked(fixed and again or "vm-password")
    if box and password == box:password() then return box end
    pbx.log("notice", "VoiceMailMain: a wrong mailbox or password" .. (fixed and " for " .. name or ""))
    tries, again = tries - 1, fixed and "auth-incorrect" or "vm-incorrect-mailbox"
  end
  say.hear(chan, { "vm-goodbye" })
end
