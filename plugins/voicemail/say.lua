--- Words: what is said of numbers, messages and moments, as lists of prompts; and saying and asking.
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

--- Play prompts and wait for a key, six seconds or ms.
function M.ask(chan, prompts, ms) return M.hear(chan, prompts, M.any_key) or chan:digit(ms or 6000) end

--- Play prompts and read keys, of which the first may come during these, until # or one of more, or none for gap_ms: the keys, and that last one.
function M.keys(chan, prompts, more, gap_ms)
  if #prompts > 0 then chan:play(prompts, M.any_key) end -- the key stays for read
  local keys, _, last = chan:read { max = 80, timeout_ms = gap_ms or 2000, first_ms = 10000, terminators = "#" .. (more or "") }
  return keys, last
end

function M.add(list, more)
  for _, prompt in ipairs(more) do list[#list + 1] = prompt end
  return list
end

--- Each digit by itself.
function M.digits(text)
  local out = {}
  for digit in text:gmatch("%d") do out[#out + 1] = "digits/" .. digit end
  return out
end

function M.number(chan, n) return pbx.say.number(n, chan:language()) end

--- The number of messages, which are "die Nachricht" in German.
function M.messages_number(chan, n) return pbx.say.number(n, chan:language(), chan:language():find("^de") and "f" or nil) end

--- "message" or "messages".
function M.messages(n) return n == 1 and "vm-message" or "vm-messages" end

--- When a message came, in the words of the mailbox's zone, or else of the language.
function M.moment(chan, epoch, box)
  local zone, format = box:zone()
  local language = chan:language()
  if format then format = chan:expand(format)
  elseif language:find("^en") then format = "'vm-received' q 'digits/at' IMp"
  else format = "'vm-received' Q 'digits/at' HM" end
  return pbx.say.moment(epoch, zone, format, language)
end

return M
