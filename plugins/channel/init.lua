--- What a channel is, and how the ones it dialled ended.
-- Functions: CHANNEL, HANGUPCAUSE, HANGUPCAUSE_KEYS, LANGUAGE, PJSIP_HEADER, PJSIP_HEADERS, SHARED, VOLUME. Application: HangupCauseClear.
local pbx = require "pbx"
local header = require "channel.header"
local volume = require "channel.volume"
local M = { name = "channel" }

local fields = {
  name = "name", state = "state", language = "language", uniqueid = "uniqueid", linkedid = "linkedid", callid = "callid",
  accountcode = "accountcode", endpoint = "endpoint", channeltype = "tech", context = "context", exten = "exten", dnid = "dnid",
  tonezone = "tone_zone", userfield = "userfield", amaflags = "amaflags", musicclass = "music_class",
}
local settable = { language = "language", accountcode = "accountcode", tonezone = "tone_zone", userfield = "userfield", amaflags = "amaflags", musicclass = "music_class" }

--- Fields that other plugins and Dial read as variables of the channel.
local variables = { max_forwards = "__MAX_FORWARDS", peeraccount = "CHANNEL_PEERACCOUNT", parkinglot = "CHANNEL_PARKINGLOT", dtmf_features = "CHANNEL_DTMF_FEATURES",
  callgroup = "CHANNEL_CALLGROUP", pickupgroup = "CHANNEL_PICKUPGROUP", tenantid = "CHANNEL_TENANTID", after_bridge_goto = "CHANNEL_AFTER_BRIDGE_GOTO" }

local others = {
  appname = function(chan) return (chan:application()) end,
  appdata = function(chan) return (select(2, chan:application())) end,
  checkhangup = function(chan) return chan:hung_up() and "1" or "0" end,
  hangupsource = function() return "" end,
  priority = function(chan) return chan:priority() end,
  lastexten = function(chan) return chan:exten() end,
  lastcontext = function(chan) return chan:context() end,
  created = function(chan) return ("%.6f"):format(chan:created()) end,
  onhold = function(chan) return chan:held() and "1" or "0" end,
  videonativeformat = function(chan) return chan:property("videonativeformat") or "(nothing)" end,
  trace = function() return "0" end,
  transfercapability = function() return "SPEECH" end,
}

--- What the channel itself does not know (pjsip,call-id; rtp,…) its technology may.
local function get(chan, what, ...)
  local item = (what or "name"):lower()
  if fields[item] then return chan[fields[item]](chan) end
  if others[item] then return others[item](chan) end
  if variables[item] then return chan:get(variables[item]) or item == "max_forwards" and "20" or "" end
  local words = { item, ... }
  local value = chan:property(table.concat(words, ","):lower())
  if not value then pbx.log("warning", "CHANNEL: unknown or unavailable item: '" .. table.concat(words, ",") .. "'") end
  return value
end

local handlers = { hangup_handler_push = "push", hangup_handler_pop = "pop", hangup_handler_wipe = "wipe" }

local function set(chan, value, what)
  local item = (what or ""):lower()
  if settable[item] then
    chan[settable[item]](chan, value)
  elseif handlers[item] then
    chan:hangup_handler(handlers[item], value ~= "" and value or nil)
  elseif item == "max_forwards" and not tonumber(value) then
    error("CHANNEL: max_forwards '" .. value .. "' is no number", 0)
  elseif variables[item] then
    chan:set(variables[item], value)
  else
    error("CHANNEL: '" .. tostring(what) .. "' cannot be set; want language, accountcode, userfield, amaflags, tonezone, musicclass or hangup_handler_push", 0)
  end
end

--- HANGUPCAUSE(channel[,tech|ast]): how a leg ended, in the technology's words or in those of ITU-T Q.850.
local function cause(chan, name, kind)
  kind = (kind or "ast"):lower()
  if kind ~= "ast" and kind ~= "tech" then error("HANGUPCAUSE: unknown type '" .. kind .. "'; want tech or ast", 0) end
  local legs = chan:leg_causes()
  for i = #legs, 1, -1 do
    if legs[i].channel == name then return kind == "tech" and legs[i].detail or legs[i].text end
  end
end

local function cause_keys(chan)
  local out, seen = {}, {}
  for _, leg in ipairs(chan:leg_causes()) do
    if not seen[leg.channel] then out[#out + 1] = leg.channel end
    seen[leg.channel] = true
  end
  return table.concat(out, ",")
end

--- SHARED(name[,channel]): a variable that other channels can reach.
local function shared(chan, name, other, value)
  if not name then error("SHARED: want the name of a variable", 0) end
  local owner = chan
  if other and other ~= chan:name() then
    owner = pbx.find_channel(other)
    if not owner then error("SHARED: no channel is called " .. other, 0) end
  end
  local variable = "SHARED_" .. name
  if value then owner:set(variable, value) else return owner:get(variable) end
end

M.functions = {
  CHANNEL = { get = get, set = set, synopsis = "A property of the channel", takes = "item", items = "name state language uniqueid linkedid callid accountcode "
    .. "endpoint channeltype context exten dnid tonezone userfield amaflags musicclass max_forwards peeraccount parkinglot dtmf_features callgroup "
    .. "pickupgroup tenantid after_bridge_goto appname appdata checkhangup hangupsource priority lastexten lastcontext created onhold "
    .. "videonativeformat trace transfercapability hangup_handler_push hangup_handler_pop hangup_handler_wipe pjsip rtp rtcp audioreadformat "
    .. "audiowriteformat audionativeformat" },
  HANGUPCAUSE = { get = cause, synopsis = "How a channel that was dialled ended", takes = "channel!, item", items = "ast tech" },
  HANGUPCAUSE_KEYS = { get = cause_keys, synopsis = "The channels HANGUPCAUSE knows" },
  -- What CHANNEL(language) was called until Asterisk 1.6; published Lua dialplans still write it.
  LANGUAGE = { get = function(chan) return chan:language() end, set = function(chan, value) chan:language(value) end, synopsis = "The older name of CHANNEL(language)" },
  SHARED = {
    get = function(chan, name, other) return shared(chan, name, other) end, set = function(chan, value, name, other) shared(chan, name, other, value) end,
    synopsis = "A variable that other channels can reach",
  },
  PJSIP_HEADER = header.one,
  PJSIP_HEADERS = header.names,
  VOLUME = volume,
}
M.applications = {
  HangupCauseClear = { run = function(chan) chan:clear_leg_causes() end, synopsis = "Forget what HANGUPCAUSE knows" },
}

return M
