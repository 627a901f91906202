--- Conferences: PINs, marked users, menus and announcements upon the mixer.
-- Applications: ConfBridge, ConfKick. Functions: CONFBRIDGE, CONFBRIDGE_INFO, CONFBRIDGE_CHANNELS. See README.md.
local pbx = require "pbx"
local profile = require "confbridge.profile"
local rooms = require "confbridge.room"
local greet = require "confbridge.greet"
local stay = require "confbridge.stay"
local hours = require "confbridge.hours"
local show = require "confbridge.show"
local about = require "confbridge.about"
local M = { name = "confbridge" }

local tries = 3

--- Ask for the PIN; false after three wrong ones.
local function knows_pin(room)
  local chan, pin = room.chan, room.user.pin
  for _ = 1, tries do
    chan:play(room:sound "get_pin", "0123456789*#")
    if chan:read { max = math.max(#pin, 20), timeout_ms = 5000, terminators = "#" } == pin then return true end
    chan:play(room:sound "invalid_pin")
  end
  return false
end

local function fail(chan, why)
  pbx.log("warning", "ConfBridge: " .. why)
  chan:set("CONFBRIDGE_RESULT", "FAILED")
  return -1
end

--- The rate of the mix that is next to what a profile asks for, Hz; nil: chosen by the members.
local function mix_rate(text)
  local hz = tonumber(text)
  return hz and (hz <= 8000 and 8000 or hz <= 16000 and 16000 or 48000)
end

--- How the room is recorded.
local function recording(bridge)
  local file = bridge.record_file
  if file and not file:find("%.%w+$") then file = file .. ".wav" end
  return { file = file, fresh = not bridge.record_file_append, timeless = not bridge.record_file_timestamp, tracks = bridge.record_tracks }
end

--- The profiles and the menu of a caller; nil and why not.
local function prepare(chan, name, bridge_name, user_name, menu_name)
  bridge_name = bridge_name or profile.own.bridge.template or "default_bridge"
  user_name = user_name or profile.own.user.template or "default_user"
  menu_name = menu_name or profile.own.menu.template
  local bridge, user = profile.find("bridge", bridge_name), profile.find("user", user_name)
  if not bridge then return nil, "no bridge profile '" .. bridge_name .. "' in confbridge.conf" end
  if not user then return nil, "no user profile '" .. user_name .. "' in confbridge.conf" end
  local keys = profile.menu(menu_name or "default_menu")
  if menu_name and not keys then return nil, "no menu '" .. menu_name .. "' in confbridge.conf" end
  keys = keys or {}
  for key, value in pairs(profile.own.menu) do
    if key:find("^[%d*#A-D]+$") then keys[key] = profile.actions(value) end
  end
  return rooms.new(chan, name, profile.apply("user", user), profile.apply("bridge", bridge), keys)
end

--- Take the caller in; true, or nil and why not.
local function join(room, spoken)
  local user, bridge = room.user, room.bridge
  return room.chan:conference_join(room.name, {
    admin = user.admin, marked = user.marked, wait_marked = user.wait_marked, end_marked = user.end_marked, muted = user.startmuted,
    max_members = bridge.max_members, rate = mix_rate(bridge.internal_sample_rate), max_rate = mix_rate(bridge.maximum_sample_rate),
    record = recording(bridge), level = user.agc, threshold = user.dsp_talking_threshold, hang_ms = user.dsp_silence_threshold,
    talk_events = user.talk_detection_events, spoken = spoken,
  })
end

--- From the door to the door. Returns what the application does.
local function visit(room)
  local chan, user, bridge, name = room.chan, room.user, room.bridge, room.name
  if hours.closed(bridge) then
    chan:play(room:sound "not_open")
    return fail(chan, name .. ": it is not open now")
  end
  if user.pin and user.pin ~= "" and not knows_pin(room) then return fail(chan, "three wrong PINs for " .. name) end
  local spoken = greet.name(room)
  if user.announcement then chan:play(user.announcement) end
  local ok, why = join(room, spoken)
  if not ok then
    if why == "locked" or why == "full" then chan:play(bridge["sound_" .. why] or room:sound "locked") end
    return fail(chan, name .. ": " .. why)
  end
  if bridge.record_conference and room:info().record == "" then
    local file, problem = pbx.conference.record(name, true)
    if not file then pbx.log("error", "ConfBridge: " .. name .. " is not recorded: " .. problem) end
  end
  chan:set("CONFBRIDGE_RESULT", "HANGUP")
  local stayed, result = pcall(function()
    if user.wait_marked and room:info().marked == 0 then room:wait(true) end
    greet.joined(room, spoken)
    return stay(room)
  end)
  if room.music then chan:stop_music() end
  chan:conference_leave()
  greet.left(room, spoken)
  if not stayed then error(result, 0) end
  chan:set("CONFBRIDGE_RESULT", result)
end

local function confbridge(chan, name, ...)
  chan:set("CONFBRIDGE_RESULT", "FAILED")
  if not name then return fail(chan, "want the name of a conference") end
  local room, why = prepare(chan, name, ...)
  if not room then return fail(chan, why) end
  if room.user.answer_channel then chan:answer() end
  local ok, verdict = pcall(visit, room)
  if room.name_file then pbx.remove_recording(room.name_file) end
  if not ok then error(verdict, 0) end
  return verdict
end

--- pbx.confbridge.join(name, {bridge=, user=, menu=}): ConfBridge with options of Lua's own. Its result.
local function lua_join(name, how)
  local chan, was = pbx.channel(), profile.own
  profile.own = { bridge = {}, user = {}, menu = {} }
  for kind, own in pairs(profile.own) do
    for option, value in pairs(how and how[kind] or {}) do own[option] = type(value) == "boolean" and (value and "yes" or "no") or tostring(value) end
  end
  local ok, problem = pcall(confbridge, chan, name)
  profile.own = was
  if not ok then error(problem, 0) end
  return chan:get("CONFBRIDGE_RESULT")
end

M.applications = {
  ConfBridge = { run = confbridge, synopsis = "Join a conference", takes = "conference!, profile, profile, menu" },
  ConfKick = { run = about.kick, synopsis = "Kick one or all out of a conference", takes = "conference!, channel" },
}
M.functions = about.functions
M.commands = show.commands
M.module = { join = lua_join }
return M
