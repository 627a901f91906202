--- Messages to others: forwarding one, with a comment or without, and leaving a new one.
local pbx = require "pbx"
local formats = require "voicemail.formats"
local leave = require "voicemail.leave"
local mailbox = require "voicemail.mailbox"
local new_take = require "voicemail.review"
local say = require "voicemail.say"
local M = {}

--- The mailbox of an extension that was entered, if it may have the message; or nil, and the prompt that says why not.
local function receiver(visit, exten, not_oneself)
  local box = mailbox.find(exten .. "@" .. visit.box.context)
  if not box or not_oneself and box:title() == visit.box:title() then return nil, "pbx-invalid" end
  if box:new() + box:count "Old" >= box:number "maxmsg" then
    pbx.log("notice", "VoiceMailMain: mailbox " .. box:title() .. " is full")
    return nil, "vm-mailboxfull"
  end
  return box
end

--- Extensions as they are entered, or with usedirectory=yes perhaps found by name; nil to give up.
local function extensions(visit)
  if visit.box:yes "usedirectory" then
    local key
    for _ = 1, 4 do
      key = say.ask(visit.chan, { "vm-forward" }, 3000)
      if key == "1" or key == "2" or key == "*" then break end
    end
    if key == "2" then return pbx.directory.choose(visit.box.context) or "" end
    if key ~= "1" then return nil end
  end
  return (say.keys(visit.chan, "vm-extension", nil, 2000))
end

--- Ask for extensions, with * between them, and say whose they are. The mailboxes; nil for none.
local function ask(visit, not_oneself)
  for _ = 1, 4 do
    local text, boxes, why = extensions(visit), {}, nil
    if not text then return nil end
    for exten in text:gmatch("[^*]+") do
      if not why then
        local box
        box, why = receiver(visit, exten, not_oneself)
        boxes[#boxes + 1] = box
      end
    end
    if not why and #boxes > 0 then
      local names = {}
      for _, box in ipairs(boxes) do
        local name = box:greeting "greet"
        say.add(names, name and { name } or say.digits(box.name))
      end
      say.hear(visit.chan, names, "#")
      return boxes
    end
    if why then say.hear(visit.chan, { why }) end
  end
end

--- Whether a comment is wanted before the message: "1", or "2" for none; nil to give up.
local function ask_comment(visit)
  for _ = 1, 4 do
    local key = say.ask(visit.chan, { "vm-forwardoptions", "vm-starmain" })
    if key == "1" or key == "2" then return key end
    if key == "*" then return nil end
  end
end

--- Record a comment at path; how long it is, 0 for none.
local function comment(visit, path)
  local take = new_take { chan = visit.chan, box = visit.box, path = path, prompt = "vm-record-prepend", beep = "beep", max_s = visit.box:number "maxsecs", duration_ms = 0 }
  take:record()
  return take.duration_ms
end

--- Put the message, behind the comment if there is one, into a draft and that into the mailboxes; how many have it.
local function send(visit, boxes, now, said, said_ms)
  local first, sent = boxes[1], 0
  local draft, why = pbx.mailbox.draft(first.context, first.name, now)
  local ok = draft
  if ok and said_ms == 0 then ok, why = pbx.mailbox.copy(visit.box.context, visit.box.name, visit.folder, now.id, draft)
  elseif ok then
    ok, why = pbx.mailbox.convert({ said, now.path }, draft .. "." .. visit.box:format())
    if ok then formats.complete(visit.box, draft) end
  end
  if not ok then pbx.log("error", "VoiceMailMain: forwarding: " .. why) end
  local flag = visit.box:yes "forward_urgent_auto" and now.flag or ""
  for _, box in ipairs(ok and boxes or {}) do
    if leave.deliver(visit.chan, box, draft,
      { duration_ms = now.duration * 1000 + said_ms, flag = flag, callerid = now.callerid, category = now.category, time = now.time }) then sent = sent + 1 end
  end
  if draft then pbx.mailbox.discard(draft) end
  return sent
end

--- Forward the current message.
function M.message(visit)
  local now, chan, box = visit:current(), visit.chan, visit.box
  local boxes = ask(visit, true)
  local key = boxes and ask_comment(visit)
  if not key then return end
  local said, said_ms = pbx.mailbox.path(box.context, box.name) .. "/tmp/" .. chan:uniqueid(), 0
  local ok, why = pcall(function()
    if key == "1" then said_ms = comment(visit, said) end
    if chan:hung_up() then return end
    local sent = send(visit, boxes, now, said, said_ms)
    say.hear(chan, { sent == #boxes and "vm-msgforwarded" or "vm-mailboxfull" })
  end)
  pbx.mailbox.discard(said)
  if not ok then error(why, 0) end
end

--- Leave a new message for others.
function M.leave(visit)
  local boxes, list = ask(visit), {}
  for i, box in ipairs(boxes or {}) do list[i] = box:title() end
  if #list > 0 then leave.message(visit.chan, table.concat(list, "&"), { g = visit.gain_db }) end
end

return M
