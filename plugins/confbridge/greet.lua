--- Coming and going: the caller says his name, he and the others are told.
local pbx = require "pbx"
local M = {}

local longest_name_ms = 20000

--- Whether the caller likes the name he said: 1 he does, 2 hears it again, 3 (or a dead line) says it again.
local function reviewed(chan, file)
  while true do
    chan:play((file:gsub("%.%w+$", "")))
    chan:play("vm-review", "123")
    local key = chan:digit(5000)
    if key == "1" or not key then return true end
    if key == "3" then return false end
  end
end

--- Ask for the caller's name, if his profile wants it. The file, which the caller of this removes; nil without one.
function M.name(room)
  local chan, user = room.chan, room.user
  if user.quiet or not (user.announce_join_leave or user.announce_join_leave_review) then return nil end
  local file = chan:get("ASTSPOOLDIR") .. "/confbridge/" .. pbx.file_name(room.name .. "-" .. chan:uniqueid()) .. ".wav"
  room.name_file = file
  repeat
    chan:play { "vm-rec-name", "beep" }
    local said, why = chan:record { file = file, max_ms = longest_name_ms, silence_ms = 3000, terminators = "#*0123456789", trim = true }
    if not said or said.why == "error" then
      pbx.log("warning", "ConfBridge: no name is recorded: " .. tostring(why or "the disk fails"))
      room.name_file = nil
      return nil
    end
  until not user.announce_join_leave_review or reviewed(chan, file)
  return (file:gsub("%.%w+$", ""))
end

--- What somebody who came in is told, and the room of him.
function M.joined(room, spoken)
  local chan, user = room.chan, room.user
  if user.quiet then return end
  local others = room:others()
  if others == 0 then
    if user.announce_only_user then room:hear(room:sound "only_person") end
  elseif user.announce_user_count then
    room:hear(room:count(others))
  end
  local all = user.announce_user_count_all or "no"
  local files = {}
  if not room.waiting then files[1] = room:sound "join" end
  if spoken and not room.waiting then
    files[2], files[3] = spoken, room:sound "has_joined"
  end
  if others > 0 and (all == "yes" or (tonumber(all) and others + 1 > tonumber(all))) then
    for _, file in ipairs(room:count(others + 1)) do files[#files + 1] = file end
  end
  if #files == 0 then return end
  if user.hear_own_join_sound then
    room:tell(files)
  elseif others > 0 then
    chan:conference_deafen(true)
    chan:conference_play(files, room.bridge.language)
    chan:conference_deafen(false)
  end
end

--- What the room is told of one who has left it.
function M.left(room, spoken)
  if room.user.quiet or not room:info() then return end
  local files = { room:sound "leave" }
  if spoken then files = { spoken, room:sound "has_left", files[1] } end
  room:tell(files)
end

return M
