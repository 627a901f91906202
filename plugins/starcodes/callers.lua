--- Who called last, and who is not to call any more.
local pbx = require "pbx"
local phone = require "starcodes.phone"
local M = {}

--- The last caller's number, said; nil after a word when there is none.
local function last(chan)
  local person = phone.owner(chan)
  local number = person and pbx.person.last_caller(person)
  if not person then return nil end
  if not number then
    phone.say(chan, "vm-nonumber")
    return nil
  end
  phone.say(chan, "info-about-last-call")
  phone.digits(chan, number)
  return number
end

--- Hear it, and call back with 1.
function M.last(chan)
  local number = last(chan)
  if not number then return -1 end
  chan:flush()
  chan:play("to-call-back&press-1", "1")
  if chan:digit(3000) ~= "1" then return -1 end
  local context = chan:context()
  for _, dialled in ipairs { number, pbx.config.prefix .. number } do
    if number:find("^%+?%d+$") and pbx.exists(context, dialled) then chan:go_to(context, dialled) end -- no codes: a caller may call himself *72…
  end
  phone.say(chan, "pbx-invalid")
  return -1
end

--- The site may ask for a number that only those know who may change what all phones take.
local function admitted(chan)
  local person = phone.owner(chan)
  if not person then return false end
  if pbx.config.pin == "" then return true end
  phone.greet(chan)
  for _ = 1, 3 do
    chan:play("access-password", "0123456789")
    if chan:read { max = 20, first_ms = 10000, timeout_ms = 5000 } == pbx.config.pin then return true end
    phone.say(chan, "access-denied")
  end
  return false
end

local function list(chan, number, on)
  if not pbx.person.set_blacklisted(number, on) then
    phone.say(chan, "pbx-invalid")
    return -1
  end
  phone.say(chan, "blacklist", "number")
  phone.digits(chan, number)
  phone.say(chan, on and "activated" or "de-activated")
  return -1
end

--- A feature that puts a number on the list or takes it off.
local function lists(on)
  return function(chan, number)
    if not admitted(chan) then return -1 end
    local wanted = phone.number(chan, number)
    return wanted and list(chan, wanted, on) or -1
  end
end

M.block, M.unblock = lists(true), lists(false)

function M.block_last(chan)
  if not admitted(chan) then return -1 end
  local number = pbx.person.last_caller(pbx.person.of(chan))
  if not number then
    phone.say(chan, "vm-nonumber")
    return -1
  end
  return list(chan, number, true)
end

return M
