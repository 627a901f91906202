--- VoiceMailMain([box][@context][,options]): hear messages and set the mailbox up.
local pbx = require "pbx"
local announce = require "voicemail.announce"
local folders = require "voicemail.folders"
local login = require "voicemail.login"
local mailbox = require "voicemail.mailbox"
local say = require "voicemail.say"
local settings = require "voicemail.settings"
local new_visit = require "voicemail.visit"

--- What there is, as the owner is told it first.
local function summary(chan, box)
  local counts = { { box:count "Urgent", "Urgent" }, { box:count "INBOX", "INBOX" }, { box:count "Old", "Old" } }
  local out, total = {}, 0
  if box:yes "tempgreetwarn" and box:greeting "temp" then out[1] = "vm-tempgreetactive" end
  say.add(out, { "vm-youhave" })
  for i, count in ipairs(counts) do
    local n, rest = count[1], 0
    for j = i + 1, #counts do rest = rest + counts[j][1] end
    if n > 0 then say.add(say.add(out, say.messages_number(chan, n)), { "vm-" .. count[2], rest > 0 and "vm-and" or say.messages(n) }) end
    total = total + n
  end
  return total > 0 and out or say.add(out, { "vm-no", "vm-messages" })
end

--- Who calls: the mailbox that is given with the option s, or that of somebody who logs in.
local function who(chan, given, options)
  if options.p then return login(chan, given and given:match("@.+$"), { prefix = (given or ""):match("^[^@]*") }) end
  local named = given and not given:find("^@")
  local box = named and mailbox.find(given)
  if named and not box then pbx.log("warning", "VoiceMailMain: no mailbox '" .. given .. "' in voicemail.conf") end
  return options.s and box or login(chan, box and given or given and given:match("@.+$"), {})
end

--- The folder that is opened first, and the key that is pressed in it as it were.
local function first(visit, options)
  local box = visit.box
  if box:count "Urgent" > 0 then return "Urgent", options.a and "1" end
  if options.a then return folders.named(options.a) or "INBOX", "1" end
  return (box:count "INBOX" > 0 or box:count "Old" == 0) and "INBOX" or "Old"
end

return function(chan, given, letters)
  local options = pbx.options(letters)
  chan:answer()
  local box = who(chan, given, options)
  if not box then return end
  local language = box:option "language"
  if language and language ~= "" then chan:language(language) end
  local visit = new_visit { chan = chan, box = box, read_only = options.r, gain_db = tonumber(options.g) }
  local folder, key = first(visit, options)
  visit:open(folder)
  local ok, why = pcall(function()
    if settings.is_new(box) and not settings.set_up(chan, box) then return end
    if key and #visit.list == 0 then return visit:browse() end
    visit:run(key or say.hear(chan, summary(chan, box), say.any_key))
  end)
  visit:close() -- after a hang-up, too
  announce.counts(box)
  if not ok then error(why, 0) end
  say.hear(chan, { visit.leaving and "vm-dialout" or "vm-goodbye" })
  if not visit.leaving then return end
  if not options.s then pbx.tollguard.mark(chan, "disa", chan:endpoint(), visit.leaving[2]) end -- a password that is known, or guessed, pays for no calls
  chan:go_to(visit.leaving[1], visit.leaving[2], 1)
end
