--- One caller's view of his room: what he and the others hear of it.
local pbx = require "pbx"
local M = {}
M.__index = M

-- Asterisk's names of the prompts and their files; sound_NAME of a bridge profile replaces one.
local sounds = {
  has_joined = "conf-hasjoin", has_left = "conf-hasleft", kicked = "conf-kicked", muted = "conf-muted", unmuted = "conf-unmuted",
  only_person = "conf-onlyperson", only_one = "conf-onlyone", there_are = "conf-thereare", other_in_party = "conf-otherinparty",
  place_into_conference = "conf-placeintoconf", wait_for_leader = "conf-waitforleader", leader_has_left = "conf-leaderhasleft",
  get_pin = "conf-getpin", invalid_pin = "conf-invalidpin", locked = "conf-locked", locked_now = "conf-lockednow",
  unlocked_now = "conf-unlockednow", error_menu = "conf-errormenu", join = "confbridge-join", leave = "confbridge-leave",
  participants_muted = "conf-now-muted", participants_unmuted = "conf-now-unmuted", not_open = "conf-has-not-started",
  recording = "conf-now-recording", recording_stopped = "conf-recordingstopped", roll_call_complete = "conf-roll-callcomplete",
}

--- A caller's room: profiles of the user and the bridge, and the menu's keys.
function M.new(chan, name, user, bridge, keys)
  return setmetatable({ chan = chan, name = name, user = user, bridge = bridge, keys = keys, waiting = false, music = false }, M)
end

--- The file of a prompt.
function M:sound(name) return self.bridge["sound_" .. name] or sounds[name] end

function M:info() return pbx.conference.info(self.name) end

--- How many others there are.
function M:others()
  local info = self:info()
  return info and math.max(info.parties - 1, 0) or 0
end

--- Play to the caller alone; the music he may hear goes on after it.
function M:hear(files, keys)
  self.chan:play(files, keys)
  if self.music then self.chan:start_music(self.user.music_on_hold_class) end
end

--- Play to everybody, after what plays already; the caller goes on.
function M:tell(files) pbx.conference.play(self.name, files, self.bridge.language) end

--- Music while he is alone or waits, if his profile wants it.
function M:fill()
  local wanted = self.user.music_on_hold_when_empty and (self.waiting or self:others() == 0) or false
  if wanted == self.music then return end
  self.music = wanted
  if wanted then
    local ok, why = self.chan:start_music(self.user.music_on_hold_class)
    if not ok then pbx.log_once("warning", "ConfBridge: no music: " .. tostring(why)) end
  else
    self.chan:stop_music()
  end
end

--- Leave the caller out of the talk until a marked user comes, or let him in.
function M:wait(on)
  self.waiting = on
  self.chan:conference_wait(on)
end

--- How many others there are, as prompts.
function M:count(others)
  if others == 0 then return { self:sound "only_person" } end
  if others == 1 then return { self:sound "only_one" } end
  local files = pbx.say.number(others, self.chan:language())
  table.insert(files, 1, self:sound "there_are")
  files[#files + 1] = self:sound "other_in_party"
  return files
end

return M
