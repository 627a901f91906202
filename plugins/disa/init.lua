--- DISA(passcode or file[,context[,callerid[,mailbox[,options]]]]): a dial tone of the house for who calls from outside and knows a passcode.
local pbx = require "pbx"
local M = { name = "disa" }

local reorder_ms = 10000

--- Why not, in the log; the caller hears the congestion tone, and the call ends.
local function refuse(chan, why)
  local id = chan:callerid()
  pbx.log("warning", ("DISA: call from %s by %s: %s"):format(id.number or "unknown", chan:endpoint() or chan:tech(), why))
  local ok, trouble = chan:play_tone("congestion")
  if not ok then pbx.log("warning", "DISA: " .. trouble) end
  chan:wait(reorder_ms)
  return -1
end

--- The lines of a file of passcodes that are for one: passcode,context,callerid,mailbox. nil and why it cannot be read.
local function line_of(path, code)
  local text, why = pbx.read_file(path)
  if not text then return nil, why end
  for line in text:gmatch("[^\r\n]+") do
    if not line:find("^%s*[#;]") then
      local fields = pbx.split((line:gsub("|", ",")), ",")
      for i, field in ipairs(fields) do fields[i] = field:match("^%s*(.-)%s*$") end
      if fields[1] == code and code ~= "" then return fields end
    end
  end
  return nil, "wrong passcode"
end

--- A tone until the first key, then keys for as long as `more` wants another. nil without a key.
local function dialled(chan, tone, more)
  local ok, why = chan:play_tone(tone)
  if not ok then pbx.log("warning", "DISA: " .. why) end
  local key = chan:digit(chan:timeout "response" * 1000)
  chan:stop_tone()
  if not key then return nil end
  local typed = ""
  while key do
    if key == "#" and more(typed, key) == "end" then return typed, true end
    typed = typed .. key
    if not more(typed) then break end
    key = chan:digit(chan:timeout "digit" * 1000)
  end
  return typed, false
end

--- The passcode up to #, and what goes with it. nil and why not.
local function passcode(chan, wanted)
  if wanted == "no-password" then return { "" } end
  local typed, ended = dialled(chan, "dial", function(_, key) return key and "end" or true end)
  if not typed then return nil, "nothing was dialled" end
  if not ended then return nil, "the passcode was not ended with #" end
  if wanted:find("^/") then return line_of(wanted, typed) end
  if typed == wanted then return { typed } end
  return nil, "wrong passcode"
end

--- Whether a mailbox has messages that were not heard: then the dial tone stutters.
local function has_messages(chan, box)
  if (box or "") == "" then return false end
  return (tonumber(chan:get("VMCOUNT(" .. box .. ")")) or 0) > 0
end

local function set_callerid(chan, text)
  if (text or "") == "" then return end
  local name, number = text:match('^%s*"?(.-)"?%s*<(.-)>%s*$')
  chan:set_callerid { name = name or "", number = number or text }
end

--- Where an extension of the context is, or its `i`. The guard has its say on what leads out.
local function go(chan, context, exten, code)
  if not pbx.exists(context, exten) then
    if exten ~= "" and pbx.exists(context, "i") then
      chan:set("INVALID_EXTEN", exten)
      chan:go_to(context, "i", 1)
    end
    return refuse(chan, exten == "" and "nothing was dialled" or "there is no extension " .. exten .. " in context " .. context)
  end
  local endpoint = chan:endpoint() or ""
  if not pbx.tollguard.allows(endpoint, "disa", exten) then
    return refuse(chan, exten .. " is an outside number, and tollguard.conf has no disa = for " .. (endpoint == "" and "this channel" or endpoint))
  end
  pbx.tollguard.mark(chan, "disa", endpoint, exten)
  set_callerid(chan, code[3])
  if code[1] ~= "" then chan:accountcode(code[1]) end
  chan:reset_cdr()
  chan:go_to(context, exten, 1)
end

local function disa(chan, wanted, context, callerid, mailbox, letters)
  if not wanted then
    pbx.log("error", "DISA: want a passcode, a file of passcodes, or no-password")
    return -1
  end
  local options = pbx.options(letters)
  if not options.n then chan:answer() end
  local code, why = passcode(chan, wanted)
  if not code then return refuse(chan, why) end
  context = (code[2] or "") ~= "" and code[2] or context or "disa"
  if (code[3] or "") == "" then code[3] = callerid end
  local exten = dialled(chan, has_messages(chan, code[4] or mailbox) and "dialrecall" or "dial", function(typed, key)
    if key then return options.p and "end" end
    return pbx.exists(context, typed, "matchmore")
  end)
  return go(chan, context, exten or "", code)
end

M.applications = {
  DISA = { run = disa, synopsis = "Give a caller from outside a dial tone of the house", takes = "passcode, context, callerid, mailbox, options", options = "np" },
}

return M
