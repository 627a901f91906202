--- Names by the keys that have their letters.
local pbx = require "pbx"
local M = {}

local keys = {}
for key, letters in pairs { ["2"] = "abc2", ["3"] = "def3", ["4"] = "ghi4", ["5"] = "jkl5", ["6"] = "mno6", ["7"] = "pqrs7", ["8"] = "tuv8", ["9"] = "wxyz9", ["1"] = "1", ["0"] = "0" } do
  for letter in letters:gmatch(".") do keys[letter] = key end
end

-- Letters with marks are where those without are; names are UTF-8.
local plain = {
  ["ä"] = "a", ["à"] = "a", ["á"] = "a", ["â"] = "a", ["å"] = "a", ["æ"] = "a", ["ç"] = "c", ["è"] = "e", ["é"] = "e", ["ê"] = "e", ["ë"] = "e", ["ì"] = "i",
  ["í"] = "i", ["î"] = "i", ["ï"] = "i", ["ñ"] = "n", ["ö"] = "o", ["ò"] = "o", ["ó"] = "o", ["ô"] = "o", ["ø"] = "o", ["ü"] = "u", ["ù"] = "u", ["ú"] = "u",
  ["û"] = "u", ["ß"] = "s", ["Ä"] = "a", ["Å"] = "a", ["Æ"] = "a", ["Ç"] = "c", ["É"] = "e", ["È"] = "e", ["Ñ"] = "n", ["Ö"] = "o", ["Ø"] = "o", ["Ü"] = "u",
}

--- The keys of a name, without what no key has.
function M.keys(name)
  local text = name:gsub("[%z\1-\127\194-\244][\128-\191]*", function(letter) return plain[letter] or letter end):lower()
  return (text:gsub(".", function(letter) return keys[letter] or "" end))
end

--- What a name is looked up by, "first" or "last": it from there on.
local function part(name, which) return which == "last" and name:match("%s(.+)$") or name end

local function begins(name, pressed) return M.keys(name):sub(1, #pressed) == pressed end

--- The mailboxes of a context whose names begin with the keys: by "first", "last" or "both", and aliases; in the order of the last names.
function M.search(context, pressed, by, aliases)
  local found, general = {}, pbx.voicemail.option "searchcontexts"
  local everywhere = not context and general and ("yes true on 1"):find(general:lower(), 1, true)
  for _, box in ipairs(pbx.voicemail.boxes(everywhere and "*" or context or "default")) do
    local match
    if box.fullname ~= "" and not box.hidden then
      match = by ~= "first" and begins(part(box.fullname, "last"), pressed) or by ~= "last" and begins(box.fullname, pressed)
      for _, alias in ipairs(not match and aliases and box.aliases or {}) do match = match or begins(alias, pressed) end
    end
    if match then
      box.key = (by == "first" and box.fullname or part(box.fullname, "last") .. " " .. box.fullname):lower()
      found[#found + 1] = box
    end
  end
  table.sort(found, function(a, b) return a.key < b.key or a.key == b.key and a.name < b.name end)
  return found
end

return M
