--- Hold music from the dialplan.
-- Applications: MusicOnHold, StartMusicOnHold, StopMusicOnHold. The classes are those of musiconhold.conf.
local pbx = require "pbx"
local M = { name = "musiconhold" }

local function start(chan, app, class)
  local ok, why = chan:start_music(class)
  if not ok then pbx.log("warning", app .. ": " .. why) end
  return ok
end

local function music_on_hold(chan, class, seconds)
  if not start(chan, "MusicOnHold", class) then return end
  local s = tonumber(seconds)
  if seconds and not s then pbx.log("warning", "MusicOnHold: '" .. seconds .. "' is no number of seconds") end
  chan:wait(s and s > 0 and s * 1000 or nil)
  chan:stop_music()
end

M.applications = {
  MusicOnHold = { run = music_on_hold, synopsis = "Play hold music, for a while or until the caller leaves", takes = "class, seconds" },
  StartMusicOnHold = { run = function(chan, class) start(chan, "StartMusicOnHold", class) end,
    synopsis = "Play hold music while the dialplan goes on", takes = "class" },
  StopMusicOnHold = { run = function(chan) chan:stop_music() end, synopsis = "Stop what StartMusicOnHold began" },
}

return M
