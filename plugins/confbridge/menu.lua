--- The keys of a member: sequences and what they do.
local pbx = require "pbx"
local M = {}

local step_db, most_db = 3, 15

local function louder(chan, listen, talk)
  local l, t = chan:conference_gain()
  local function within(db) return math.max(-most_db, math.min(most_db, db)) end
  chan:conference_gain(within(l + listen), within(t + talk))
end

-- Each takes the caller's room and its argument. What is returned ends the stay: the result.
local actions = {
  no_op = function() end,
  playback = function(room, files) room:hear(files) end,
  playback_and_continue = function(room, files) room:hear(files, "0123456789*#ABCD") end,
  toggle_mute = function(room)
    local muted = room.chan:conference_mute(not room.chan:conference_mute())
    room:hear(room:sound(muted and "muted" or "unmuted"))
  end,
  increase_listening_volume = function(room) louder(room.chan, step_db, 0) end,
  decrease_listening_volume = function(room) louder(room.chan, -step_db, 0) end,
  increase_talking_volume = function(room) louder(room.chan, 0, step_db) end,
  decrease_talking_volume = function(room) louder(room.chan, 0, -step_db) end,
  reset_listening_volume = function(room) room.chan:conference_gain(0, select(2, room.chan:conference_gain())) end,
  reset_talking_volume = function(room) room.chan:conference_gain((room.chan:conference_gain()), 0) end,
  dialplan_exec = function(room, place)
    room.chan:conference_wait(true) -- meanwhile he is elsewhere
    room.chan:gosub(place)
    room.chan:conference_wait(room.waiting)
  end,
  leave_conference = function() return "DTMF" end,
  participant_count = function(room) room:hear(room:count(room:others())) end,
  roll_call = function(room)
    local files, info = {}, room:info()
    for _, m in ipairs(info and info.members or {}) do
      if m.spoken ~= "" and m.channel ~= room.chan:name() then files[#files + 1] = m.spoken end
    end
    files[#files + 1] = room:sound "roll_call_complete"
    room:hear(files)
  end,
}

-- Those of an admin.
local admin = {
  admin_kick_last = function(room)
    local info = room:info()
    local last = info and info.members[#info.members]
    if not last or last.admin then
      room:hear(room:sound "error_menu")
    else
      pbx.conference.kick(room.name, last.channel, "by an admin")
    end
  end,
  admin_toggle_conference_lock = function(room)
    local info = room:info()
    local lock = info and not info.locked or false
    pbx.conference.lock(room.name, lock)
    room:hear(room:sound(lock and "locked_now" or "unlocked_now"))
  end,
  admin_toggle_mute_participants = function(room)
    local info = room:info()
    local mute = info and not info.muted or false
    pbx.conference.mute(room.name, "participants", mute)
    room:tell(room:sound(mute and "participants_muted" or "participants_unmuted"))
  end,
  admin_toggle_recording = function(room)
    local info = room:info()
    local begins = info and info.record == "" or false
    local ok, why = pbx.conference.record(room.name, begins)
    if ok then
      room:tell(room:sound(begins and "recording" or "recording_stopped"))
    else
      pbx.log("warning", "ConfBridge: " .. room.name .. ": " .. why)
      room:hear(room:sound "error_menu")
    end
  end,
  admin_toggle_mute_recording = function(room)
    local info = room:info()
    if not info or not pbx.conference.mute_record(room.name, not info.record_muted) then
      room:hear(room:sound "error_menu")
    else
      room:tell(room:sound(info.record_muted and "recording" or "recording_stopped"))
    end
  end,
}

--- Run the actions of a key sequence; the result that ends the stay, or nil.
function M.run(room, list)
  for _, a in ipairs(list) do
    local what = actions[a[1]]
    if not what and admin[a[1]] then
      what = room.user.admin and admin[a[1]] or function() room:hear(room:sound "error_menu") end
    end
    if what then
      local result = what(room, a[2])
      if result then return result end
    else
      pbx.log_once("notice", "confbridge.conf: menu action '" .. a[1] .. "' has no effect")
    end
  end
end

--- What typed is a sequence of, and whether it may become a longer one.
function M.match(keys, typed)
  local longer = false
  for sequence in pairs(keys) do
    if #sequence > #typed and sequence:sub(1, #typed) == typed then longer = true end
  end
  return keys[typed], longer
end

return M
