--- Conferences: PINs, marked users, menus and announcements upon the mixer.
-- Applications: ConfBridge, ConfKick. Functions: CONFBRIDGE, CONFBRIDGE_INFO. See README.md.
local pbx = require "pbx"
local profile = require "confbridge.profile"
local menu = require "confbridge.menu"
local stay = require "confbridge.stay"
local M = { name = "confbridge" }

local tries = 3
local sound = profile.sound

--- Ask for the PIN; false after three wrong ones.
local function knows_pin(chan, pin, bridge)
  for _ = 1, tries do
    chan:play(sound(bridge, "get_pin", "conf-getpin"), "0123456789*#")
    if chan:read { max = math.max(#pin, 20), timeout_ms = 5000, terminators = "#" } == pin then return true end
    chan:play(sound(bridge, "invalid_pin", "conf-invalidpin"))
  end
  return false
end

--- What somebody who came in is told, and the room of him.
local function greet(chan, name, user, bridge)
  if user.quiet then return end
  local others = pbx.conference.info(name).parties - 1
  if others == 0 then
    if user.announce_only_user then chan:play(sound(bridge, "only_person", "conf-onlyperson")) end
    return
  end
  if user.announce_user_count then menu.run(chan, name, { { "participant_count" } }, user) end
  local all = user.announce_user_count_all or "no"
  if all == "yes" or (tonumber(all) and others + 1 > tonumber(all)) then
    local files = menu.count_prompts(others + 1)
    table.insert(files, 1, sound(bridge, "there_are", "conf-thereare"))
    files[#files + 1] = sound(bridge, "other_in_party", "conf-otherinparty")
    chan:conference_play(files)
  end
  chan:conference_play(sound(bridge, "join", "confbridge-join"))
end

local function fail(chan, why)
  pbx.log("warning", "ConfBridge: " .. why)
  chan:set("CONFBRIDGE_RESULT", "FAILED")
  return -1
end

local function confbridge(chan, name, bridge_name, user_name, menu_name)
  chan:set("CONFBRIDGE_RESULT", "FAILED")
  if not name then return fail(chan, "want the name of a conference") end
  local bridge = profile.find("bridge", bridge_name or profile.own.bridge.template or "default_bridge")
  local user = profile.find("user", user_name or profile.own.user.template or "default_user")
  if not bridge then return fail(chan, "no bridge profile '" .. bridge_name .. "' in confbridge.conf") end
  if not user then return fail(chan, "no user profile '" .. user_name .. "' in confbridge.conf") end
  profile.apply("bridge", bridge)
  profile.apply("user", user)
  menu_name = menu_name or profile.own.menu.template
  local keys = menu_name and profile.menu(menu_name) or profile.menu "default_menu" or {}
  if menu_name and not profile.menu(menu_name) then return fail(chan, "no menu '" .. menu_name .. "' in confbridge.conf") end
  for key, value in pairs(profile.own.menu) do
    if key:find("^[%d*#A-D]+$") then keys[key] = profile.actions(value) end
  end
  chan:answer()
  if user.pin and user.pin ~= "" and not knows_pin(chan, user.pin, bridge) then return fail(chan, "three wrong PINs for " .. name) end
  if user.announcement then chan:play(user.announcement) end
  local ok, why = chan:conference_join(name, {
    admin = user.admin, marked = user.marked, wait_marked = user.wait_marked, end_marked = user.end_marked,
    muted = user.startmuted, max_members = bridge.max_members, rate = tonumber(bridge.internal_sample_rate),
  })
  if not ok then
    if why == "locked" or why == "full" then chan:play(sound(bridge, "locked", "conf-locked")) end
    return fail(chan, name .. ": " .. why)
  end
  chan:set("CONFBRIDGE_RESULT", "HANGUP")
  greet(chan, name, user, bridge)
  chan:set("CONFBRIDGE_RESULT", stay(chan, name, user, bridge, keys))
  local info = pbx.conference.info(name)
  if not user.quiet and info and info.parties > 1 then chan:conference_play(sound(bridge, "leave", "confbridge-leave")) end
  chan:conference_leave()
end

local function conf_kick(chan, name, who)
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
  if what == "locked" then return info and info.locked and "1" or "0" end
  if what == "muted" then
    local n = 0
    for _, m in ipairs(info and info.members or {}) do n = n + (m.muted and 1 or 0) end
    return tostring(n)
  end
  if what == "parties" or what == "admins" or what == "marked" then return tostring(info and info[what] or 0) end
  error("CONFBRIDGE_INFO: want parties, admins, marked, muted or locked, not '" .. (what or "") .. "'", 0)
end

M.applications = {
  ConfBridge = { run = confbridge, synopsis = "Join a conference" },
  ConfKick = { run = conf_kick, synopsis = "Kick one or all out of a conference" },
}
M.functions = {
  CONFBRIDGE = { set = set_profile, synopsis = "Change this caller's profiles before ConfBridge" },
  CONFBRIDGE_INFO = { get = get_info, synopsis = "What a conference is like" },
}
return M
