--- The keys of a member: sequences and what they do.
local pbx = require "pbx"
local M = {}

local step_db, most_db = 3, 15

local function louder(chan, listen, talk)
  local l, t = chan:conference_gain()
  local function within(db) return math.max(-most_db, math.min(most_db, db)) end
  chan:conference_gain(within(l + listen), within(t + talk))
end

--- How many there are, as prompts.
function M.count_prompts(n)
  if n <= 20 then return { "digits/" .. n } end
  if n < 100 then
    local out = { "digits/" .. (n - n % 10) }
    if n % 10 > 0 then out[2] = "digits/" .. n % 10 end
    return out
  end
  local out = {}
  for digit in tostring(n):gmatch(".") do out[#out + 1] = "digits/" .. digit end
  return out
end

-- Each takes the channel, the conference's name, its argument and the user's profile. What is returned ends the stay: the result, and
-- where to go on.
local actions = {
  no_op = function() end,
  playback = function(chan, _, files) chan:play(files) end,
  playback_and_continue = function(chan, _, files) chan:play(files, "0123456789*#ABCD") end,
  toggle_mute = function(chan)
    local muted = chan:conference_mute(not chan:conference_mute())
    chan:play(muted and "conf-muted" or "conf-unmuted")
  end,
  increase_listening_volume = function(chan) louder(chan, step_db, 0) end,
  decrease_listening_volume = function(chan) louder(chan, -step_db, 0) end,
  increase_talking_volume = function(chan) louder(chan, 0, step_db) end,
  decrease_talking_volume = function(chan) louder(chan, 0, -step_db) end,
  reset_listening_volume = function(chan) chan:conference_gain(0, select(2, chan:conference_gain())) end,
  reset_talking_volume = function(chan) chan:conference_gain((chan:conference_gain()), 0) end,
  dialplan_exec = function(chan, _, place) chan:gosub(place) end,
  leave_conference = function() return "DTMF" end,
  participant_count = function(chan, name)
    local info = pbx.conference.info(name)
    local others = info and info.parties - 1 or 0
    if others == 0 then
      chan:play "conf-onlyperson"
    elseif others == 1 then
      chan:play "conf-onlyone"
    else
      local files = M.count_prompts(others)
      table.insert(files, 1, "conf-thereare")
      files[#files + 1] = "conf-otherinparty"
      chan:play(files)
    end
  end,
}

-- Those of an admin.
local admin = {
  admin_kick_last = function(chan, name)
    local info = pbx.conference.info(name)
    local last = info and info.members[#info.members]
    if not last or last.admin then
      chan:play "conf-errormenu"
    else
      pbx.conference.kick(name, last.channel)
    end
  end,
  admin_toggle_conference_lock = function(chan, name)
    local info = pbx.conference.info(name)
    local lock = info and not info.locked
    pbx.conference.lock(name, lock)
    chan:play(lock and "conf-lockednow" or "conf-unlockednow")
  end,
  admin_toggle_mute_participants = function(_, name)
    local info, all_muted = pbx.conference.info(name), true
    for _, m in ipairs(info and info.members or {}) do all_muted = all_muted and (m.admin or m.muted) end
    pbx.conference.mute(name, "participants", not all_muted)
  end,
}

--- Run the actions of a key sequence; the result that ends the stay, or nil.
function M.run(chan, name, list, user)
  for _, a in ipairs(list) do
    local what = actions[a[1]]
    if not what and admin[a[1]] then
      what = user.admin and admin[a[1]] or function() chan:play "conf-errormenu" end
    end
    if what then
      local result = what(chan, name, a[2])
      if result then return result end
    else
      pbx.log_once("notice", "confbridge.conf: menu action '" .. a[1] .. "' has no effect")
    end
  end
end

--- Whether typed is a sequence, and whether it may become a longer one.
function M.match(keys, typed)
  local longer = false
  for sequence in pairs(keys) do
    if #sequence > #typed and sequence:sub(1, #typed) == typed then longer = true end
  end
  return keys[typed], longer
end

return M
