--- Voicemail: messages that callers leave, in Asterisk's spool.
-- Applications: VoiceMail, VoiceMailMain, VMAuthenticate, VMSayName, VoiceMailPlayMsg. Functions: VM_INFO, VMCOUNT, MAILBOX_EXISTS. See README.md.
local pbx = require "pbx"
local mailbox = require "voicemail.mailbox"
local leave = require "voicemail.leave"
local main = require "voicemail.main"
local owner = require "voicemail.owner"
local recovered = require "voicemail.recovered"
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

--- voicemail show users [for CONTEXT].
local function show_users(out, of, context)
  if of and (of ~= "for" or not context) then return "want: voicemail show users [for CONTEXT]" end
  local n = 0
  out(("%-16s %-8s %-25s %-10s %6s"):format("Context", "Mbox", "User", "Zone", "NewMsg"))
  mailbox.each(function(_, its_context, read)
    if context and its_context ~= context then return end
    local box = read()
    n = n + 1
    out(("%-16s %-8s %-25s %-10s %6d"):format(box.context, box.name, box.fullname, box:option "tz" or "", box:new()))
  end)
  return n .. " voicemail users configured."
end

local function show_zones(out)
  local zones, names = mailbox.zones(), {}
  for name in pairs(zones) do names[#names + 1] = name end
  if #names == 0 then return "There are no voicemail zones currently defined" end
  table.sort(names)
  out(("%-15s %-20s %s"):format("Zone", "Timezone", "Message Format"))
  for _, name in ipairs(names) do out(("%-15s %-20s %s"):format(name, zones[name].zone, zones[name].format or "")) end
end

M.applications = {
  VoiceMail = { run = leave.run, synopsis = "Record a message for a mailbox", takes = "mailboxes!, options", options = "bdegPsStuU" },
  VoiceMailMain = { run = main, synopsis = "Hear messages and set a mailbox up", takes = "mailbox, options", options = "agprs" },
  VMAuthenticate = { run = owner.authenticate, synopsis = "Ask for a mailbox and its password", takes = "mailbox, options", options = "s" },
  VMSayName = { run = owner.say_name, synopsis = "Say the name of a mailbox's owner", takes = "mailbox" },
  VoiceMailPlayMsg = { run = owner.play, synopsis = "Play one message of a mailbox", takes = "mailbox, message" },
}
M.functions = {
  VM_INFO = { get = vm_info, synopsis = "What a mailbox is like", takes = "mailbox!, item!",
    items = "count email exists fullname language locale maxmsg pager password tz" },
  VMCOUNT = { get = vmcount, synopsis = "How many messages mailboxes have" },
  MAILBOX_EXISTS = { get = mailbox_exists, synopsis = "Whether there is a mailbox" },
}
M.commands = {
  ["voicemail show users"] = { run = show_users, synopsis = "List the mailboxes, or those of a context" },
  ["voicemail show zones"] = { run = show_zones, synopsis = "List the time zones of mailboxes" },
}

M.events = { MessageRecovered = recovered.tell }

--- For other plugins: mailboxes as tables {name, context, fullname, hidden, aliases}, and what is said of one's owner.
M.module = {
  boxes = function(context)
    local out = {}
    mailbox.each(function(_, its_context, read)
      local box = (context == "*" or its_context == (context or "default")) and read()
      if box then
        out[#out + 1] = { name = box.name, context = box.context, fullname = box.fullname, hidden = box:yes "hidefromdir", aliases = box.aliases }
      end
    end)
    return out
  end,
  option = function(name) return mailbox.general()[name] end,
}

return M
