--- The advanced choices of a visit: reply, call back, envelope, call out, leave a message.
local pbx = require "pbx"
local forward = require "voicemail.forward"
local leave = require "voicemail.leave"
local mailbox = require "voicemail.mailbox"
local message = require "voicemail.message"
local say = require "voicemail.say"

local function sorry(visit) return say.hear(visit.chan, { "vm-sorry" }, say.any_key) end

--- A message for the mailbox of who left this one.
local function reply(visit)
  local number = message.number(visit:current().callerid)
  if not number then return say.hear(visit.chan, { "vm-nonumber" }, say.any_key) end
  local list = number .. "@" .. visit.box.context
  if not mailbox.find(list) then return say.hear(visit.chan, { "vm-nobox" }, say.any_key) end
  leave.message(visit.chan, list, { g = visit.gain_db })
end

--- Leave for an extension, once the visit is over; whether there is one.
local function leave_for(visit, context, number)
  if not pbx.exists(context, number) then
    say.hear(visit.chan, { "pbx-invalid" })
    return
  end
  visit.leaving = { context, number }
end

--- Ask for a number and call it.
local function call_out(visit)
  for _ = 1, 3 do
    local number, last = say.keys(visit.chan, { "vm-enter-num-to-call", "vm-then-pound", "vm-star-cancel" }, "*", 6000)
    if last == "*" then return end
    if number ~= "" then return leave_for(visit, visit.box:option "dialout", number) end
  end
end

--- Call who left the message, or another number, if that is permitted.
local function call_back(visit)
  local chan, box = visit.chan, visit.box
  local number = message.number(visit:current().callerid)
  local prompts = number and say.add(say.add({ "vm-num-i-have" }, message.caller(box, visit:current(), true)), { "vm-tocallnum" }) or { "vm-nonumber" }
  if box:option "dialout" then prompts[#prompts + 1] = number and "vm-calldiffnum" or "vm-toenternumber" end
  prompts[#prompts + 1] = "vm-star-cancel"
  for _ = 1, 4 do
    local key = say.ask(chan, prompts)
    if key == "*" then return end
    if key == "1" and number then return leave_for(visit, box:option "callback", number) end
    if (key == "2" or key == "1") and box:option "dialout" then return call_out(visit) end
    if key then say.hear(chan, { "vm-sorry" }) end
  end
end

local function envelope(visit)
  return say.hear(visit.chan, message.envelope(visit.chan, visit.box, visit:current(), true), say.any_key)
end

--- What there is to choose: key, prompt, what it does, and when it is offered.
local choices = {
  { "1", "vm-toreply", reply, function(visit) return visit:current() end },
  { "2", "vm-tocallback", call_back, function(visit) return visit:current() and visit.box:option "callback" end },
  { "3", "vm-tohearenv", envelope, function(visit) return visit:current() end },
  { "4", "vm-tomakecall", call_out, function(visit) return visit.box:option "dialout" end },
  { "5", "vm-leavemsg", forward.leave, function(visit) return visit.box:yes "sendvoicemail" end },
}

--- The menu; then the main menu goes on. A key that was pressed meanwhile.
return function(visit)
  for _ = 1, 4 do
    local prompts, offered, known = {}, {}, {}
    for _, choice in ipairs(choices) do
      known[choice[1]] = true
      if choice[4](visit) then
        prompts[#prompts + 1] = choice[2]
        offered[choice[1]] = choice[3]
      end
    end
    prompts[#prompts + 1] = "vm-starmain"
    local key = say.ask(visit.chan, prompts)
    if key == "*" then return nil end
    if key == "#" then return key end
    if known[key] then return (offered[key] or sorry)(visit) end
  end
end
