--- DialPerson: the phone rings, or a forward of his leads elsewhere.
local pbx = require "pbx"
local state = require "person.state"
local M = {}

--- Where forwards are dialled: person.conf, the variable FORWARD_CONTEXT, or where the call is.
function M.context(chan)
  local context = pbx.config.context
  if context == "" then context = chan:get("FORWARD_CONTEXT") or "" end
  return context ~= "" and context or chan:context()
end

local way_variable = "FORWARDED_THROUGH" -- exten@context, commas between; the engine keeps it of phones' own forwards, too

--- Whether the call may be forwarded there at all: "busy" in a circle or after too many, "refused" by the guard.
local function objection(person, number, here, way)
  local count = 0
  for place in way:gmatch("[^,]+") do
    count = count + 1
    if place == here then
      pbx.log("warning", "DialPerson: " .. person .. " forwards to " .. here .. ", where the call was already")
      return "busy"
    end
  end
  if count >= pbx.config.max_forwards then
    pbx.log("warning", "DialPerson: " .. person .. " forwards a call that was forwarded " .. count .. " times")
    return "busy"
  end
  if not number:find("^%+?%d+$") or not pbx.tollguard.allows(person, "forward", number) then
    pbx.log("warning", "DialPerson: " .. person .. " may not forward to " .. number .. "; see tollguard.conf")
    return "refused"
  end
end

--- Dial, without leaving the application: what DialPerson has to return, nil to go on.
local function dial(chan, target, seconds, options)
  local verdict, why = chan:execute("Dial", target .. "," .. (seconds or "") .. "," .. (options or ""))
  if not verdict then error("DialPerson: " .. why, 0) end
  return verdict ~= 0 and verdict or nil
end

--- The call goes on to number, told by 181 and Diversion. Whether it did; what DialPerson has to return.
local function forward(chan, person, number, reason, seconds, options)
  local context, way = M.context(chan), chan:get(way_variable) or ""
  local here = number .. "@" .. context
  local no = objection(person, number, here, way)
  if no == "refused" then return false end
  if no == "busy" then
    chan:set("DIALSTATUS", "BUSY")
    return true
  end
  pbx.log("notice", "DialPerson: " .. person .. " forwards (" .. reason .. ") to " .. here)
  if not chan:is_up() then chan:indicate("forwarded") end
  local before = chan:callerid()
  if before.rdnis == "" then
    local dialled = chan:exten()
    chan:set_callerid { rdnis = not person:find("^%d+$") and dialled:find("^%d+$") and dialled or person }
  end
  chan:set_callerid { reason = reason }
  local mark = pbx.tollguard.mark(chan, "forward", person, number)
  chan:set("__" .. way_variable, way == "" and here or way .. "," .. here)
  local verdict = dial(chan, "Local/" .. here, seconds, options)
  if verdict then return true, verdict end
  chan:set("__" .. way_variable, way)
  pbx.tollguard.restore(chan, mark)
  chan:set_callerid { rdnis = before.rdnis, reason = before.reason }
  return true
end

--- The phone itself: DIALSTATUS is BUSY without ringing when he is not to be disturbed, or talks and has no call waiting.
local function ring(chan, person, seconds, options)
  if state.dnd(person) or state.engaged(person) then
    chan:set("DIALSTATUS", "BUSY")
    return
  end
  return dial(chan, pbx.dial_string("PJSIP", person), seconds, options)
end

local forwards = { BUSY = { "busy", "cfb" }, NOANSWER = { "noanswer", "cfnr" }, CHANUNAVAIL = { "noanswer", "unavailable" } }

--- DialPerson(person[,seconds[,options]]); see README.md. DIALSTATUS and the other variables are Dial's.
function M.run(chan, person, seconds, options)
  if not person then error("DialPerson: want DialPerson(person[,seconds[,options]])", 0) end
  local caller = chan:callerid().number
  if state.blacklisted(caller) then
    pbx.log("notice", "DialPerson: " .. caller .. " is on the blacklist")
    chan:hangup("CALL_REJECTED")
    return -1
  end
  state.note_caller(person, caller)
  local number = state.forward(person, "always")
  if number then
    local went, verdict = forward(chan, person, number, "cfu", seconds, options)
    if went then return verdict end
  end
  local verdict = ring(chan, person, seconds, options)
  if verdict then return verdict end
  local how = forwards[chan:get("DIALSTATUS") or ""]
  local second = how and state.forward(person, how[1])
  if second then
    local went, last = forward(chan, person, second, how[2], seconds, options)
    if went then return last end
  end
  if how and state.followed(person) then
    local last, why = chan:execute("FollowMe", person .. ",s")
    if not last then error("DialPerson: " .. why, 0) end
    return last ~= 0 and last or nil
  end
end

return M
