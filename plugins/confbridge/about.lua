--- What others may know of a conference and do to it: ConfKick, CONFBRIDGE, CONFBRIDGE_INFO, CONFBRIDGE_CHANNELS.
local pbx = require "pbx"
local profile = require "confbridge.profile"
local M = {}

--- ConfKick(name[,channel]).
function M.kick(chan, name, who)
  local n = name and pbx.conference.kick(name, who or "all")
  chan:set("CONFKICKSTATUS", n and n > 0 and "SUCCESS" or "FAILURE")
end

local function set_profile(_, value, kind, option)
  local own = profile.own[kind or ""]
  if not own then error("CONFBRIDGE: want user, bridge or menu, not '" .. (kind or "") .. "'", 0) end
  if option == "clear" then
    for name in pairs(own) do own[name] = nil end
  else
    own[option or error("CONFBRIDGE: want kind,option", 0)] = value
  end
end

local function get_info(_, what, name)
  local info = name and pbx.conference.info(name)
  if what == "locked" or what == "muted" then return info and info[what] and "1" or "0" end
  if what == "parties" or what == "admins" or what == "marked" then return tostring(info and info[what] or 0) end
  error("CONFBRIDGE_INFO: want parties, admins, marked, muted or locked, not '" .. (what or "") .. "'", 0)
end

local function get_channels(_, what, name)
  local field = ({ parties = "channel", admins = "admin", marked = "marked" })[what or ""]
  if not field then error("CONFBRIDGE_CHANNELS: want parties, admins or marked, not '" .. (what or "") .. "'", 0) end
  local out, info = {}, name and pbx.conference.info(name)
  for _, m in ipairs(info and info.members or {}) do
    if m[field] then out[#out + 1] = m.channel end
  end
  return table.concat(out, ",")
end

M.functions = {
  CONFBRIDGE = { set = set_profile, synopsis = "Change this caller's profiles before ConfBridge", takes = "item!, option!", items = "user bridge menu" },
  CONFBRIDGE_INFO = { get = get_info, synopsis = "What a conference is like", takes = "item!, conference!",
    items = "parties admins marked muted locked" },
  CONFBRIDGE_CHANNELS = { get = get_channels, synopsis = "Who is in a conference" },
}

return M
