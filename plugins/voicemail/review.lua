--- Recording: a message that a caller leaves, or a greeting of the mailbox's owner, until there is something to do.
local pbx = require "pbx"
local say = require "voicemail.say"

--- What is recorded is take.path, with the extension of the first format; take.duration_ms is 0 when there is nothing to store. The rest of
--- a take: box, beep (a prompt, or nil), max_s, least_ms; of a caller's also caller = true, urgent, operator (whether 0 leads to him), quiet_end.
local Take = {}

local function milliseconds(seconds) return seconds > 0 and seconds * 1000 or nil end

--- Record once; why it ended.
function Take:record()
  local chan, box = self.chan, self.box
  self.duration_ms = 0
  if self.prompt then say.hear(chan, { self.prompt }, "#") end
  if self.again then say.hear(chan, { "vm-intro" }, "#") end
  if self.beep then say.hear(chan, { self.beep }) end
  local done, why = chan:record {
    file = self.path .. "." .. box:format(), max_ms = milliseconds(self.max_s), min_ms = self.least_ms, silence_ms = milliseconds(box:number "maxsilence"),
    threshold = box:number "silencethreshold", terminators = self.operator and "#0" or "#", keep = self.caller, trim = true,
  }
  if not done then
    pbx.log("error", "VoiceMail: " .. why)
    self.failed = true
    return "error"
  end
  if done.why == "error" then self.failed = true end
  if done.duration_ms >= (self.least_ms or 0) then self.duration_ms = done.duration_ms end
  self.silent = done.why == "silence" and done.duration_ms - done.silence_ms < 1000
  return done.key == "0" and "operator" or done.why
end

--- Whether somebody who wants the operator wants the recording kept; 4 keeps it as urgent.
function Take:ask_to_keep()
  if self.duration_ms == 0 then return end
  local key = say.ask(self.chan, { "vm-saveoper" }, 3000)
  if key == "4" and self.caller and self.box:yes "leaveurgent" then
    self.urgent = true
    say.hear(self.chan, { "vm-marked-urgent" })
  elseif key ~= "1" then
    self.duration_ms = 0
    say.hear(self.chan, { "vm-deleted" })
  end
end

--- What may be done now.
function Take:choices()
  local out = { self.duration_ms > 0 and "vm-review" or "vm-torerecord" }
  if self.caller and self.duration_ms > 0 and self.box:yes "leaveurgent" then
    out[2] = self.urgent and "vm-review-nonurgent" or "vm-review-urgent"
  end
  if self.operator then out[#out + 1] = "vm-reachoper" end
  return out
end

-- The keys of the review. Each returns what to do, or nil to ask again.
local keys = {
  ["1"] = function(take) return take.duration_ms > 0 and "save" or "again" end,
  ["2"] = function(take)
    if take.duration_ms > 0 then say.hear(take.chan, { take.path }, say.any_key) end
  end,
  ["3"] = function() return "again" end,
  ["4"] = function(take)
    if not take.caller or not take.box:yes "leaveurgent" then return say.hear(take.chan, { "vm-sorry" }) end
    take.urgent = not take.urgent
    say.hear(take.chan, { take.urgent and "vm-marked-urgent" or "vm-marked-nonurgent" })
  end,
  ["0"] = function(take)
    if not take.operator then return say.hear(take.chan, { "vm-sorry" }) end
    take:ask_to_keep()
    return "operator"
  end,
  ["*"] = function() return "cancel" end,
}

--- Ask what to do with it: "save", "again", "operator" or "cancel". A caller who says nothing three times has it stored, an owner has not.
function Take:review()
  local silent = 0
  while silent < 3 do
    local key = say.ask(self.chan, self:choices())
    local verdict
    if not key then silent = silent + 1
    elseif keys[key] then verdict = keys[key](self)
    else say.hear(self.chan, { "vm-sorry" }) end
    if verdict then return verdict end
  end
  return self.caller and self.duration_ms > 0 and "save" or "cancel"
end

--- Record until there is something to do: "save" (which a hang-up of a caller is, too), "operator", "cancel" or "error".
function Take:run()
  local reviewed = not self.caller or self.box:yes "review"
  while true do
    local why = self:record()
    if why == "error" or why == "hangup" then return why == "error" and self.duration_ms == 0 and "error" or "save" end
    if why == "operator" then
      self:ask_to_keep()
      return "operator"
    end
    if not reviewed then return "save" end
    if self.silent then
      self.duration_ms = 0
      say.hear(self.chan, { "vm-nothingrecorded", "vm-speakup" })
    elseif self.duration_ms == 0 then
      say.hear(self.chan, { "vm-tooshort" })
    else
      say.hear(self.chan, { "auth-thankyou" })
    end
    local verdict = self:review()
    if verdict == "cancel" then self.duration_ms = 0 end
    if verdict ~= "again" then return verdict end
    self.again, self.prompt = self.caller, nil
  end
end

--- A take of fields, which is recorded by run.
return function(fields) return setmetatable(fields, { __index = Take }) end
