--- Dialplan functions: channel.CALLERID("num"):get(), channel["CHANNEL(language)"] = "de" …
local pbx = require "pbx"
local M = { name = "functions" }

--- Asterisk's spelling of a caller: "Name" <number>, <number>, number.
local function parse_caller(text)
  local name, number = text:match('^%s*"(.-)"%s*<?([^<>]*)>?%s*$')
  if name then return name, number end
  name, number = text:match("^%s*(.-)%s*<([^<>]*)>%s*$")
  if name then return name, number end
  if text:match("^[%d+*#%s]+$") then return "", (text:gsub("%s", "")) end
  return text, ""
end

local caller_fields = {
  name = "name", num = "number", number = "number", pres = "presentation", ["name-pres"] = "presentation", ["num-pres"] = "presentation",
}

local function callerid_get(chan, what)
  what = (what or "all"):lower()
  local id = chan:callerid()
  if what == "all" then return ('"%s" <%s>'):format(id.name, id.number) end
  if what == "dnid" then return chan:dnid() end
  if what == "ani" or what == "ani-num" then return id.number end
  if what == "rdnis" then return "" end
  local field = caller_fields[what]
  if not field then error("CALLERID: unknown field '" .. what .. "'; want all, name, num, pres or dnid", 0) end
  if field == "presentation" and id.presentation == "" then return "allowed" end
  return id[field]
end

local function callerid_set(chan, value, what)
  what = (what or "all"):lower()
  if what == "all" then
    local name, number = parse_caller(value)
    chan:set_callerid { name = name, number = number }
  elseif caller_fields[what] then
    chan:set_callerid { [caller_fields[what]] = value }
  else
    error("CALLERID: field '" .. what .. "' cannot be set; want all, name, num or pres", 0)
  end
end

local channel_fields = {
  name = "name", state = "state", language = "language", uniqueid = "uniqueid", linkedid = "linkedid", callid = "callid",
  accountcode = "accountcode", endpoint = "endpoint", channeltype = "tech", context = "context", exten = "exten", dnid = "dnid",
  tonezone = "tone_zone",
}
local channel_settable = { language = "language", accountcode = "accountcode", tonezone = "tone_zone" }

--- What the channel itself does not know (pjsip,call-id; rtp,…) its technology may.
local function channel_get(chan, what, ...)
  local method = channel_fields[(what or "name"):lower()]
  if method then return chan[method](chan) end
  local words = { what, ... }
  return chan:property(table.concat(words, ","))
end

local function channel_set(chan, value, what)
  local method = channel_settable[(what or ""):lower()]
  if not method then error("CHANNEL: '" .. tostring(what) .. "' cannot be set; want language, accountcode or tonezone", 0) end
  chan[method](chan, value)
end

local function timeout_get(chan, what) return ("%.3f"):format(chan:timeout((what or ""):lower())) end

local function timeout_set(chan, value, what)
  local seconds = tonumber(value)
  if not seconds then error("TIMEOUT: '" .. value .. "' is no number of seconds", 0) end
  chan:set_timeout((what or ""):lower(), seconds)
end

M.functions = {
  CALLERID = { get = callerid_get, set = callerid_set, synopsis = "The caller's name and number" },
  CHANNEL = { get = channel_get, set = channel_set, synopsis = "A property of the channel" },
  GLOBAL = {
    get = function(_, name) return pbx.global(name) end, set = function(_, value, name) pbx.global(name, value) end,
    synopsis = "A variable all calls share",
  },
  TIMEOUT = { get = timeout_get, set = timeout_set, synopsis = "How long to wait for digits, and for the whole call" },
  EXCEPTION = { get = function(chan, what) return chan:exception(what) end, synopsis = "What led to extension e" },
}

return M
