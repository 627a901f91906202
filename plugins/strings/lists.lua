--- Lists in variables: values with a separator between them, "," unless another is given.
local pbx = require "pbx"

--- ARRAY(a,b,…) = "1,2,…": each variable gets its value, those beyond the values an empty one.
local function array(chan, value, ...)
  local values = {}
  for piece in (value .. ","):gmatch('%s*("?.-"?)%s*,') do
    values[#values + 1] = piece:match('^"(.*)"$') or piece
  end
  for i = 1, select("#", ...) do
    local name = select(i, ...)
    if name then chan:set(name:match("^%s*(.-)%s*$"), values[i] or "") end
  end
end

--- A list's value, and the separator, from an argument NAME[,separator].
local function list(chan, name, separator)
  if not name then error("want the name of a variable", 0) end
  return pbx.split(chan:get(name) or "", separator or ","), separator or ","
end

--- SHIFT and POP take the element at one end off the list and yield it.
local function taking(at)
  return function(chan, name, separator)
    local values, between = list(chan, name, separator)
    local value = table.remove(values, at == "first" and 1 or #values)
    chan:set(name, table.concat(values, between))
    return value or ""
  end
end

--- UNSHIFT and PUSH put elements there.
local function giving(at)
  return function(chan, value, name, separator)
    local values, between = list(chan, name, separator)
    if at == "first" then table.insert(values, 1, value) else values[#values + 1] = value end
    chan:set(name, table.concat(values, between))
  end
end

local function listfilter(chan, name, separator, value)
  local values, between = list(chan, name, separator)
  local out = {}
  for _, v in ipairs(values) do
    if v ~= value then out[#out + 1] = v end
  end
  return table.concat(out, between)
end

--- SORT(key:number,…): the keys by their numbers.
local function sort(_, ...)
  local entries = {}
  for i = 1, select("#", ...) do
    local key, number = (select(i, ...) or ""):match("^(.-):(.*)$")
    if key then entries[#entries + 1] = { key = key, number = tonumber(number) or 0, place = i } end
  end
  table.sort(entries, function(a, b)
    if a.number ~= b.number then return a.number < b.number end
    return a.place < b.place
  end)
  for i, e in ipairs(entries) do entries[i] = e.key end
  return table.concat(entries, ",")
end

return {
  ARRAY = { set = array, synopsis = "Set several variables at once" },
  SHIFT = { get = taking("first"), synopsis = "Take the first element off a list" },
  POP = { get = taking("last"), synopsis = "Take the last element off a list" },
  UNSHIFT = { set = giving("first"), synopsis = "Put an element at a list's beginning" },
  PUSH = { set = giving("last"), synopsis = "Put an element at a list's end" },
  LISTFILTER = { get = listfilter, synopsis = "A list without the elements of one value" },
  SORT = { get = sort, synopsis = "Keys in the order of their numbers" },
}
