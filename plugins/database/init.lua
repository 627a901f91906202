--- The database: values that outlive calls and restarts.
-- Functions: DB, DB_EXISTS, DB_DELETE, DB_KEYS, DB_KEYCOUNT. Applications: DBdel, DBdeltree. A key is family/key.
local pbx = require "pbx"
local M = { name = "database" }

local function key_of(chan, key)
  chan:set("DB_RESULT", "")
  if not key or not key:find("^/*[^/]+/.") then error("DB: want family/key; got: " .. tostring(key or ""), 0) end
  return key
end

local function get(chan, data)
  local value = pbx.store:get(key_of(chan, data))
  if value then chan:set("DB_RESULT", value) end
  return value
end

local function delete(chan, data)
  local value = get(chan, data)
  pbx.store:delete(data)
  return value
end

--- The names that come next below a prefix, sorted.
local function below(prefix)
  prefix = (prefix or ""):gsub("^/+", ""):gsub("/+$", "")
  if prefix ~= "" then prefix = prefix .. "/" end
  local seen, out = {}, {}
  for key in pairs(pbx.store:list(prefix)) do
    local name = key:sub(1, #prefix) == prefix and key:sub(#prefix + 1):match("^[^/]+")
    if name and not seen[name] then
      seen[name] = true
      out[#out + 1] = name
    end
  end
  table.sort(out)
  return out
end

local function deltree(_, data)
  local prefix = data:match("^%s*/*(.-)/*%s*$")
  if prefix == "" then
    pbx.log("warning", "DBdeltree: want family or family/key")
    return
  end
  for key in pairs(pbx.store:list(prefix)) do
    if key == prefix or key:sub(1, #prefix + 1) == prefix .. "/" then pbx.store:delete(key) end
  end
end

M.functions = {
  DB = {
    get = get, set = function(chan, value, data) pbx.store:put(key_of(chan, data), value) end, raw = true, takes = "key!",
    synopsis = "A value of the database, by family/key",
  },
  DB_EXISTS = { get = function(chan, data) return get(chan, data) and "1" or "0" end, raw = true, takes = "key!", synopsis = "Whether the database has a key" },
  DB_DELETE = { get = delete, set = function(chan, _, data) delete(chan, data) end, raw = true, takes = "key!", synopsis = "Remove a key from the database" },
  DB_KEYS = { get = function(_, prefix) return table.concat(below(prefix), ",") end, raw = true, synopsis = "The names below a part of the database" },
  DB_KEYCOUNT = { get = function(_, prefix) return #below(prefix) end, raw = true, synopsis = "How many names there are below a part of the database" },
}
M.applications = {
  DBdel = { run = function(chan, data) delete(chan, data) end, raw = true, takes = "key!", synopsis = "Remove a key from the database" },
  DBdeltree = { run = deltree, raw = true, synopsis = "Remove a family, or what is below a key, from the database" },
}

return M
