--- Wake-up calls: a phone that rings at the time it was asked to, whatever happens to the PBX in between.
-- Codes: *68 (set), *61 (off), *#68 (hear it). Application: WakeUpCall, what the phone then hears. Command: wakeup show. See README.md.
local pbx = require "pbx"
local book = require "wakeup.book"
local M = { name = "wakeup", options = {
  retries = { "integer", 3, min = 0, max = 20 },
  gap_ms = { "integer", 60000, min = 1000 },
  ring_ms = { "integer", 30000, min = 1000 },
  snooze_ms = { "integer", 600000, min = 1000 },
  late_ms = { "integer", 900000, min = 0 },
  callerid = { "string", '"Wake-up call" <*68>' },
} }

--- Answer, with a breath before the first word.
local function greet(chan)
  if chan:is_up() then return end
  chan:answer()
  chan:wait(500)
end

--- Says a number of prompts, and the hour if there is one.
local function say(chan, prompts, epoch)
  greet(chan)
  for _, name in ipairs(prompts) do chan:play(name) end
  if epoch then chan:execute("SayUnixTime", ("%d,,IMp"):format(epoch)) end
end

--- The person whose phone this is; nil after a word to whom has none.
local function owner(chan)
  local person = pbx.person.of(chan)
  if not person then say(chan, { "feature-not-avail-line" }) end
  return person
end

--- *68hhmm, or the four digits are asked for.
local function set(chan, digits)
  local person = owner(chan)
  if not person then return -1 end
  for _ = 1, 3 do
    if digits == "" then
      greet(chan)
      chan:play("wakeup-enter-time", "0123456789")
      digits = chan:read { max = 4, first_ms = 10000, timeout_ms = 5000 }
    end
    local at = book.next(digits)
    if at then
      book.put(person, at)
      say(chan, { "wakeup-call", "has-been-set-to" }, at)
      return -1
    end
    say(chan, { "pbx-invalid" })
    digits = ""
  end
  return -1
end

local function off(chan)
  local person = owner(chan)
  if not person then return -1 end
  say(chan, { "wakeup-call", book.delete(person) and "cancelled" or "is-not-set" })
  return -1
end

local function tell(chan)
  local person = owner(chan)
  if not person then return -1 end
  local entry = book.get(person)
  say(chan, { "wakeup-call", entry and "is-set-to" or "is-not-set" }, entry and entry.asked)
  return -1
end

--- WakeUpCall(person): the hour; 1 for another call in a while.
local function wake_up(chan, person)
  chan:answer()
  chan:wait(500)
  chan:play("this-is-yr-wakeup-call", "1")
  if not chan:digit(0) then
    say(chan, { "current-time-is" }, pbx.time.now())
    chan:play("to-repeat&press-1", "1")
    if chan:digit(5000) ~= "1" then
      say(chan, { "goodbye" })
      return -1
    end
  end
  local again = math.floor(pbx.time.now() + pbx.config.snooze_ms / 1000)
  if person then book.put(person, again) end
  say(chan, { "wakeup-call", "has-been-set-to" }, again)
  return -1
end

--- Rings who is due; who is not reached is rung again, even if the PBX stops meanwhile.
function M.restore()
  for person, entry in pairs(book.all()) do book.schedule(person, entry.at) end
end

M.tasks = {
  due = function(person)
    local entry = book.claim(person)
    if not entry then return end -- taken back, or put off
    pbx.log("notice", ("wakeup: %s, attempt %d"):format(person, entry.attempt))
    local ok, why = pbx.originate { channel = pbx.dial_string("PJSIP", person), application = "WakeUpCall", data = person, callerid = pbx.config.callerid,
      timeout_ms = pbx.config.ring_ms, done = "rang", tag = { person = person, asked = entry.asked } }
    if not ok then pbx.log("warning", "wakeup: " .. person .. ": " .. why) end
  end,
  rang = function(result)
    local tag = result.tag
    if result.answered then
      book.delete(tag.person, tag.asked)
    else
      pbx.log("notice", ("wakeup: %s did not answer (%s)"):format(tag.person, tostring(result.status)))
    end
  end,
}

M.applications = { WakeUpCall = { run = wake_up, synopsis = "What a phone hears that is woken up" } }
M.features = {
  set = { code = "*68", number = "optional", run = set, synopsis = "Ask for a wake-up call: four digits, hhmm" },
  off = { code = "*61", run = off, synopsis = "No wake-up call" },
  tell = { code = "*#68", run = tell, synopsis = "Hear when the wake-up call comes" },
}
M.commands = {
  ["wakeup show"] = { synopsis = "Lists the wake-up calls", run = function(out)
    local people = {}
    for person in pairs(book.all()) do people[#people + 1] = person end
    table.sort(people)
    for _, person in ipairs(people) do
      local entry = book.get(person)
      out(("%-20s %s"):format(person, pbx.time.format(entry.at, nil, "%Y-%m-%d %H:%M:%S")))
    end
    return #people .. " wake-up calls"
  end },
}
M.module = { set = book.put, get = function(person) local entry = book.get(person) return entry and entry.asked end, cancel = book.delete }

return M
