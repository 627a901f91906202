--- One member's stay in a conference: keys, leaders who come and go, being shown out.
local pbx = require "pbx"
local profile = require "confbridge.profile"
local menu = require "confbridge.menu"

local between_keys_ms = 1000
local sound = profile.sound

--- Let a member hear and be heard, or wait for one who is marked.
local function let_in(chan, user, on)
  chan:conference_deafen(not on)
  chan:conference_mute(not on or (user.startmuted or false))
end

--- One member's stay. Returns the result.
local function stay(chan, name, user, bridge, keys)
  local leads, waiting, typed = false, false, ""
  local leaves_at = user.timeout > 0 and pbx.time.now() + user.timeout
  local function marked()
    local info = pbx.conference.info(name)
    return info and info.marked > 0
  end
  if user.wait_marked and not marked() then
    waiting = true
    let_in(chan, user, false)
    if not user.quiet then chan:play(sound(bridge, "wait_for_leader", "conf-waitforleader")) end
  end
  leads = marked()
  while true do
    local left_ms = leaves_at and math.max(0, (leaves_at - pbx.time.now()) * 1000) or nil
    if typed ~= "" then left_ms = math.min(left_ms or between_keys_ms, between_keys_ms) end
    local what, detail = chan:conference_next(left_ms)
    if what == "kicked" then
      chan:play(sound(bridge, "kicked", "conf-kicked"))
      return "KICKED"
    elseif what == "timeout" and leaves_at and pbx.time.now() >= leaves_at then
      return "TIMEOUT"
    elseif what == "digit" or what == "timeout" then
      if what == "digit" then typed = typed .. detail end
      local action, longer = menu.match(keys, typed)
      if what == "timeout" or not longer then
        typed = ""
        local result = action and menu.run(chan, name, action, user)
        if result then return result end
      end
    elseif what == "joined" and detail.marked then
      if waiting then
        waiting = false
        let_in(chan, user, true)
        if not user.quiet then chan:play(sound(bridge, "place_into_conference", "conf-placeintoconf")) end
      end
      leads = true
    elseif what == "left" and detail.marked and leads and not marked() then
      leads = false
      if user.end_marked or user.wait_marked then
        if not user.quiet then chan:play(sound(bridge, "leader_has_left", "conf-leaderhasleft")) end
      end
      if user.end_marked then return "ENDMARKED" end
      if user.wait_marked then
        waiting = true
        let_in(chan, user, false)
      end
    end
  end
end

return stay
