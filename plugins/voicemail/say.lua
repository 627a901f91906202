--- Words: what is said of numbers, messages and moments, as lists of prompts; and saying them.
local pbx = require "pbx"
local M = {}

M.any_key = "0123456789*#"

--- Play prompts; the key of keys that stopped them.
function M.hear(chan, prompts, keys)
  if #prompts == 0 then return nil end
  local ok, why, key = chan:play(prompts, keys)
  if ok then key = why else pbx.log_once("warning", "VoiceMail: " .. why) end
  if key then chan:digit(0) end
  return key
end

local function add(list, more)
  for _, prompt in ipairs(more) do list[#list + 1] = prompt end
  return list
end
M.add = add

--- Each digit by itself.
function M.digits(text)
  local out = {}
  for digit in text:gmatch("%d") do out[#out + 1] = "digits/" .. digit end
  return out
end

--- 0 to 9999 in words.
function M.number(n)
  if n >= 1000 then
    local out = add(M.number(math.floor(n / 1000)), { "digits/thousand" })
    return n % 1000 == 0 and out or add(out, M.number(n % 1000))
  elseif n >= 100 then
    local out = { "digits/" .. math.floor(n / 100), "digits/hundred" }
    return n % 100 == 0 and out or add(out, M.number(n % 100))
  elseif n <= 20 or n % 10 == 0 then
    return { "digits/" .. n }
  end
  return { "digits/" .. (n - n % 10), "digits/" .. n % 10 }
end

--- "three new messages".
function M.messages(n, folder) return add(M.number(n), { "vm-" .. folder, n == 1 and "vm-message" or "vm-messages" }) end

--- "Monday, November the second, at nine, oh five A M".
function M.moment(epoch, zone)
  local at = pbx.time.fields(epoch, zone)
  local out = { "digits/day-" .. at.wday - 1, "digits/mon-" .. at.month - 1 }
  if at.day > 20 and at.day % 10 ~= 0 then
    out[#out + 1] = "digits/" .. (at.day - at.day % 10)
    out[#out + 1] = "digits/h-" .. at.day % 10
  else
    out[#out + 1] = "digits/h-" .. at.day
  end
  add(add(out, { "digits/at" }), M.number((at.hour + 11) % 12 + 1))
  if at.min == 0 then
    out[#out + 1] = "digits/oclock"
  else
    if at.min < 10 then out[#out + 1] = "digits/oh" end
    add(out, M.number(at.min))
  end
  return add(out, { at.hour < 12 and "digits/a-m" or "digits/p-m" })
end

return M
