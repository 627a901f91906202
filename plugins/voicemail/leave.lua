--- VoiceMail(box[@context][&box2…][,options]): greet the caller and record a message.
-- Sets VMSTATUS = SUCCESS | USEREXIT | FAILED and VM_MESSAGEFILE (without the extension).
local pbx = require "pbx"
local mailbox = require "voicemail.mailbox"
local say = require "voicemail.say"

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
  local exit = box:option "exitcontext"
  offer("*", exit or here, "a")
  if box:yes "operator" then offer("0", exit or here, "o") end
  if options.d then
    for key in ("0123456789"):gmatch(".") do offer(key, options.d == true and here or options.d, key) end
  end
  return out
end

local function leave_by(chan, way)
  chan:set("VMSTATUS", "USEREXIT")
  chan:go_to(way[1], way[2], 1)
end

--- Say the greeting and what to do; `#` skips the rest.
local function greet(chan, box, options)
  local prompts, recorded = greeting(box, options)
  if not (options.s or options.S and recorded) then prompts[#prompts + 1] = "vm-intro" end
  local ways, keys = exits(chan, box, options), "#"
  for key in pairs(ways) do keys = keys .. key end
  local key = say.hear(chan, prompts, keys)
  if key and ways[key] then leave_by(chan, ways[key]) end
  return ways["0"]
end

--- What the .txt says.
local function fields(chan, box, options)
  local id = chan:callerid()
  local all = id.number and id.number ~= "" and (id.name and id.name ~= "" and ('"%s" <%s>'):format(id.name, id.number) or id.number)
  return {
    origmailbox = box.name, context = chan:context(), exten = chan:exten(), rdnis = id.rdnis and id.rdnis ~= "" and id.rdnis or "unknown",
    priority = chan:priority(), callerchan = chan:name(), callerid = all or "Unknown", category = chan:get("VM_CATEGORY"),
    flag = options.U and "Urgent" or nil,
  }
end

--- Ask what to do with a recording: "save", "again", "operator" or "cancel". Whoever says nothing three times has it stored.
local function review(chan, path, message, operator)
  local silent = 0
  while silent < 3 do
    local prompts = { "vm-review", message.urgent and "vm-review-nonurgent" or "vm-review-urgent" }
    if operator then prompts[#prompts + 1] = "vm-reachoper" end
    local key = say.hear(chan, prompts, say.any_key) or chan:digit(6000)
    if not key then silent = silent + 1
    elseif key == "1" then return "save"
    elseif key == "2" then say.hear(chan, { path }, say.any_key)
    elseif key == "3" then return "again"
    elseif key == "4" then
      message.urgent = not message.urgent
      say.hear(chan, { message.urgent and "vm-marked-urgent" or "vm-marked-nonurgent" })
    elseif key == "0" and operator then return "operator"
    elseif key == "*" then return "cancel"
    else say.hear(chan, { "vm-sorry" }) end
  end
  return "save"
end

--- Whether somebody who wants the operator wants the recording kept.
local function keep_for_operator(chan)
  return (say.hear(chan, { "vm-saveoper" }, say.any_key) or chan:digit(3000)) == "1"
end

--- Record until there is something to do: what that is. message.duration_ms is 0 when there is nothing to store.
local function take(chan, box, path, options, operator, message)
  local milliseconds = function(name) return box:number(name) > 0 and box:number(name) * 1000 or nil end
  local verdict
  repeat
    message.duration_ms = 0
    if options.t ~= true then say.hear(chan, { options.t or "beep" }) end
    local done, why = chan:record {
      file = path .. "." .. box:format(), max_ms = milliseconds "maxsecs", min_ms = milliseconds "minsecs", silence_ms = milliseconds "maxsilence",
      threshold = box:number "silencethreshold", terminators = operator and "#0" or "#", keep = true, trim = true,
    }
    if not done then
      pbx.log("error", "VoiceMail: " .. why)
      return "cancel"
    end
    if done.duration_ms >= box:number "minsecs" * 1000 then message.duration_ms = done.duration_ms end
    if done.why == "hangup" then return "save" end
    if done.key == "0" then
      if message.duration_ms > 0 and not keep_for_operator(chan) then message.duration_ms = 0 end
      return "operator"
    end
    if message.duration_ms == 0 or not box:yes "review" then return "save" end
    verdict = review(chan, path, message, operator)
    if verdict == "cancel" or verdict == "operator" and not keep_for_operator(chan) then message.duration_ms = 0 end
  until verdict ~= "again"
  return verdict
end

--- Put what was recorded into every mailbox; whether the first has it.
local function deliver(chan, boxes, draft, message)
  local folder, stored = message.urgent and "Urgent" or "INBOX", false
  for i, box in ipairs(boxes) do
    local number, path = pbx.mailbox.deliver(box.context, box.name, folder, draft,
      { duration_ms = message.duration_ms, flag = message.urgent and "Urgent" or "", max = box:number "maxmsg" })
    if not number then
      pbx.log(path == "full" and "notice" or "error", "VoiceMail: mailbox " .. box.name .. "@" .. box.context .. ": " .. path)
    elseif i == 1 then
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
  local box = boxes[1]
  local draft, why = pbx.mailbox.draft(box.context, box.name, fields(chan, box, options))
  if not draft then
    pbx.log("error", "VoiceMail: " .. why)
    say.hear(chan, { "an-error-has-occurred" })
    return
  end
  local message = { urgent = options.U, duration_ms = 0 }
  local ok, what = pcall(take, chan, box, draft, options, operator, message)
  local stored = message.duration_ms > 0 and deliver(chan, boxes, draft, message)
  pbx.mailbox.discard(draft)
  if not ok then error(what, 0) end
  if what == "operator" then leave_by(chan, operator) end
  if stored then say.hear(chan, { box:yes "review" and "vm-msgsaved" or "auth-thankyou" })
  elseif what ~= "cancel" and message.duration_ms > 0 then say.hear(chan, { "an-error-has-occurred" }) end
end

return function(chan, list, letters)
  chan:set("VMSTATUS", "FAILED")
  local options = pbx.options(letters)
  if options.e and not chan:is_up() then chan:indicate "progress" else chan:answer() end
  if not list then
    chan:play("vm-whichbox", say.any_key) -- the key stays for read
    list = chan:read { max = 80, timeout_ms = 5000 }
  end
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
    pbx.log("notice", "VoiceMail: mailbox " .. box.name .. "@" .. box.context .. " is full")
    say.hear(chan, { "vm-mailboxfull" })
    return
  end
  record(chan, boxes, options, operator)
end
