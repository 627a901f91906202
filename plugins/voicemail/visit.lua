--- A visit to one mailbox: the folder that is open, and the keys of the main menu.
local pbx = require "pbx"
local advanced = require "voicemail.advanced"
local folders = require "voicemail.folders"
local forward = require "voicemail.forward"
local message = require "voicemail.message"
local say = require "voicemail.say"
local settings = require "voicemail.settings"

--- list is the folder as it was when it was opened; moves is what is to become of its messages, by their id, when it is closed: a folder, or ""
--- for the one that removes them. leaving is where the owner is to be sent, {context, extension}.
local Visit = {}

function Visit:open(folder)
  self.folder, self.at, self.heard, self.moves = folder, 0, {}, {}
  self.list = pbx.mailbox.list(self.box.context, self.box.name, folder) or {}
end

--- How many deleted messages are kept in the folder Deleted.
local function backups(box)
  local n = box:number "backupdeleted"
  return box:yes "backupdeleted" and n <= 1 and 100 or n
end

--- Those that are deleted go to the folder Deleted, if it is wanted, whose oldest make room.
function Visit:back_up()
  local box, moves, keep = self.box, self.moves, backups(self.box)
  if keep == 0 then return end
  local deleted, gone = 0, {}
  for id, to in pairs(moves) do
    if to == "" then
      deleted = deleted + 1
      moves[id] = "Deleted"
    end
  end
  local old = deleted > 0 and pbx.mailbox.list(box.context, box.name, "Deleted") or {}
  for i = 1, math.min(#old, #old + deleted - keep) do gone[old[i].id] = "" end
  if next(gone) then pbx.mailbox.change(box.context, box.name, "Deleted", gone) end
end

--- Put into effect what was decided; heard messages that are new become old.
function Visit:close()
  local moves, box = self.moves, self.box
  if box:yes "moveheard" and (self.folder == "INBOX" or self.folder == "Urgent") then
    for id in pairs(self.heard) do moves[id] = moves[id] or "Old" end
  end
  if not next(moves) then return end
  if self.folder ~= "Deleted" then self:back_up() end
  local kept, why = pbx.mailbox.change(box.context, box.name, self.folder, moves, box:number "maxmsg")
  if not kept then pbx.log("error", "VoiceMailMain: " .. why)
  elseif kept > 0 then pbx.log("notice", "VoiceMailMain: mailbox " .. box:title() .. ": no room for " .. kept .. " messages, which stay new") end
  self.moves, self.heard = {}, {}
end

function Visit:turn_to(folder)
  self:close()
  self:open(folder)
end

function Visit:current() return self.list[self.at] end

--- Another folder that the messages go on in, as if they were one list: Urgent comes before INBOX.
function Visit:neighbour(step)
  local other = step > 0 and self.folder == "Urgent" and "INBOX" or step < 0 and self.folder == "INBOX" and "Urgent"
  return other and self.box:count(other) > 0 and other
end

--- The choices there are now.
function Visit:choices(short)
  local now, out = self:current(), {}
  if not now then
    if #self.list > 0 then out = say.add({ "vm-onefor" }, folders.prompts(self.folder)) end
    return say.add(out, { "vm-opts", "vm-helpexit" })
  end
  local wraps = self.box:yes "messagewrap" and #self.list > 1
  if self.at > 1 or wraps or self:neighbour(-1) then out[1] = "vm-prev" end
  say.add(out, { not short and "vm-advopts" or nil })
  out[#out + 1] = "vm-repeat"
  if self.at < #self.list or wraps or self:neighbour(1) then out[#out + 1] = "vm-next" end
  if not self.read_only then out[#out + 1] = self.moves[now.id] == "" and "vm-undelete" or "vm-delete" end
  return say.add(out, { "vm-toforward", "vm-savemessage", "vm-helpexit" })
end

--- Play message number at of the list. A key that was pressed meanwhile.
function Visit:hear(at)
  self.at = at
  local now = self:current()
  local key = say.hear(self.chan, message.title(self.chan, at, #self.list, now), "023456789*#")
    or say.hear(self.chan, message.envelope(self.chan, self.box, now), say.any_key)
  if key and key ~= "1" then return key end -- 1 skips what is said before
  self.heard[now.id] = true
  return message.play(self.chan, self.box, now.path)
end

--- The first message, or the same again.
function Visit:browse(at)
  if #self.list > 0 then return self:hear(math.max(at or 1, 1)) end
  return say.hear(self.chan, say.add({ "vm-youhave", "vm-no" }, folders.prompts(self.folder)), say.any_key)
end

--- The message before or behind.
function Visit:step(by)
  if self.list[self.at + by] then return self:hear(self.at + by) end
  local neighbour = self:neighbour(by)
  if neighbour then
    self:turn_to(neighbour)
    if #self.list > 0 then return self:hear(by > 0 and 1 or #self.list) end
  elseif self.box:yes "messagewrap" and #self.list > 1 then
    return self:hear(by > 0 and 1 or #self.list)
  end
  return say.hear(self.chan, { "vm-nomore" }, say.any_key)
end

function Visit:change_folder()
  local folder = folders.ask(self.chan, "vm-changeto", 0)
  if folder then self:turn_to(folder) end
  return say.hear(self.chan, folders.prompts(self.folder), say.any_key)
end

--- After a message was deleted or stored.
function Visit:after(prompts)
  local key = say.hear(self.chan, prompts, say.any_key)
  if key or not self.box:yes "nextaftercmd" then return key end
  return self:step(1)
end

function Visit:toggle_deleted()
  local now = self:current()
  if self.read_only then return end
  if self.moves[now.id] == "" then
    self.moves[now.id] = nil
    return self:after { "vm-undeleted" }
  end
  self.moves[now.id] = ""
  return self:after { "vm-deleted" }
end

function Visit:save()
  local folder = folders.ask(self.chan, "vm-savefolder", 1)
  if not folder then return end
  local going = self.box:count(folder)
  for _, to in pairs(self.moves) do
    if to == folder then going = going + 1 end
  end
  if folder ~= self.folder and going >= self.box:number "maxmsg" then return say.hear(self.chan, { "vm-mailboxfull" }, say.any_key) end
  self.moves[self:current().id] = folder
  return self:after(say.add(say.add({ "vm-message" }, say.number(self.chan, self.at)), say.add({ "vm-savedto" }, folders.prompts(folder))))
end

--- What the keys are, from the beginning.
function Visit:help()
  if not self:current() then return end
  local prompts = say.add({ "vm-onefor" }, folders.prompts(self.folder))
  return say.hear(self.chan, say.add(say.add(prompts, { "vm-opts" }), self:choices(true)), say.any_key)
end

-- The keys of the menu; those of of_message only when there is one. Each returns a key that was pressed meanwhile.
local keys = {
  ["1"] = function(v) return v:browse() end,
  ["2"] = Visit.change_folder,
  ["3"] = advanced,
  ["5"] = function(v) return v:browse(v.at) end,
  ["6"] = function(v) return v:step(1) end,
  ["0"] = function(v) settings.menu(v.chan, v.box, v.gain_db) end,
  ["*"] = Visit.help,
}
local of_message = {
  ["4"] = function(v) return v:step(-1) end,
  ["7"] = Visit.toggle_deleted,
  ["8"] = forward.message,
  ["9"] = Visit.save,
}

--- The menu, until # or three times nothing.
function Visit:run(key)
  local silent = 0
  while silent < 3 and not self.leaving do
    key = key or say.ask(self.chan, self:choices())
    if key == "#" then return end
    local act = keys[key] or self:current() and of_message[key]
    silent = key and 0 or silent + 1
    if act then key = act(self)
    elseif key and key:find("[48]") then key = say.hear(self.chan, { "vm-nomore" }, say.any_key)
    else key = nil end
  end
end

--- A visit of fields: chan, box, read_only, gain_db.
return function(fields) return setmetatable(fields, { __index = Visit }) end
