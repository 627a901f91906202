--- The commands that show profiles and menus.
local profile = require "confbridge.profile"
local M = {}

local function word(value)
  if type(value) == "boolean" then return value and "yes" or "no" end
  return tostring(value)
end

local function one(kind)
  return function(out, name)
    local found = name and profile.find(kind, name)
    if not found then
      out(name and "No " .. kind .. " profile named '" .. name .. "' found!" or "Want the name of a " .. kind .. " profile")
      return
    end
    out("Name: " .. name)
    local options = {}
    for option in pairs(found) do options[#options + 1] = option end
    table.sort(options)
    for _, option in ipairs(options) do
      if option ~= "pin" then out(("%-30s %s"):format(option, word(found[option]))) end
    end
    if found.pin and found.pin ~= "" then out(("%-30s %s"):format("pin", "is asked for")) end
  end
end

local function all(kind)
  return function(out)
    out(kind == "menu" and "--------- Menus -----------" or "--------- " .. kind:sub(1, 1):upper() .. kind:sub(2) .. " Profiles -----------")
    for _, name in ipairs(profile.names(kind)) do out(name) end
  end
end

local function menu(out, name)
  local keys, lines = profile.menu(name or "")
  if not keys then
    out(name and "No menu named '" .. name .. "' found!" or "Want the name of a menu")
    return
  end
  out("Name: " .. name)
  for _, line in ipairs(lines) do out(line) end
end

M.commands = {
  ["confbridge show profile users"] = { run = all "user", synopsis = "Lists the user profiles of confbridge.conf" },
  ["confbridge show profile user"] = { run = one "user", synopsis = "Shows a user profile" },
  ["confbridge show profile bridges"] = { run = all "bridge", synopsis = "Lists the bridge profiles of confbridge.conf" },
  ["confbridge show profile bridge"] = { run = one "bridge", synopsis = "Shows a bridge profile" },
  ["confbridge show menus"] = { run = all "menu", synopsis = "Lists the menus of confbridge.conf" },
  ["confbridge show menu"] = { run = menu, synopsis = "Shows the keys of a menu" },
}

return M
