--- How the tables of a language become prompts. README.md describes the tables.
local M = {}

local deepest = 30 -- a rule that leads back to itself ends here

--- The last rule of a table that begins at n or below.
local function find(rules, n)
  local found
  for _, rule in ipairs(rules) do
    if type(rule) == "table" and rule[1] <= n then found = rule end
  end
  return found
end

--- What a rule says of n, before the signs are put in.
local function form(rule, rest, gender)
  return rest == 0 and rule.none or rest == 1 and rule.one or gender and rule[gender] or rule[2]
end

local function digits(n) return ("%.0f"):format(n) end

--- Add to list what a table of the language says of n: a prompt for each word of the rule, and numbers in the place of < = >.
local function say(list, language, rules, n, gender, depth)
  local rule = depth < deepest and find(rules, n)
  if not rule then return list end
  local per = rule.per or math.max(rule[1], 1)
  local parts = { ["<"] = math.floor(n / per), [">"] = n % per, ["="] = n }
  for word in form(rule, parts[">"], gender):gmatch("%S+") do
    local sign, name, of = word:match("^([<=>])([%a_]*):?(%l?)$")
    if not sign then
      if parts[">"] > 0 or not word:find(">", 1, true) then
        list[#list + 1] = word:gsub("[<=>]", function(c) return digits(parts[c]) end)
      end
    elseif name ~= "" or sign ~= ">" or parts[">"] > 0 then
      if of == "" then of = sign ~= "<" and gender or nil end
      say(list, language, language[name ~= "" and name or "number"], parts[sign], of, depth + 1)
    end
  end
  return list
end

--- A whole number, or the n-th with table "ordinal".
function M.number(language, n, gender, rules)
  local list = {}
  if n < 0 then
    list[1] = language.minus
    n = -n
  end
  return say(list, language, language[rules or "number"], n, gender, 1)
end

--- What rules of a moment's letter say of n.
function M.field(language, rules, n) return say({}, language, rules, n, nil, 1) end

--- A noun, or an adjective, as n of it want it: the name of its recording with the ending of its number.
function M.ending(language, rules, n, name)
  local rule = find(language[rules], math.abs(n))
  return (rule[2]:gsub("=", function() return name end))
end

--- A text, letter by letter; how is "letter" or "phonetic". Digits have their own prompts. What has none is left out.
function M.letters(language, text, how)
  local list = {}
  for c in (text or ""):gmatch("[%z\1-\127\194-\244][\128-\191]*") do
    local pattern = c:find("^%d$") and language.digit or c:find("^%a$") and language[how]
    local prompt = pattern and pattern:gsub("=", (c:lower())) or language.signs[c]
    if prompt then list[#list + 1] = prompt end
  end
  return list
end

--- Digits and keys one by one.
function M.digits(language, text)
  local list = {}
  for c in (text or ""):gmatch("[%d*#%-]") do
    list[#list + 1] = language.keys[c] or (language.digit:gsub("=", c))
  end
  return list
end

return M
