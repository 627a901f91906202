--- Speed dials: numbers that are kept behind two digits, a person's own and the site's.
local pbx = require "pbx"
local phone = require "starcodes.phone"
local M = {}

local function key(person, slot) return "AMPUSER/" .. person .. "/speeddials/" .. slot end

--- A person's own number of a slot, or the site's.
local function kept(person, slot) return pbx.store:get(key(person, slot)) or pbx.store:get("sysspeeddials/" .. slot) end

--- *75 SS number keeps it; *75 SS tells what is kept.
function M.set(chan, digits)
  local person = phone.owner(chan)
  if not person then return -1 end
  local slot, number = digits:match("^(%d%d)([%d*#]*)$")
  if not slot then
    phone.say(chan, "pbx-invalid")
    return -1
  end
  phone.say(chan, "speed-dial")
  phone.digits(chan, slot)
  if number ~= "" then
    pbx.store:put(key(person, slot), number)
    phone.say(chan, "has-been-set-to")
  else
    number = kept(person, slot)
    phone.say(chan, number and "is-set-to" or "is-not-set")
  end
  if number then phone.digits(chan, number) end
  return -1
end

--- *0 SS calls it.
function M.dial(chan, slot)
  local person = pbx.person.of(chan)
  local number = person and slot:find("^%d%d?$") and kept(person, ("0" .. slot):sub(-2))
  local context = chan:context()
  if not number or not pbx.exists(context, number) then
    phone.say(chan, number and "pbx-invalid" or "speed-dial-empty")
    return -1
  end
  chan:go_to(context, number)
end

return M
