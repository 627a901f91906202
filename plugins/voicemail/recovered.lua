--- Messages that were being left when the PBX died: their mailboxes are told of them, too.
local announce = require "voicemail.announce"
local mailbox = require "voicemail.mailbox"
local M = {}

--- What letters ask of a channel, for a caller whose channel is gone. Templates have variables here, but no functions.
local Gone = {}

function Gone:callerid() return { name = self.name, number = self.number } end
function Gone:uniqueid() return self.id end
function Gone:get(name) return self.variables[name] end
function Gone:set(name, value) self.variables[name] = value end
function Gone:unset(name) self.variables[name] = nil end
function Gone:expand(text) return (text:gsub("%${([%w_]+)}", function(name) return self.variables[name] or "" end)) end

--- Of the event MessageRecovered.
function M.tell(e)
  local box = mailbox.find(e.mailbox)
  if not box then return end
  local name, number = e.caller:match('^"?(.-)"?%s*<([^>]*)>%s*$')
  local chan = setmetatable({ id = e.message, name = name or "", number = number or e.caller ~= "Unknown" and e.caller or "", variables = {} }, { __index = Gone })
  announce.message(chan, box, { folder = e.folder, number = e.number, path = e.path, id = e.message, duration_ms = e.duration_ms, flag = e.flag,
    callerid = e.caller, category = e.category ~= "" and e.category or nil, time = e.left })
end

return M
