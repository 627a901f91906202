--- Codes that make a call: hidden, to phones that answer by themselves, and to the PBX itself.
local pbx = require "pbx"
local phone = require "starcodes.phone"
local M = {}

--- *67 number: the number is called, and not told who does.
function M.hide(chan, number)
  local context = chan:context()
  if not pbx.exists(context, number) then
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
    phone.say(chan, "the-party-you-are-calling", "is-curntly-unavail")
    return -1
  end
  chan:answer()
  chan:bridge(result.peer)
  return -1
end

--- The phones of a group of starcodes.conf: a section of its number with members = 101&102.
local function members(group)
  for _, section in ipairs(pbx.config_sections()) do
    if section.name == group and section.options.members then return pbx.split(section.options.members, "&") end
  end
end

local page_context = "starcodes-page" -- its extension 1 is what Page runs for each phone before it rings

--- *84 group: all of them that are idle hear the caller.
function M.page(chan, group)
  local list, all = {}, members(group)
  for _, person in ipairs(all or {}) do
    person = person:match("^%s*(.-)%s*$")
    if person ~= pbx.person.of(chan) and pbx.person.takes_calls(person, true) then list[#list + 1] = pbx.dial_string("PJSIP", person) end
  end
  if #list == 0 then
    phone.say(chan, all and "tt-allbusy" or "pbx-invalid")
    return -1
  end
  local verdict, why = chan:execute("Page", ("%s,ib(%s^1^1),%d"):format(table.concat(list, "&"), page_context, pbx.config.intercom_seconds))
  if not verdict then error("starcodes: page: " .. why, 0) end
  return verdict
end

function M.page_phone(leg)
  answer_at_once(leg)
  leg:gosub_return()
end
M.page_context = page_context

function M.echo(chan)
  phone.say(chan, "demo-echotest")
  chan:echo()
  phone.say(chan, "demo-echodone", "goodbye")
  return -1
end

function M.clock(chan)
  phone.say(chan, "current-time-is")
  chan:execute("SayUnixTime", ",,IMp")
  phone.say(chan, "beep")
  return -1
end

function M.own_number(chan)
  local number = pbx.person.of(chan) or ""
  if not number:find("^%d+$") then number = chan:callerid().number end
  phone.say(chan, "extension", "number", "is")
  phone.digits(chan, number)
  return -1
end

return M
