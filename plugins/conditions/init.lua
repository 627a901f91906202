--- Choices within a line.
-- Functions: IF, EXISTS, ISNULL, SET, VARIABLE_EXISTS.
local pbx = require "pbx"
local M = { name = "conditions" }

--- IF(condition?yes:no). The colon that divides is the first one outside of quotes and parentheses.
local function choose(_, data)
  local condition, rest = data:match("^(.-)%?(.*)$")
  if not condition then error("IF: want condition?value:value; got: " .. data, 0) end
  local quoted, depth, at = false, 0, nil
  for i = 1, #rest do
    local c = rest:sub(i, i)
    if c == '"' then quoted = not quoted end
    if c == "(" then depth = depth + 1 elseif c == ")" then depth = depth - 1 end
    if c == ":" and not quoted and depth <= 0 then
      at = i
      break
    end
  end
  local value = pbx.truth(condition) and rest:sub(1, (at or #rest + 1) - 1) or at and rest:sub(at + 1) or ""
  value = value:match("^%s*(.-)%s*$")
  return value:match('^"([^"]*)"$') or value
end

local function assign(chan, data)
  local name, value = data:match("^%s*(.-)%s*=(.*)$")
  if not name or name == "" then error("SET: want NAME=value; got: " .. data, 0) end
  chan:set(name, value)
  return value
end

local function test(yes) return yes and "1" or "0" end

M.functions = {
  IF = { get = choose, raw = true, synopsis = "One of two values" },
  EXISTS = { get = function(_, data) return test(data ~= "") end, raw = true, synopsis = "1 if there is any text" },
  ISNULL = { get = function(_, data) return test(data == "") end, raw = true, synopsis = "1 if there is no text" },
  SET = { get = assign, raw = true, synopsis = "Set a variable and yield its value" },
  VARIABLE_EXISTS = { get = function(chan, name) return test(chan:get(name) ~= nil) end, raw = true, synopsis = "1 if a variable is set" },
}

return M
