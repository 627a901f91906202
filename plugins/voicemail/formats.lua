--- The files of one recording: voicemail.conf may want it in several formats.
local pbx = require "pbx"
local M = {}

--- What the files of a format are called.
function M.extension(format) return format == "wav49" and "WAV" or format end

--- Write the formats beside the first, which is recorded at path. gain_db, if not 0, is put into all.
function M.complete(box, path, gain_db)
  local formats = box:formats()
  for i, format in ipairs(formats) do
    if i > 1 or gain_db and gain_db ~= 0 then
      local done, why = pbx.mailbox.convert({ path }, path .. "." .. format, gain_db)
      if not done then pbx.log_once("warning", "VoiceMail: format " .. format .. ": " .. why) end
      if i == 1 and gain_db then gain_db = nil end -- the others are made of it
    end
  end
end

return M
