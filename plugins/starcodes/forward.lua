--- Call forwarding: always, when busy, when there is no answer.
local pbx = require "pbx"
local phone = require "starcodes.phone"
local M = {}

local names = { always = "call-fwd-unconditional", busy = "call-fwd-on-busy", noanswer = "call-fwd-no-ans" }

--- Why a number cannot be forwarded to, as the prompt that says so; nil if it can. Codes are none: what they do is for who is at the phone.
local function objection(chan, person, number)
  if number == person or number == chan:callerid().number or not number:find("^%d+$") or not pbx.exists(pbx.person.context(chan), number) then
    return "pbx-invalid"
  end
  if not pbx.tollguard.allows(person, "forward", number) then return "not-auth-pstn" end
end

--- Forwards to number, or one that is asked for.
local function set(chan, person, when, number)
  number = phone.number(chan, number)
  if not number then return -1 end
  local why = objection(chan, person, number)
  if why then
    phone.say(chan, why)
    return -1
  end
  pbx.person.set_forward(person, when, number)
  phone.say(chan, names[when], "has-been-set-to")
  phone.digits(chan, number)
  return -1
end

local function clear(chan, person, when)
  pbx.person.set_forward(person, when, nil)
  phone.say(chan, names[when], "de-activated")
  return -1
end

--- A feature of whom a phone belongs to.
local function of_owner(run)
  return function(chan, number)
    local person = phone.owner(chan)
    return person and run(chan, person, number) or -1
  end
end

function M.set(when) return of_owner(function(chan, person, number) return set(chan, person, when, number) end) end
function M.clear(when) return of_owner(function(chan, person) return clear(chan, person, when) end) end

M.toggle = of_owner(function(chan, person, number)
  if not phone.own(chan, person, number) then return -1 end
  if pbx.person.forward(person, "always") then return clear(chan, person, "always") end
  return set(chan, person, "always", "")
end)

function M.tell(when)
  return of_owner(function(chan, person)
    local number = pbx.person.forward(person, when)
    if not number then
      phone.say(chan, names[when], "is-not-set")
      return -1
    end
    phone.say(chan, names[when], "is-set-to")
    phone.digits(chan, number)
    return -1
  end)
end

return M
