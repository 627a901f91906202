--- What others are told of a mailbox: externnotify.
local pbx = require "pbx"
local M = {}

--- The counts of a mailbox have changed.
function M.counts(box)
  pbx.mailbox.start("externnotify", { box.context, box.name, box:count "INBOX", box:count "Old", box:count "Urgent" })
end

--- A message was put into a folder.
function M.message(box)
  M.counts(box)
end

return M
