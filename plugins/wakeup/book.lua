--- Who is to be woken when: the family wakeup of the database, "asked,at,attempt" of each person.
-- asked is the moment the person named, at the next attempt, both in seconds since 1970.
local pbx = require "pbx"
local M = {}

local family = "wakeup/"

local function entry_of(text)
  local asked, at, attempt = (text or ""):match("^(%d+),(%d+),(%d+)$")
  return asked and { asked = tonumber(asked), at = tonumber(at), attempt = tonumber(attempt) }
end

local function text_of(entry) return ("%d,%d,%d"):format(entry.asked, entry.at, entry.attempt) end

--- The entry of a person and its revision; nil without one.
function M.get(person)
  local text, revision = pbx.store:get(family .. person)
  return entry_of(text), revision
end

function M.all()
  local out = {}
  for key, text in pairs(pbx.store:list(family)) do out[key:sub(#family + 1)] = entry_of(text) end
  return out
end

--- The moment of four digits, hhmm: today, or tomorrow if that is past. nil for what is no time of day.
function M.next(digits)
  local hour, minute = digits:match("^(%d%d)(%d%d)$")
  if not hour or tonumber(hour) > 23 or tonumber(minute) > 59 then return nil end
  local now = pbx.time.now()
  local function on(moment)
    local f = pbx.time.fields(moment)
    return pbx.time.parse(("%04d-%02d-%02d %s:%s"):format(f.year, f.month, f.day, hour, minute), "", "%Y-%m-%d %H:%M")
  end
  local at = on(now)
  if at > now then return at end
  local f = pbx.time.fields(now)
  return on(now + (36 - f.hour) * 3600) -- about noon of tomorrow, however long this day is
end

--- Wakes somebody at a moment, instead of another one that was asked for before.
function M.put(person, at)
  at = math.floor(at)
  pbx.store:put(family .. person, text_of { asked = at, at = at, attempt = 0 })
  M.schedule(person, at)
end

--- Takes it back, if it is still that one; whether there was one.
function M.delete(person, asked)
  local entry = M.get(person)
  if not entry or asked and entry.asked ~= asked then return false end
  return pbx.store:delete(family .. person)
end

--- Has the task look at a person's entry when it is due; a little after the start for what was missed.
function M.schedule(person, at)
  local now = pbx.time.now()
  pbx.after(at > now and (at - now) * 1000 or 5000, "due", person)
end

--- The entry of a person who is to be rung now; nil if nobody is. The next attempt is written down before this one is made. What is long
-- past, since the PBX was off, and who did not answer the last attempt, is given up.
function M.claim(person)
  local entry, revision = M.get(person)
  local now = pbx.time.now()
  if not entry or entry.at > now + 0.5 then return nil end
  if entry.attempt > pbx.config.retries or now - entry.at > pbx.config.late_ms / 1000 then
    pbx.log("warning", ("wakeup: %s is given up after %d attempts"):format(person, entry.attempt))
    M.delete(person, entry.asked)
    return nil
  end
  local mine = { asked = entry.asked, at = math.ceil(now + (pbx.config.ring_ms + pbx.config.gap_ms) / 1000), attempt = entry.attempt + 1 }
  if not pbx.store:put(family .. person, text_of(mine), { revision = revision }) then return nil end -- another task was faster
  M.schedule(person, mine.at)
  return mine
end

return M
