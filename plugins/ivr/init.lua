--- Voice menus as tables: pbx.ivr.menu{ prompt=, keys={}, … } is an extension, or a key's choice in another menu.
local pbx = require "pbx"
local M = { name = "ivr" }

local menus = setmetatable({}, { __mode = "k" }) -- from the function that menu() gave to one that yields what it was made of

--- A menu. It is a function: put it where an extension's stands, call it in one, or give it to a key. Its table is checked when the dialplan is
-- loaded, and not again until a call comes to it: every call runs extensions.lua, and few come to a menu.
local function menu(t)
  local made, making
  local function checked()
    if made then return made end
    if making then error("pbx.ivr.menu: this menu is a key's choice in itself; write \"repeat\", or a function that returns the menu", 3) end
    making = true
    local problems
    made, problems = require "ivr.check".menu(t, menus)
    making = false
    if #problems > 0 then
      made = nil
      error("pbx.ivr.menu: " .. table.concat(problems, "; "), 4)
    end
    return made
  end
  if not pcall(pbx.channel) then checked() end -- there is no call yet: files are being loaded
  local function enter() return require "ivr.run"(checked(), menus) end
  menus[enter] = checked
  return enter
end

M.module = { menu = menu }

return M
