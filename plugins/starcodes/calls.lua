--- Codes that make a call: hidden, to phones that answer by themselves, and to the PBX itself.
local pbx = require "pbx"
local phone = require "starcodes.phone"
local M = {}

--- *67 number: the number is called, and not told who does.
function M.hide(chan, number)
  local context = chan:context()
  if not pbx.exists(context, number) then
    phone.greet(chan)
    phone.say(chan, "pbx-invalid")
    return -1
  end
  chan:set_callerid { presentation = "prohib" }
  chan:go_to(context, number)
end

--- The headers at which phones answer by themselves; makers differ, so both of the common ones.
local function answer_at_once(leg)
  for name, value in pairs { ["Alert-Info"] = pbx.config.alert_info, ["Call-Info"] = pbx.config.call_info } do
    if value ~= "" then leg:set_header("add", name, value) end
  end
end

--- *80 person: his phone answers by itself, unless he talks or is not to be disturbed.
function M.intercom(chan, person)
  local known = person:find("^[%w_.-]+$") and pbx.device_state("PJSIP/" .. person)
  if not known or known == "INVALID" then
    phone.greet(chan)
    phone.say(chan, "pbx-invalid")
    return -1
  end
  if not pbx.person.takes_calls(person, true) then
    chan:execute("Busy", "10")
    return -1
  end
  local result = chan:dial { targets = { pbx.dial_string("PJSIP", person) }, timeout_ms = pbx.config.intercom_seconds * 1000,
    ignore_forwards = true, before = answer_at_once }
  if not result.peer then
    phone.greet(chan)
    phone.say(chan, "the-party-you-are-calling", "is-curntly-unavail")
    return -1
  end
  chan:answer()
  chan:bridge(result.peer)
  return -1
end

function M.echo(chan)
  phone.greet(chan)
  phone.say(chan, "demo-echotest")
  chan:echo()
  phone.say(chan, "demo-echodone", "goodbye")
  return -1
end

function M.clock(chan)
  phone.greet(chan)
  phone.say(chan, "current-time-is")
  chan:execute("SayUnixTime", ",,IMp")
  phone.say(chan, "beep")
  return -1
end

function M.own_number(chan)
  phone.greet(chan)
  local number = pbx.person.of(chan) or ""
  if not number:find("^%d+$") then number = chan:callerid().number end
  phone.say(chan, "extension", "number", "is")
  phone.digits(chan, number)
  return -1
end

return M
