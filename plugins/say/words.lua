--- Numbers and letters as prompts, by language. Each function yields a list of prompts' names.
local M = {}

local function add(list, ...)
  for i = 1, select("#", ...) do list[#list + 1] = (select(i, ...)) end
  return list
end

--- Below 100, in the order of English: twenty, five.
local function english_tens(list, n)
  if n <= 20 then return add(list, "digits/" .. n) end
  add(list, "digits/" .. n - n % 10)
  if n % 10 > 0 then add(list, "digits/" .. n % 10) end
  return list
end

--- … and of German: five-and, twenty. gender f or n makes a last one "eine" or "ein".
local function german_tens(list, n, gender)
  if n == 1 and gender then return add(list, "digits/1" .. gender:upper()) end
  if n <= 20 then return add(list, "digits/" .. n) end
  if n % 10 > 0 then add(list, "digits/" .. n % 10 .. "-and") end
  return add(list, "digits/" .. n - n % 10)
end

local scales = { { 1e9, "digits/billion", "f" }, { 1e6, "digits/million", "f" }, { 1000, "digits/thousand", "n" }, { 100, "digits/hundred", "n" } }

local function number(list, n, tens, gender, german)
  for _, scale in ipairs(scales) do
    if n >= scale[1] then
      number(list, math.floor(n / scale[1]), tens, german and scale[3] or nil, german)
      add(list, scale[2])
      n = n % scale[1]
      if n == 0 then return list end
    end
  end
  return tens(list, n, gender)
end

local function is_german(language) return (language or ""):sub(1, 2) == "de" end

--- A whole number; gender is f or n where the language asks for it.
function M.number(n, language, gender)
  local list = {}
  if n < 0 then
    add(list, "digits/minus")
    n = -n
  end
  local german = is_german(language)
  gender = german and (gender == "f" or gender == "n") and gender or nil
  return number(list, n, german and german_tens or english_tens, gender, german)
end

--- The n-th of a month.
function M.ordinal(n)
  if n <= 20 or n == 30 then return { "digits/h-" .. n } end
  return { "digits/" .. n - n % 10, "digits/h-" .. n % 10 }
end

local signs = {
  ["!"] = "exclaimation-point", ["@"] = "at", ["$"] = "dollar", ["*"] = "asterisk", ["="] = "equals", ["+"] = "plus", ["/"] = "slash", [" "] = "space",
  ["."] = "dot", ["-"] = "dash",
}

--- A text letter by letter; spell makes a prompt's name of a letter. What has no prompt is left out.
function M.letters(text, spell)
  local list = {}
  for c in text:lower():gmatch(".") do
    if c:find("%d") then
      add(list, "digits/" .. c)
    elseif c:find("%a") then
      add(list, spell(c))
    elseif c == "#" then
      add(list, "digits/pound")
    elseif signs[c] then
      add(list, "letters/" .. signs[c])
    end
  end
  return list
end

M.is_german = is_german

return M
