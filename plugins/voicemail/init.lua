--- Voicemail: messages that callers leave, in Asterisk's spool.
-- Applications: VoiceMail, VoiceMailMain. Functions: VM_INFO, VMCOUNT, MAILBOX_EXISTS. See README.md.
local pbx = require "pbx"
local mailbox = require "voicemail.mailbox"
local leave = require "voicemail.leave"
local main = require "voicemail.main"
local M = { name = "voicemail" }

local function count(box, folder) return folder == "INBOX" and box:new() or box:count(folder) end

--- VMCOUNT(box[@context][&box2…][,folder]).
local function vmcount(_, list, folder)
  local n = 0
  for _, text in ipairs(pbx.split(list or "", "&")) do
    local box = mailbox.find(text)
    if box then n = n + count(box, folder or "INBOX") end
  end
  return tostring(n)
end

local facts = {
  exists = function() return "1" end,
  email = function(box) return box.email end,
  fullname = function(box) return box.fullname end,
  pager = function(box) return box.pager end,
  maxmsg = function(box) return tostring(box:number "maxmsg") end,
  password = function(box) return box:password() end,
  language = function(box) return box:option "language" or "" end,
  locale = function(box) return box:option "locale" or "" end,
  tz = function(box) return box:option "tz" or "" end,
  count = function(box, folder) return tostring(count(box, folder or "INBOX")) end,
}

--- VM_INFO(box[@context],attribute[,folder]).
local function vm_info(_, name, attribute, folder)
  local fact = facts[(attribute or ""):lower()]
  if not fact then error("VM_INFO: want count, email, exists, fullname, language, locale, maxmsg, pager, password or tz, not '" .. (attribute or "") .. "'", 0) end
  local box = mailbox.find(name)
  if box then return fact(box, folder) end
  return fact == facts.exists and "0" or ""
end

local function mailbox_exists(_, name) return mailbox.find(name) and "1" or "0" end

local function show_users(out)
  local n = 0
  out(("%-16s %-8s %-25s %-10s %6s"):format("Context", "Mbox", "User", "Zone", "NewMsg"))
  mailbox.each(function(_, _, read)
    local box = read()
    n = n + 1
    out(("%-16s %-8s %-25s %-10s %6d"):format(box.context, box.name, box.fullname, box:option "tz" or "", box:new()))
  end)
  return n .. " voicemail users configured."
end

M.applications = {
  VoiceMail = { run = leave.run, synopsis = "Record a message for a mailbox", takes = "mailboxes!, options", options = "bdegPsStuU" },
  VoiceMailMain = { run = main, synopsis = "Hear messages and set a mailbox up", takes = "mailbox, options", options = "agprs" },
}
M.functions = {
  VM_INFO = { get = vm_info, synopsis = "What a mailbox is like", takes = "mailbox!, item!",
    items = "count email exists fullname language locale pager password tz" },
  VMCOUNT = { get = vmcount, synopsis = "How many messages mailboxes have" },
  MAILBOX_EXISTS = { get = mailbox_exists, synopsis = "Whether there is a mailbox" },
}
M.commands = { ["voicemail show users"] = { run = show_users, synopsis = "List the mailboxes" } }

return M
