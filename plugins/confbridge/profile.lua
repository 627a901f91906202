--- Profiles: what confbridge.conf and CONFBRIDGE() say of a room, a user and a menu.
local pbx = require "pbx"
local M = {}

local yes, number, text = "yes", "number", "text"

-- The options that have an effect here, Asterisk's and our own; another one is named once in the log.
M.known = {
  user = {
    admin = yes, marked = yes, startmuted = yes, quiet = yes, announce_user_count = yes, announce_user_count_all = text,
    announce_only_user = yes, wait_marked = yes, end_marked = yes, end_marked_any = yes, pin = text, announcement = text, timeout = number,
    music_on_hold_when_empty = yes, music_on_hold_class = text, announce_join_leave = yes, announce_join_leave_review = yes,
    hear_own_join_sound = yes, dtmf_passthrough = yes, answer_channel = yes, talk_detection_events = yes, dsp_talking_threshold = number,
    dsp_silence_threshold = number, agc = yes,
  },
  bridge = {
    max_members = number, internal_sample_rate = text, maximum_sample_rate = text, language = text, record_conference = yes,
    record_file = text, record_file_append = yes, record_file_timestamp = yes, record_tracks = text, hours = text, opens = number, closes = number,
  },
}

-- Accepted, because what they ask for is so anyway or cannot be heard here.
local silent = { type = true, template = true, jitterbuffer = true, dsp_drop_silence = true, mixing_interval = true, video_mode = true }

local defaults = {
  user = { announce_only_user = true, hear_own_join_sound = true, answer_channel = true, timeout = 0 },
  bridge = { max_members = 0, record_file_append = true, record_file_timestamp = true },
}

local function true_word(v) return ({ yes = true, ["true"] = true, y = true, t = true, ["1"] = true, on = true })[v:lower()] or false end

--- Put an option into a profile; the place is for the log.
local function put(kind, profile, name, value, place)
  name = name:lower()
  local how = M.known[kind][name]
  if kind == "bridge" and name:find("^sound_") then
    profile[name] = value
  elseif how == yes then
    profile[name] = true_word(value)
  elseif how == number then
    profile[name] = tonumber(value) or pbx.log_once("warning", place .. ": " .. name .. ": '" .. value .. "' is no number") or profile[name]
  elseif how == text then
    profile[name] = value
  elseif not silent[name] then
    pbx.log_once("notice", place .. ": option '" .. name .. "' of a " .. kind .. " profile has no effect")
  end
end

--- All sections of confbridge.conf of one type: user, bridge or menu.
function M.sections(kind)
  local out = {}
  for _, section in ipairs(pbx.conf "confbridge.conf" or {}) do
    for _, o in ipairs(section.options) do
      if o[1]:lower() == "type" and o[2]:lower() == kind then
        out[#out + 1] = section
        break
      end
    end
  end
  return out
end

--- The names of the profiles of a kind there are, without double ones, in their order.
function M.names(kind)
  local out, seen = {}, {}
  local function add(name)
    if not seen[name] then out[#out + 1] = name end
    seen[name] = true
  end
  if kind ~= "menu" then add("default_" .. kind) end
  for _, section in ipairs(M.sections(kind)) do add(section.name) end
  return out
end

--- A user or bridge profile by its name; nil if confbridge.conf has none of that name. "default_user" and "default_bridge" always exist.
function M.find(kind, name)
  local found
  for _, section in ipairs(M.sections(kind)) do
    if section.name == name then
      found = found or {}
      for _, o in ipairs(section.options) do put(kind, found, o[1], o[2], o[3]) end
    end
  end
  if not found and name ~= "default_" .. kind then return nil end
  found = found or {}
  for option, value in pairs(defaults[kind]) do
    if found[option] == nil then found[option] = value end
  end
  return found
end

--- A menu: keys ► actions, each {name, argument}, and as they stand in the file. nil if there is none of that name.
function M.menu(name)
  for _, section in ipairs(M.sections "menu") do
    if section.name == name then
      local keys, lines = {}, {}
      for _, o in ipairs(section.options) do
        local key = o[1]:gsub("^\\", "")
        if key:find("^[%d*#A-Da-d]+$") then
          keys[key] = M.actions(o[2])
          lines[#lines + 1] = key .. " = " .. o[2]
        end
      end
      return keys, lines
    end
  end
  return nil
end

--- "playback(a&b), toggle_mute" ► {{"playback", "a&b"}, {"toggle_mute"}}.
function M.actions(list)
  local out, depth, word = {}, 0, ""
  local function done()
    local name, argument = word:match("^%s*([%w_]+)%s*%((.*)%)%s*$")
    if name then
      out[#out + 1] = { name, argument }
    elseif word:find("%S") then
      out[#out + 1] = { word:match("^%s*(.-)%s*$") }
    end
    word = ""
  end
  for c in list:gmatch(".") do
    if c == "(" then depth = depth + 1 elseif c == ")" then depth = depth - 1 end
    if c == "," and depth == 0 then done() else word = word .. c end
  end
  done()
  return out
end

--- CONFBRIDGE(kind,option)=value of this call, upon a profile that was found.
M.own = { user = {}, bridge = {}, menu = {} }

function M.apply(kind, profile)
  for option, value in pairs(M.own[kind]) do put(kind, profile, option, value, "CONFBRIDGE(" .. kind .. "," .. option .. ")") end
  return profile
end

return M
