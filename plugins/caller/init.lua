--- Who calls, and who is talked to.
-- Functions: CALLERID, CONNECTEDLINE, REDIRECTING.
local M = { name = "caller" }

--- Asterisk's spelling of a caller: "Name" <number>, <number>, number.
local function parse(text)
  local name, number = text:match('^%s*"(.-)"%s*<?([^<>]*)>?%s*$')
  if name then return name, number end
  name, number = text:match("^%s*(.-)%s*<([^<>]*)>%s*$")
  if name then return name, number end
  if text:match("^[%d+*#%s]+$") then return "", (text:gsub("%s", "")) end
  return text, ""
end

local fields = {
  name = "name", num = "number", number = "number", tag = "tag", rdnis = "rdnis", ani = "ani", ["ani-num"] = "ani",
  pres = "presentation", ["name-pres"] = "presentation", ["num-pres"] = "presentation",
}
local presentations = {}
for _, word in ipairs { "allowed", "prohib" } do
  for _, screening in ipairs { "_not_screened", "_passed_screen", "_failed_screen", "" } do presentations[word .. screening] = true end
end
presentations.unavailable = true

local function all(id) return ('"%s" <%s>'):format(id.name, id.number) end

local function get(chan, what)
  what = (what or "all"):lower()
  local id = chan:callerid()
  if what == "all" then return all(id) end
  if what == "dnid" or what == "dnid-num" then return chan:dnid() end
  if what == "name-valid" or what == "num-valid" then return id[what == "num-valid" and "number" or "name"] ~= "" and "1" or "0" end
  local field = fields[what]
  if not field then error("CALLERID: unknown field '" .. what .. "'; want all, name, num, pres, ani, rdnis, dnid or tag", 0) end
  if field == "ani" and id.ani == "" then return id.number end
  if field == "presentation" and id.presentation == "" then return "allowed_not_screened" end
  return id[field]
end

local function set(chan, value, what)
  what = (what or "all"):lower()
  if what == "all" then
    local name, number = parse(value)
    chan:set_callerid { name = name, number = number, ani = chan:callerid().ani }
    return
  end
  local field = fields[what]
  if not field then error("CALLERID: field '" .. what .. "' cannot be set; want all, name, num, pres, ani, rdnis or tag", 0) end
  value = value:match("^%s*(.-)%s*$")
  if field == "presentation" then
    value = value:lower()
    if not presentations[value] then error("CALLERID: '" .. value .. "' is no presentation; want allowed, prohib or unavailable", 0) end
  end
  chan:set_callerid { [field] = value }
end

local function connected(chan, what)
  what = (what or "all"):lower()
  local id = chan:connected()
  if what == "all" then return all(id) end
  local field = fields[what]
  if not field or field == "ani" or field == "rdnis" then error("CONNECTEDLINE: unknown field '" .. what .. "'; want all, name, num, pres or tag", 0) end
  return id[field]
end

local reasons = {}
for _, word in ipairs { "unknown", "cfb", "cfnr", "unavailable", "time_of_day", "dnd", "deflection", "follow_me", "out_of_order", "away", "cfu" } do reasons[word] = true end

--- REDIRECTING(from-num): who was called first; REDIRECTING(reason): why the call came on. The others are not kept.
local function redirecting(chan, what)
  what = (what or ""):lower()
  if what == "reason" then
    local id = chan:callerid()
    return id.reason ~= "" and id.reason or id.rdnis ~= "" and "cfu" or "unknown"
  end
  if what == "from-num" or what == "from-number" or what == "orig-num" then return chan:callerid().rdnis end
  return ""
end

local function redirect(chan, value, what)
  what = (what or ""):lower():match("^([^,]*)")
  if what == "reason" then
    value = value:lower()
    if not reasons[value] then error("REDIRECTING: '" .. value .. "' is no reason; want cfu, cfb, cfnr, dnd, deflection, follow_me, time_of_day, away or unknown", 0) end
    chan:set_callerid { reason = value }
    return
  end
  if what ~= "from-num" and what ~= "from-number" then error("REDIRECTING: only from-num and reason can be set here", 0) end
  chan:set_callerid { rdnis = value }
end

M.functions = {
  CALLERID = { get = get, set = set, synopsis = "The caller's name and number", takes = "item",
    items = "all name num number pres name-pres num-pres ani ani-num rdnis dnid dnid-num tag name-valid num-valid" },
  CONNECTEDLINE = { get = connected, synopsis = "Name and number of who is talked to", takes = "item", items = "all name num number pres name-pres num-pres tag" },
  REDIRECTING = { get = redirecting, set = redirect, synopsis = "Who was called before the call came here" },
}

return M
