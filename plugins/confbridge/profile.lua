--- Profiles: what confbridge.conf and CONFBRIDGE() say of a room, a user and a menu.
local pbx = require "pbx"
local M = {}

local yes, number, text = "yes", "number", "text"

-- Asterisk's options that have an effect here; another one is named once in the log.
local known = {
  user = {
    admin = yes, marked = yes, startmuted = yes, quiet = yes, announce_user_count = yes, announce_user_count_all = text,
    announce_only_user = yes, wait_marked = yes, end_marked = yes, pin = text, announcement = text, timeout = number,
  },
  bridge = { max_members = number, internal_sample_rate = text, language = text },
}

-- Accepted, because what they ask for is so anyway or cannot be heard here.
local silent = {
  type = true, template = true, jitterbuffer = true, dsp_drop_silence = true, denoise = true, dsp_talking_threshold = true,
  dsp_silence_threshold = true, mixing_interval = true, video_mode = true, maximum_sample_rate = true, regcontext = true,
}

local defaults = { user = { announce_only_user = true, timeout = 0 }, bridge = { max_members = 0 } }

local function true_word(v) return ({ yes = true, ["true"] = true, y = true, t = true, ["1"] = true, on = true })[v:lower()] or false end

--- Put an option into a profile; the place is for the log.
local function put(kind, profile, name, value, place)
  name = name:lower()
  local how = known[kind][name]
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

--- A user or bridge profile by its name; nil if confbridge.conf has none of that name. "default_user" and "default_bridge" always exist.
function M.find(kind, name)
  local found
  for _, section in ipairs(pbx.conf "confbridge.conf" or {}) do
    local this = section.name == name and {}
    for _, o in ipairs(this and section.options or {}) do
      if o[1]:lower() == "type" then this.type = o[2]:lower() end
    end
    if this and this.type == kind then
      found = found or {}
      for _, o in ipairs(section.options) do put(kind, found, o[1], o[2], o[3]) end
    end
  end
  if not found and name ~= "default_" .. kind then return nil end
  for option, value in pairs(defaults[kind]) do
    if (found or {})[option] == nil then
      found = found or {}
      found[option] = value
    end
  end
  return found
end

--- A menu: keys ► actions, each {name, argument}. nil if there is none of that name.
function M.menu(name)
  for _, section in ipairs(pbx.conf "confbridge.conf" or {}) do
    local keys, is_menu = {}, false
    for _, o in ipairs(section.options) do
      local key, value = o[1]:gsub("^\\", ""), o[2]
      if key:lower() == "type" then
        is_menu = value:lower() == "menu"
      elseif key:find("^[%d*#A-Da-d]+$") then
        keys[key] = M.actions(value)
      end
    end
    if is_menu and section.name == name then return keys end
  end
  return nil
end

--- "playback(a&b), toggle_mute" ► {{"playback", "a&b"}, {"toggle_mute"}}.
function M.actions(list)
  local out = {}
  for word in (list .. ","):gmatch("%s*([%w_]+%b())%s*,") do
    local name, argument = word:match("^([%w_]+)%((.*)%)$")
    out[#out + 1] = { name, argument }
  end
  if #out > 0 then
    local rest = list:gsub("[%w_]+%b()", "")
    for word in rest:gmatch("[%w_]+") do out[#out + 1] = { word } end
    return out
  end
  for word in list:gmatch("[%w_]+") do out[#out + 1] = { word } end
  return out
end

--- CONFBRIDGE(kind,option)=value of this call, upon a profile that was found.
M.own = { user = {}, bridge = {}, menu = {} }

--- A prompt of the room, which its profile may replace.
function M.sound(bridge, name, standard) return bridge["sound_" .. name] or standard end

function M.apply(kind, profile)
  for option, value in pairs(M.own[kind]) do put(kind, profile, option, value, "CONFBRIDGE(" .. kind .. "," .. option .. ")") end
  return profile
end

return M
