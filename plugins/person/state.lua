--- What is kept of a person, in the families of astdb that FreePBX has, and the lamps that show it.
local pbx = require "pbx"
local M = {}

local families = { always = "CF", busy = "CFB", noanswer = "CFU" }

local function get(family, person)
  local value = pbx.store:get(family .. "/" .. person)
  return value ~= "" and value or nil
end

local function put(family, person, value)
  if value then
    pbx.store:put(family .. "/" .. person, value)
  else
    pbx.store:delete(family .. "/" .. person)
  end
end

local function lamp(name, person, on)
  pbx.device_state("Custom:" .. name .. person, on and "INUSE" or "NOT_INUSE")
end

--- The number that a person's calls go to: when is "always", "busy" or "noanswer"; nil without one.
function M.forward(person, when) return get(families[when], person) end

--- Lets them go to number; nil: no more. The lamps Custom:CF…, Custom:CFB…, Custom:CFU… follow.
function M.set_forward(person, when, number)
  put(families[when], person, number)
  lamp(families[when], person, number)
end

function M.dnd(person) return get("DND", person) == "YES" end

function M.set_dnd(person, on)
  put("DND", person, on and "YES" or nil)
  lamp("DND", person, on)
end

--- Whether a second call rings while he talks; without a word of his own, what person.conf says.
function M.waiting(person)
  local value = get("CW", person)
  if not value then return pbx.config.call_waiting end
  return value == "ENABLED"
end

function M.set_waiting(person, on) put("CW", person, on and "ENABLED" or "DISABLED") end

--- Whether his calls go on to FollowMe when he does not answer.
function M.followed(person) return get("AMPUSER", person .. "/followme/ddial") == "DIRECT" end

function M.set_followed(person, on)
  put("AMPUSER", person .. "/followme/ddial", on and "DIRECT" or "EXTENSION")
  lamp("FOLLOWME", person, on)
end

--- A number as the key of a family; nil for none and for what is no number.
local function number_key(number) return number and number:match("^%+?[%w*#]+$") end

function M.last_caller(person) return get("CALLTRACE", person) end

function M.note_caller(person, number)
  if number_key(number) then put("CALLTRACE", person, number) end
end

function M.blacklisted(number) return number_key(number) ~= nil and get("blacklist", number) ~= nil end

--- Whether that could be done: not with what is no number.
function M.set_blacklisted(number, on)
  if not number_key(number) then return false end
  put("blacklist", number, on and "1" or nil)
  return true
end

local talking = { INUSE = true, BUSY = true, RINGINUSE = true, ONHOLD = true }

--- Whether he talks and no second call may ring.
function M.engaged(person) return not M.waiting(person) and talking[pbx.device_state("PJSIP/" .. person)] == true end

--- Whether a call to a group may ring him: he is not to be left alone, and not engaged; skip_busy: not talking at all.
function M.takes_calls(person, skip_busy)
  if M.dnd(person) or M.engaged(person) then return false end
  return not (skip_busy and talking[pbx.device_state("PJSIP/" .. person)])
end

return M
