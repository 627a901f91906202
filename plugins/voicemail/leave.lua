--- VoiceMail(box[@context][&box2…][,options]): greet the caller and record a message.
-- Sets VMSTATUS = SUCCESS | USEREXIT | FAILED and VM_MESSAGEFILE (without the extension).
local pbx = require "pbx"
local announce = require "voicemail.announce"
local formats = require "voicemail.formats"
local mailbox = require "voicemail.mailbox"
local new_take = require "voicemail.review"
local say = require "voicemail.say"
local M = {}

--- What the caller hears first, and whether somebody has recorded it.
local function greeting(box, options)
  local recorded = box:greeting "temp" or options.b and box:greeting "busy" or options.u and not options.b and box:greeting "unavail"
  if recorded then return { recorded }, true end
  if not options.b and not options.u then return {}, false end
  local name = box:greeting "greet"
  local out = say.add({ not name and "vm-theperson" or nil }, name and { name } or say.digits(box.name))
  return say.add(out, { options.b and "vm-isonphone" or "vm-isunavail" }), false
end

--- The keys that lead out of the greeting: key ► {context, extension}.
local function exits(chan, box, options)
  local out, here = {}, chan:context()
  local function offer(key, context, exten)
    if context and not out[key] and pbx.exists(context, exten) then out[key] = { context, exten } end
  end
  local exit = box:option "exitcontext" or here
  offer("*", exit, "a")
  if box:yes "operator" then offer("0", exit, "o") end
  if options.d then
    for key in ("0123456789"):gmatch(".") do offer(key, options.d == true and here or options.d, key) end
  end
  return out
end

local function leave_by(chan, way)
  chan:set("VMSTATUS", "USEREXIT")
  chan:go_to(way[1], way[2], 1)
end

--- Say the greeting and what to do; `#` skips the rest. The way to the operator, if there is one.
local function greet(chan, box, options)
  local prompts, recorded = greeting(box, options)
  if not (options.s or options.S and recorded or box:number "maxmsg" == 0) then prompts[#prompts + 1] = "vm-intro" end
  local ways, keys = exits(chan, box, options), "#"
  for key in pairs(ways) do keys = keys .. key end
  local key = say.hear(chan, prompts, keys)
  if key and ways[key] then leave_by(chan, ways[key]) end
  return ways["0"]
end

--- What the .txt says.
local function fields(chan, box)
  local id = chan:callerid()
  local all = id.number and id.number ~= "" and (id.name and id.name ~= "" and ('"%s" <%s>'):format(id.name, id.number) or id.number)
  return {
    origmailbox = box.name, context = chan:context(), exten = chan:exten(), rdnis = id.rdnis and id.rdnis ~= "" and id.rdnis or "unknown",
    priority = chan:priority(), callerchan = chan:name(), callerid = all or "Unknown", category = chan:get("VM_CATEGORY"),
  }
end

--- Put a draft into a mailbox and tell of it. message has duration_ms, flag, callerid, category, and time, if it is not of now. The path of the message, or
-- nil and "full" or why else not.
function M.deliver(chan, box, draft, message)
  local folder = message.flag == "Urgent" and "Urgent" or "INBOX"
  local number, path, id = pbx.mailbox.deliver(box.context, box.name, folder, draft,
    { duration_ms = message.duration_ms, flag = message.flag, time = message.time, max = box:number "maxmsg" })
  if not number then
    pbx.log(path == "full" and "notice" or "error", "VoiceMail: mailbox " .. box:title() .. ": " .. path)
    return nil, path
  end
  announce.message(chan, box, { folder = folder, number = number, path = path, id = id, duration_ms = message.duration_ms, flag = message.flag,
    callerid = message.callerid, category = message.category, time = message.time or pbx.time.now() })
  return path
end

--- Put what was recorded, of which said is told, into every mailbox; whether the first has it.
local function deliver(chan, boxes, draft, take, options, said)
  local flag, stored = take.urgent and "Urgent" or options.P and "PRIORITY" or "", false
  for i, box in ipairs(boxes) do
    local path = M.deliver(chan, box, draft, { duration_ms = take.duration_ms, flag = flag, callerid = said.callerid, category = said.category })
    if i == 1 and path then
      stored = true
      chan:set("VM_MESSAGEFILE", path)
      chan:set("VMSTATUS", "SUCCESS")
    end
  end
  return stored
end

--- The mailboxes of "box@context&box2"; nil when the first is unknown.
local function boxes_of(list)
  local boxes = {}
  for i, text in ipairs(pbx.split(list, "&")) do
    local box = mailbox.find(text)
    if not box then pbx.log("warning", "VoiceMail: no mailbox '" .. text .. "' in voicemail.conf") end
    if not box and i == 1 then return nil end
    boxes[#boxes + 1] = box
  end
  return boxes[1] and boxes
end

--- Record and store; a hang-up at any moment stores what there is and then goes on.
local function record(chan, boxes, options, operator)
  local box, least = boxes[1], boxes[1]:number "minsecs" * 1000
  local said = fields(chan, box)
  local draft, why = pbx.mailbox.draft(box.context, box.name, said)
  if not draft then
    pbx.log("error", "VoiceMail: " .. why)
    say.hear(chan, { "an-error-has-occurred" })
    return
  end
  local beep = options.t == nil and "beep" or options.t ~= true and options.t or nil
  local take = new_take { chan = chan, box = box, path = draft, caller = true, urgent = options.U, operator = operator, beep = beep,
    max_s = box:number "maxsecs", least_ms = least > 0 and least or nil, duration_ms = 0 }
  local ok, what = pcall(take.run, take)
  if take.duration_ms > 0 then formats.complete(box, draft, tonumber(options.g)) end
  local stored = take.duration_ms > 0 and deliver(chan, boxes, draft, take, options, said)
  pbx.mailbox.discard(draft)
  if not ok then error(what, 0) end
  if what == "operator" and operator then leave_by(chan, operator) end
  if take.failed or not stored and what ~= "cancel" and take.duration_ms > 0 then say.hear(chan, { "an-error-has-occurred" })
  elseif stored then say.hear(chan, { box:yes "review" and "vm-msgsaved" or "auth-thankyou" }) end
end

--- Greet the caller and take his message for the mailboxes of list; VMSTATUS says what came of it.
function M.message(chan, list, options)
  local boxes = boxes_of(list)
  if not boxes then return end
  local box = boxes[1]
  local operator = greet(chan, box, options)
  if box:number "maxmsg" == 0 then
    chan:set("VMSTATUS", "SUCCESS")
    return
  end
  chan:answer()
  if box:count(options.U and "Urgent" or "INBOX") >= box:number "maxmsg" then
    pbx.log("notice", "VoiceMail: mailbox " .. box:title() .. " is full")
    say.hear(chan, { "vm-mailboxfull" })
    return
  end
  record(chan, boxes, options, operator)
end

--- The application.
function M.run(chan, list, letters)
  chan:set("VMSTATUS", "FAILED")
  local options = pbx.options(letters)
  if options.e and not chan:is_up() then chan:indicate "progress" else chan:answer() end
  if not list then list = say.keys(chan, "vm-whichbox") end
  M.message(chan, list, options)
end

return M
