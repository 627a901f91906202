--- What all star codes do with a caller: know him, say things, ask for a number.
local pbx = require "pbx"
local M = {}

--- Answer, with a breath before the first word. What a code does is done before, so who hangs up at once has it done, too.
function M.greet(chan)
  if chan:is_up() then return end
  chan:answer()
  chan:wait(500)
end

function M.say(chan, ...)
  M.greet(chan)
  for _, name in ipairs { ... } do
    local ok, why = chan:play(name)
    if not ok and why then pbx.log_once("warning", "starcodes: " .. why) end
  end
end

--- Digits, stars and pounds one by one.
function M.digits(chan, number) chan:execute("SayDigits", number) end

--- The person whose phone this is; nil after a word to whom has none.
function M.owner(chan)
  local person = pbx.person.of(chan)
  if not person then M.say(chan, "feature-not-avail-line") end
  return person
end

--- Whether the number behind a lamp's code, if there is one, is his own: the lamp's key may be on another's phone, too.
function M.own(chan, person, number)
  if not number or number == "" or number == person or number == chan:callerid().number then return true end
  M.say(chan, "feature-not-avail-line")
  return false
end

--- The number behind the code, or one that the caller is asked for; nil if he gave none.
function M.number(chan, number)
  if number ~= "" then return number end
  M.greet(chan)
  for _ = 1, 3 do
    chan:play("please-enter-the&number&followed-by-pound", "0123456789*")
    number = chan:read { max = 24, first_ms = 10000, timeout_ms = 5000 }
    if number ~= "" then return number end
  end
  M.say(chan, "goodbye")
end

return M
