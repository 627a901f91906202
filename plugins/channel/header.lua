--- PJSIP_HEADER: the headers of the INVITE.

local function number(text) return tonumber(text) or 1 end

local function get(chan, what, name, n)
  what = (what or ""):lower()
  if what ~= "read" or not name then error("PJSIP_HEADER: want read,name[,number]", 0) end
  local value, why = chan:header(name, number(n))
  if not value and not why:find("^there is no header") then error("PJSIP_HEADER: " .. why, 0) end
  return value
end

local function set(chan, value, what, name, n)
  what = (what or ""):lower()
  local ok, why
  if not name or what ~= "add" and what ~= "update" and what ~= "remove" then
    error("PJSIP_HEADER: want add,name, update,name[,number] or remove,name", 0)
  elseif what == "remove" then
    ok, why = chan:remove_headers(name)
  else
    ok, why = chan:set_header(what, name, value, number(n))
  end
  if not ok then error("PJSIP_HEADER: " .. why, 0) end
end

--- PJSIP_HEADER(remove,name) may be read as well: how many were taken off.
local function get_or_remove(chan, what, name, n)
  if (what or ""):lower() ~= "remove" then return get(chan, what, name, n) end
  local count, why = chan:remove_headers(name or "")
  if not count then error("PJSIP_HEADER: " .. why, 0) end
  return count
end

return {
  one = { get = get_or_remove, set = set, synopsis = "A header of the INVITE", takes = "item!, name!", items = "read add update remove" },
  names = { get = function(chan, prefix) return table.concat(chan:header_names(prefix), ",") end, synopsis = "The names of the headers that came with the call" },
}
