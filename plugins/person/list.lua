--- What all people wish, for the command line.
local pbx = require "pbx"

local wishes = {
  { "CF", "all calls to %s" }, { "CFB", "busy to %s" }, { "CFU", "no answer to %s" }, { "DND", "do not disturb" }, { "CW", "call waiting %s" },
}

--- person show [PERSON]
return function(out, wanted)
  local people, names = {}, {}
  local function note(person, text)
    if wanted and person ~= wanted then return end
    if not people[person] then
      people[person] = {}
      names[#names + 1] = person
    end
    table.insert(people[person], text)
  end
  for _, wish in ipairs(wishes) do
    local family, text = wish[1] .. "/", wish[2]
    for key, value in pairs(pbx.store:list(family)) do
      if value ~= "" then note(key:sub(#family + 1), (text:gsub("%%s", function() return value:lower() end))) end
    end
  end
  for key, value in pairs(pbx.store:list("AMPUSER/")) do
    local person = key:match("^AMPUSER/(.+)/followme/ddial$")
    if person and value == "DIRECT" then note(person, "followed") end
  end
  table.sort(names)
  for _, person in ipairs(names) do out(("%-20s %s"):format(person, table.concat(people[person], ", "))) end
  return #names == 1 and "1 person has wishes" or #names .. " people have wishes"
end
