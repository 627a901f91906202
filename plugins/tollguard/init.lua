--- The toll-fraud guard: who may send calls out of the house that he does not make himself.
-- Function: TOLLGUARD(endpoint,kind,number). Module: pbx.tollguard. Permissions in tollguard.conf, a section for each endpoint.
local pbx = require "pbx"
local M = { name = "tollguard", options = { outside = { "string", "_XXXXXXX." } } }

local variable = "TOLLGUARD" -- kind,endpoint,number; inherited; the engine sets it for a phone's own forward, too

--- What an endpoint is given for a kind: "yes", "no" or patterns; nothing without a section.
local function permission(endpoint, kind)
  local found
  for _, section in ipairs(pbx.config_sections()) do
    if section.name == endpoint and section.name ~= "general" then found = section.options[kind] or found end
  end
  return found or "no"
end

--- Whether a number is on a list of patterns and numbers with commas between. A broken pattern is nobody's.
local function listed(list, number)
  for _, pattern in ipairs(pbx.split(list, ",")) do
    pattern = pattern:match("^%s*(.-)%s*$")
    local ok, yes = pcall(pbx.matches, pattern, number)
    if not ok then pbx.log_once("warning", "tollguard.conf: pattern '" .. pattern .. "' is broken and counts for nothing: " .. tostring(yes)) end
    if ok and pattern ~= "" and yes then return true end
  end
  return false
end

--- Whether endpoint may send calls to an outside number by a kind of way: "forward", "disa".
local function permits(endpoint, kind, number)
  local given = permission(endpoint, kind)
  local word = given:lower()
  if word == "yes" or word == "true" or word == "on" then return true end
  if word == "no" or word == "false" or word == "off" or word == "" then return false end
  return listed(given, number)
end

--- The same of a number that may be one of the house: what no pattern of `outside` has is allowed, for its way out is watched anyway.
local function allows(endpoint, kind, number)
  return not listed(pbx.config.outside, number) or permits(endpoint, kind, number)
end

--- From now on the channel, and whom it calls, goes where `endpoint` sent it. Nothing instead of a kind: it goes on its own account again.
-- Returns what it was before, for restore.
local function mark(chan, kind, endpoint, number)
  local before = chan:get(variable)
  chan:set("__" .. variable, kind and (kind .. "," .. (endpoint or "") .. "," .. (number or "")) or "")
  return before
end

local function restore(chan, before) chan:set("__" .. variable, before or "") end

--- Whether a dial string leads out: it asks an endpoint for a number, or names an address. A name alone is a phone.
local function leads_out(target)
  local resource = target:match("^[Pp][Jj][Ss][Ii][Pp]/(.*)$")
  return resource ~= nil and (resource:find("@", 1, true) or resource:lower():find("^[^/]*/sips?:") or resource:lower():find("^sips?:")) ~= nil
end

--- Those of a list of dial strings that the channel may ring; and whether one was refused.
local function targets(chan, list)
  local kind, endpoint, number = (chan:get(variable) or ""):match("^([^,]+),([^,]*),(.*)$")
  if not kind then return list, false end
  local kept = {}
  for _, target in ipairs(list) do
    if not leads_out(target) or permits(endpoint, kind, number) then
      kept[#kept + 1] = target
    else
      pbx.log("warning", ("tollguard: %s of %s to %s is not allowed to leave by %s; see tollguard.conf"):format(kind, endpoint, number, target))
    end
  end
  return kept, #kept < #list
end

M.module = { permits = permits, allows = allows, mark = mark, restore = restore, targets = targets }
M.functions = {
  TOLLGUARD = { synopsis = "Whether an endpoint may send calls to an outside number", get = function(_, endpoint, kind, number)
    return permits(endpoint or "", kind or "", number or "") and "1" or "0"
  end },
}

return M
