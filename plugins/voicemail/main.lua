--- VoiceMailMain([box][@context][,options]): hear messages and set the mailbox up.
local pbx = require "pbx"
local login = require "voicemail.login"
local message = require "voicemail.message"
local say = require "voicemail.say"
local settings = require "voicemail.settings"

local folders = { [0] = "INBOX", "Old", "Work", "Family", "Friends", "Cust1", "Cust2", "Cust3", "Cust4", "Cust5" }

--- A visit to one mailbox. list is the open folder as it was when it was opened; moves is what is to become of its messages, by their id,
--- when it is closed: a folder, or "" for the one that removes them.
local Visit = {}

function Visit:open(folder)
  self.folder, self.at, self.heard, self.moves = folder, 0, {}, {}
  self.list = pbx.mailbox.list(self.box.context, self.box.name, folder) or {}
end

--- Put into effect what was decided; heard messages that are new become old.
function Visit:close()
  local moves, box = self.moves, self.box
  if box:yes "moveheard" and (self.folder == "INBOX" or self.folder == "Urgent") then
    for id in pairs(self.heard) do moves[id] = moves[id] or "Old" end
  end
  if not next(moves) then return end
  local kept, why = pbx.mailbox.change(box.context, box.name, self.folder, moves, box:number "maxmsg")
  if not kept then pbx.log("error", "VoiceMailMain: " .. why)
  elseif kept > 0 then pbx.log("notice", "VoiceMailMain: mailbox " .. box.name .. "@" .. box.context .. ": no room for " .. kept .. " messages, which stay new") end
  self.moves, self.heard = {}, {}
end

function Visit:current() return self.list[self.at] end

--- What there is, as the caller is told it first.
local function summary(box)
  local new, old, out = box:new(), box:count "Old", { "vm-youhave" }
  if new == 0 and old == 0 then return { "vm-youhaveno" } end
  if new > 0 then say.add(out, say.messages(new, "INBOX")) end
  if new > 0 and old > 0 then out[#out + 1] = "vm-and" end
  if old > 0 then say.add(out, say.messages(old, "Old")) end
  return out
end

--- The choices there are now.
function Visit:choices()
  local now, out = self:current(), {}
  if not now then
    if #self.list > 0 then out = { "vm-onefor", "vm-" .. self.folder, "vm-messages" } end
    return say.add(out, { "vm-opts", "vm-helpexit" })
  end
  if self.at > 1 then out[#out + 1] = "vm-prev" end
  say.add(out, { "vm-advopts", "vm-repeat" })
  if self.at < #self.list then out[#out + 1] = "vm-next" end
  return say.add(out, { self.moves[now.id] == "" and "vm-undelete" or "vm-delete", "vm-savemessage", "vm-helpexit" })
end

--- Play message number at of the list. A key that was pressed meanwhile.
function Visit:hear(at)
  if not self.list[at] then return say.hear(self.chan, { #self.list == 0 and "vm-nomessages" or "vm-nomore" }, say.any_key) end
  self.at = at
  local now = self:current()
  local prompts = say.add(message.title(at, #self.list), message.envelope(self.box, now))
  local key = say.hear(self.chan, prompts, "123456789*")
  if key then return key end
  self.heard[now.id] = true
  return message.play(self.chan, now.path, self.box:number "skipms")
end

--- Which folder, by its number; nil for none.
function Visit:ask_folder(prompt)
  local prompts = { prompt }
  for n = 0, 9 do say.add(prompts, { "vm-press", "digits/" .. n, "vm-for", "vm-" .. folders[n] }) end
  local key = say.hear(self.chan, prompts, say.any_key) or self.chan:digit(6000)
  return key and folders[tonumber(key)]
end

function Visit:change_folder()
  local folder = self:ask_folder "vm-changeto"
  if not folder then return end
  self:close()
  self:open(folder)
  return say.hear(self.chan, say.add({ "vm-youhave" }, say.messages(#self.list, folder)), say.any_key)
end

--- After a message was deleted or stored.
function Visit:after(prompts)
  local key = say.hear(self.chan, prompts, say.any_key)
  if key or not self.box:yes "nextaftercmd" or self.at >= #self.list then return key end
  return self:hear(self.at + 1)
end

function Visit:toggle_deleted()
  local now = self:current()
  if self.moves[now.id] == "" then
    self.moves[now.id] = nil
    return say.hear(self.chan, { "vm-undeleted" }, say.any_key)
  end
  self.moves[now.id] = ""
  return self:after { "vm-deleted" }
end

function Visit:save()
  local folder = self:ask_folder "vm-savefolder"
  if not folder then return end
  self.moves[self:current().id] = folder
  return self:after(say.add(say.add({ "vm-message" }, say.number(self.at)), { "vm-savedto", "vm-" .. folder }))
end

--- The envelope, which is all of the advanced choices that there is.
function Visit:advanced()
  local key = say.hear(self.chan, { "vm-tohearenv", "vm-starmain" }, say.any_key) or self.chan:digit(6000)
  if key == "3" then return say.hear(self.chan, message.envelope(self.box, self:current(), true), say.any_key) end
end

-- The keys of the menu; those of of_message only when there is one. Each returns a key that was pressed meanwhile.
local keys = {
  ["1"] = function(v) return v:hear(1) end,
  ["2"] = Visit.change_folder,
  ["6"] = function(v) return v:hear(v.at + 1) end,
  ["0"] = function(v) settings(v.chan, v.box) end,
  ["*"] = function() end, -- the choices are said anyway
}
local of_message = {
  ["3"] = Visit.advanced,
  ["4"] = function(v) return v:hear(v.at - 1) end,
  ["5"] = function(v) return v:hear(v.at) end,
  ["7"] = Visit.toggle_deleted,
  ["9"] = Visit.save,
}

--- The menu, until # or three times nothing.
function Visit:run(first)
  local key, silent = first, 0
  while silent < 3 do
    key = key or say.hear(self.chan, self:choices(), say.any_key) or self.chan:digit(6000)
    if key == "#" then return end
    local act = keys[key] or self:current() and of_message[key]
    silent = key and 0 or silent + 1
    if act then key = act(self) else key = key and say.hear(self.chan, { "vm-sorry" }, say.any_key) end
  end
end

return function(chan, given, letters)
  local options = pbx.options(letters)
  chan:answer()
  local box = login(chan, given, options)
  if not box then return -1 end
  local visit = setmetatable({ chan = chan, box = box }, { __index = Visit })
  visit:open(box:count "Urgent" > 0 and "Urgent" or (box:count "INBOX" > 0 or box:count "Old" == 0) and "INBOX" or "Old")
  local ok, why = pcall(function()
    local first
    if options.a then
      visit:open(folders[tonumber(options.a) or 0] or "INBOX")
      first = "1"
    end
    visit:run(say.hear(chan, summary(box), say.any_key) or first)
  end)
  visit:close() -- after a hang-up, too
  if not ok then error(why, 0) end
  say.hear(chan, { "vm-goodbye" })
end
