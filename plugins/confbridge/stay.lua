--- One member's stay in a conference: keys, leaders who come and go, being shown out.
local pbx = require "pbx"
local menu = require "confbridge.menu"
local hours = require "confbridge.hours"

local between_keys_ms, look_ms = 1000, 20000

local function marked(room)
  local info = room:info()
  return info and info.marked > 0
end

--- How long to wait for what happens next, in ms; nil: for ever.
local function patience(room, typed, leaves_at)
  local ms = leaves_at and math.max(0, (leaves_at - pbx.time.now()) * 1000)
  if hours.limited(room.bridge) then ms = math.min(ms or look_ms, look_ms) end
  if typed ~= "" then ms = math.min(ms or between_keys_ms, between_keys_ms) end
  return ms
end

--- Keys that are no sequence go to the others, if the profile wants it.
local function pass(room, keys)
  if not room.user.dtmf_passthrough then return end
  for _, m in ipairs(room:info().members) do
    if m.channel ~= room.chan:name() then room.chan:send_digits(keys, nil, nil, m.channel) end
  end
end

--- One more key, or none in time. Returns the result, if that ends the stay, and what is typed of a sequence.
local function key(room, typed, digit)
  if not digit and typed == "" then return nil, "" end
  typed = typed .. (digit or "")
  local action, longer = menu.match(room.keys, typed)
  if digit and longer then return nil, typed end
  if not action then
    pass(room, typed)
    return nil, ""
  end
  return menu.run(room, action), ""
end

--- A marked user has come or gone. Returns the result, if that ends the stay.
local function leader(room, came, leads)
  local user = room.user
  local left = not came and leads and not marked(room)
  if came and room.waiting then
    room:wait(false)
    room:fill()
    if not user.quiet then room:hear(room:sound "place_into_conference") end
  elseif left and (user.end_marked or user.wait_marked) then
    if not user.quiet then room:hear(room:sound "leader_has_left") end
    if user.end_marked and not user.marked then return "ENDMARKED" end
    room:wait(user.wait_marked and not user.marked)
  end
  if not came and user.end_marked_any then return "ENDMARKED" end
end

--- One member's stay. Returns the result.
local function stay(room)
  local user = room.user
  local leads, typed, result = marked(room), "", nil
  local leaves_at = user.timeout > 0 and pbx.time.now() + user.timeout or nil
  if room.waiting and not user.quiet then room:hear(room:sound "wait_for_leader") end
  while true do
    room:fill()
    local what, detail = room.chan:conference_next(patience(room, typed, leaves_at))
    if what == "kicked" then
      room:hear(room:sound "kicked")
      return "KICKED"
    elseif what == "timeout" and (leaves_at and pbx.time.now() >= leaves_at or hours.closed(room.bridge)) then
      return "TIMEOUT"
    elseif what == "digit" or what == "timeout" then
      result, typed = key(room, typed, what == "digit" and detail or nil)
    elseif detail.marked then
      result = leader(room, what == "joined", leads)
      leads = marked(room)
    end
    if result then return result end
  end
end

return stay
