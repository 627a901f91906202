--- FollowMe: looks for a person at several numbers, step by step; who answers is asked whether to take the call.
-- Application: FollowMe(id[,options]); profiles in followme.conf. Module: pbx.followme. See README.md.
local pbx = require "pbx"
local profile = require "followme.profile"
local leg = require "followme.leg"
local M = { name = "followme", options = profile.options }

local supported, ignored = "BNabdns", "Il"
local name_seconds, names = 5, 100 -- a caller's name: how long, and how many are kept before the first is written over

local function check(options)
  for letter in pairs(options) do
    if not (supported .. ignored):find(letter, 1, true) then pbx.log_once("warning", "FollowMe: unknown option '" .. letter .. "' is ignored") end
  end
end

local function say(chan, name)
  if name == "" then return end
  local ok, why = chan:play(name)
  if not ok and why then pbx.log_once("warning", "FollowMe: " .. why) end
end

--- Option a: the caller says who he is. The prompt's name; "" if he said nothing.
local function record_name(chan)
  say(chan, "vm-rec-name")
  say(chan, "beep")
  local file = ("followme-names/%02d"):format(pbx.shared:add("followme/names") % names)
  local done, why = chan:record { file = file .. ".wav", max_ms = name_seconds * 1000, min_ms = 300, silence_ms = 2000, terminators = "#", trim = true }
  if not done then pbx.log("warning", "FollowMe: option a: " .. why) end
  return done and done.duration_ms >= 300 and file or ""
end

--- All before the first step; what the caller hears until somebody is found begins. The name's prompt.
local function begin(chan, p, options)
  if type(options.B) == "string" then chan:gosub((options.B:gsub("%^", ","))) end
  if options.N then return "" end
  chan:answer()
  if options.s then say(chan, p.status_prompt) end
  local name = options.a and record_name(chan) or ""
  if not options.d then say(chan, p.hold_prompt) end
  local ok, why = chan:start_music(p.music ~= "" and p.music or nil)
  if not ok then pbx.log("warning", "FollowMe: music: " .. why) end
  return name
end

--- Rings the numbers of a step: who took the call, nil for nobody.
local function try(chan, step, variables, options)
  local targets, how = leg.targets(step.numbers, variables)
  return chan:dial { targets = targets, variables = how, timeout_ms = step.seconds * 1000, ring = options.N and "fake" or "none", cancel_cause = 26,
    ignore_forwards = true }.peer
end

--- The numbers of a step that the person may send calls to.
local function permitted(id, step)
  local out = { seconds = step.seconds, numbers = {} }
  for _, number in ipairs(step.numbers) do
    local digits = leg.number(number)
    if pbx.tollguard.allows(id, "forward", digits) then
      out.numbers[#out.numbers + 1] = number
    else
      pbx.log("warning", "FollowMe: " .. id .. " may not be followed to " .. digits .. "; see tollguard.conf")
    end
  end
  return out
end

local function connect(chan, p, peer, options)
  if not options.N then chan:stop_music() end
  chan:answer()
  say(chan, p.connecting_prompt)
  chan:bridge(peer)
  return -1
end

local function follow(chan, id, letters)
  local p = id and profile.find(id)
  if not p then
    pbx.log("warning", "FollowMe: followme.conf has no profile [" .. (id or "") .. "]")
    return
  end
  local way = chan:get "FOLLOWME_WAY" or ""
  if ("," .. way .. ","):find("," .. id .. ",", 1, true) then
    pbx.log("notice", "FollowMe: " .. id .. " is being looked for already, and not followed in a circle")
    return
  end
  local options = pbx.options(letters)
  check(options)
  local name = begin(chan, p, options)
  local variables = { FOLLOWME_PROFILE = id, FOLLOWME_NAME = name, FOLLOWME_BEFORE = type(options.b) == "string" and options.b or "",
    __FOLLOWME_WAY = way == "" and id or way .. "," .. id }
  for _, step in ipairs(p.steps) do
    local allowed = permitted(id, step)
    local peer = #allowed.numbers > 0 and try(chan, allowed, variables, options)
    if peer then return connect(chan, p, peer, options) end
  end
  if not options.N then chan:stop_music() end
  if options.n then
    chan:answer()
    say(chan, p.sorry_prompt)
  end
end

M.applications = {
  FollowMe = { run = follow, synopsis = "Look for a person at several numbers", takes = "id, options", options = supported, ignored = ignored },
}
M.features = { leg = { code = "0", number = "required", context = leg.context, run = leg.run, synopsis = "One number of a step" } }
M.module = { confirmed = leg.targets }

return M
