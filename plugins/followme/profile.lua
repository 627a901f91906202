--- The profiles of followme.conf.
local pbx = require "pbx"
local M = {}

M.options = {
  takecall = { "string", "1" }, declinecall = { "string", "2" }, featuredigittimeout = { "integer", 5000, min = 100 },
  enable_callee_prompt = { "boolean", true },
  call_from_prompt = { "string", "followme/call-from" }, norecording_prompt = { "string", "followme/no-recording" },
  options_prompt = { "string", "followme/options" }, hold_prompt = { "string", "followme/pls-hold-while-try" },
  status_prompt = { "string", "followme/status" }, sorry_prompt = { "string", "followme/sorry" }, connecting_prompt = { "string", "" },
}

local musical = { musicclass = true, musiconhold = true }

--- An option by its one name: Asterisk knows followme-pls-hold-prompt for hold_prompt, and musicclass for music.
local function known(name)
  if musical[name] then return "music" end
  return (name:gsub("^followme%-", ""):gsub("^pls%-", ""):gsub("%-", "_"))
end

local default_seconds = 25

--- number => 100&5551234[,seconds[,order]]
local function step(p, text, place)
  local fields = pbx.split(text, ",")
  local numbers = {}
  for _, number in ipairs(pbx.split(fields[1], "&")) do
    number = number:match("^%s*(.-)%s*$")
    if number ~= "" then numbers[#numbers + 1] = number end
  end
  local seconds = tonumber(fields[2] or "")
  if #numbers == 0 or (fields[2] or "") ~= "" and not seconds then
    pbx.log_once("warning", place .. ": number => " .. text .. ": write number[&number][,seconds[,order]]")
    return
  end
  p.steps[#p.steps + 1] = { numbers = numbers, seconds = seconds or default_seconds, order = tonumber(fields[3] or "") or #p.steps + 1, at = #p.steps + 1 }
end

local function read(section)
  local p = { steps = {}, context = "default", music = "" }
  for name in pairs(M.options) do p[name] = pbx.config[name] end
  for _, option in ipairs(section.options) do
    local key, value, place = unpack(option)
    local name = known(key)
    if name == "number" then
      step(p, value, place)
    elseif name == "enable_callee_prompt" then
      p[name] = value:lower():find("^[yt1]") ~= nil or value:lower() == "on"
    elseif p[name] == nil then
      pbx.log_once("warning", place .. ": " .. key .. " is nothing that a profile of followme.conf has")
    else
      p[name] = name == "featuredigittimeout" and tonumber(value) or value
    end
  end
  for _, one in ipairs(p.steps) do
    for i, number in ipairs(one.numbers) do
      if not number:find("/", 1, true) then one.numbers[i] = "Local/" .. number .. "@" .. p.context end
    end
  end
  table.sort(p.steps, function(a, b) return a.order < b.order or a.order == b.order and a.at < b.at end)
  return p
end

--- A profile: the prompts and keys, context, music, and steps as {numbers = dial strings, seconds =}; nil without it.
function M.find(id)
  for _, section in ipairs(pbx.conf("followme.conf") or {}) do
    if section.name == id and id ~= "general" then return read(section) end
  end
end

--- What all profiles have in common.
function M.general()
  local p = {}
  for name in pairs(M.options) do p[name] = pbx.config[name] end
  return p
end

return M
