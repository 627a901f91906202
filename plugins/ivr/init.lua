--- Voice menus as tables: pbx.ivr.menu{ prompt=, keys={}, … } is an extension, or a key's choice in another menu.
local check = require "ivr.check"
local run = require "ivr.run"
local M = { name = "ivr" }

local menus = setmetatable({}, { __mode = "k" }) -- from the function that menu() gave to what it was made of

--- A menu, checked. It is a function: put it where an extension's stands, call it in one, or give it to a key.
local function menu(t)
  local made, problems = check.menu(t, menus)
  if #problems > 0 then error("pbx.ivr.menu: " .. table.concat(problems, "; "), 3) end
  local function enter() return run(made, menus) end
  menus[enter] = made
  return enter
end

M.module = { menu = menu }

return M
