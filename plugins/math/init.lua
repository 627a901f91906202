--- Reckoning.
-- Functions: MATH, INC, DEC, RAND, ABS, MIN, MAX.
local pbx = require "pbx"
local M = { name = "math" }

local function whole(x) return x < 0 and math.ceil(x) or math.floor(x) end

--- Bitwise a and b, or, xor, upon 32 bits.
local function bits(a, b, rule)
  local out, place = 0, 1
  a, b = whole(a) % 2 ^ 32, whole(b) % 2 ^ 32
  for _ = 1, 32 do
    if rule(a % 2, b % 2) then out = out + place end
    a, b, place = math.floor(a / 2), math.floor(b / 2), place * 2
  end
  return out
end

local operators = {
  ["+"] = function(a, b) return a + b end, ["-"] = function(a, b) return a - b end, ["*"] = function(a, b) return a * b end,
  ["/"] = function(a, b) return b ~= 0 and a / b or 0 end, -- as Asterisk: no error
  ["%"] = function(a, b) return whole(b) ~= 0 and math.fmod(whole(a), whole(b)) or 0 end,
  ["^"] = function(a, b) return a ^ b end,
  ["<<"] = function(a, b) return whole(a) * 2 ^ whole(b) end, [">>"] = function(a, b) return math.floor(whole(a) / 2 ^ whole(b)) end,
  AND = function(a, b) return bits(a, b, function(x, y) return x + y == 2 end) end,
  OR = function(a, b) return bits(a, b, function(x, y) return x + y > 0 end) end,
  XOR = function(a, b) return bits(a, b, function(x, y) return x ~= y end) end,
  ["<"] = function(a, b) return a < b end, [">"] = function(a, b) return a > b end, ["=="] = function(a, b) return a == b end,
  ["<="] = function(a, b) return a <= b end, [">="] = function(a, b) return a >= b end,
}
operators.MOD = operators["%"]

local formats = {
  f = function(x) return ("%f"):format(x) end, i = function(x) return ("%.0f"):format(whole(x)) end,
  h = function(x) return ("%x"):format(whole(x)) end, c = function(x) return string.char(whole(x) % 256) end,
}

--- MATH(number operator number[,type]); type: float (as %f; what counts if none is given), int, hex, char. A comparison is TRUE or FALSE.
local function reckon(_, expression, type)
  expression = expression or ""
  local a, operator, b = expression:match("^%s*([+-]?[%d.]+)%s*([%+%-%*/%%%^<>=]+)%s*([+-]?[%d.]+)%s*$")
  if operator and #operator > 1 and operator:find("[+-]$") and operators[operator:sub(1, -2)] then
    b, operator = operator:sub(-1) .. b, operator:sub(1, -2) -- 3*-2
  end
  if not a then
    a, operator, b = expression:match("^%s*([+-]?[%d.]+)%s*(%a+)%s*([+-]?[%d.]+)%s*$")
  end
  local f = operators[(operator or ""):upper()]
  a, b = tonumber(a), tonumber(b)
  if not f or not a or not b then error("MATH: want number, operator, number; got: " .. expression, 0) end
  local result = f(a, b)
  if result == true then return "TRUE" elseif result == false then return "FALSE" end
  local format = formats[(type or "f"):sub(1, 1):lower()]
  if not format then error("MATH: unknown type '" .. type .. "'; want float, int, hex or char", 0) end
  return format(result)
end

--- INC(variable) and DEC(variable) change it and yield what it is then.
local function adding(step, what)
  return function(chan, name)
    local value = name and tonumber(chan:get(name))
    if not value then error(what .. ": variable '" .. (name or "") .. "' holds no number", 0) end
    chan:set(name, ("%.0f"):format(whole(value) + step))
    return chan:get(name)
  end
end

--- A bound of RAND: what math.random takes.
local function bound(text, missing) return math.max(-2147483648, math.min(tonumber(text) or missing, 2147483647)) end

local function random(_, low, high)
  low, high = bound(low, 0), bound(high, 2147483647)
  if high < low then low, high = high, low end
  return ("%.0f"):format(math.random(low, high))
end

local function extreme(better)
  return function(_, ...)
    local best
    for i = 1, select("#", ...) do
      local n = tonumber((select(i, ...)))
      if n and (not best or better(n, best)) then best = n end
    end
    return best
  end
end

M.functions = {
  MATH = { get = reckon, synopsis = "The result of one operation" },
  INC = { get = adding(1, "INC"), synopsis = "Add one to a variable" },
  DEC = { get = adding(-1, "DEC"), synopsis = "Take one from a variable" },
  RAND = { get = random, synopsis = "A random number" },
  ABS = { get = function(_, x) return math.abs(tonumber(x) or 0) end, synopsis = "A number without its sign" },
  MIN = { get = extreme(function(a, b) return a < b end), synopsis = "The smallest of some numbers" },
  MAX = { get = extreme(function(a, b) return a > b end), synopsis = "The greatest of some numbers" },
}

return M
