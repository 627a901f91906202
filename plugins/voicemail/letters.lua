--- Letters about a message: an e-mail with the recording, and a short one for a pager, from the site's templates.
local pbx = require "pbx"

local defaults = {
  serveremail = "asterisk", fromstring = "Asterism PBX", charset = "UTF-8", emaildateformat = "%A, %B %d, %Y at %r",
  emailbody = "${VM_NAME},\n\n${VM_CALLERID} has left a message of ${VM_DUR} for you (number ${VM_MSGNUM}) in mailbox ${VM_MAILBOX},\non ${VM_DATE}.\n",
  pagersubject = "New VM", pagerbody = "Message of ${VM_DUR} in mailbox ${VM_MAILBOX} from ${VM_CALLERID}, ${VM_DATE}",
}
local transcription = "${VM_TRANSCRIPTION}" -- which the outbox replaces

local escapes = { n = "\n", t = "\t", r = "\r" }

local function template(box, name)
  local text = box:option(name)
  return text and text:gsub("\\([ntr])", escapes) or defaults[name]
end

local function parts(callerid)
  local name, number = (callerid or ""):match('^"?(.-)"?%s*<([^>]*)>%s*$')
  if number then return name, number end
  return "", callerid ~= "Unknown" and callerid or ""
end

local function date(box, at, format)
  return pbx.time.format(at, (box:zone()), template(box, format) or template(box, "emaildateformat"))
end

--- What templates may name.
local function variables(chan, box, message)
  local id, seconds, nobody = chan:callerid(), math.floor(message.duration_ms / 1000 + 0.5), "an unknown caller"
  local name, number = id.name or "", id.number or ""
  local orig_name, orig_number = parts(message.callerid)
  local all = number == "" and name or name == "" and number or ('"%s" <%s>'):format(name, number)
  return {
    VM_NAME = box.fullname, VM_DUR = ("%d:%02d"):format(math.floor(seconds / 60), seconds % 60), VM_MSGNUM = tostring(message.number + 1),
    VM_CONTEXT = box.context, VM_MAILBOX = box.name, VM_CALLERID = all ~= "" and all or nobody, VM_CIDNAME = name ~= "" and name or nobody,
    VM_CIDNUM = number ~= "" and number or nobody, VM_CATEGORY = message.category or "no category", VM_FLAG = message.flag or "",
    VM_TRANSCRIPTION = transcription, ORIG_VM_CALLERID = message.callerid, ORIG_VM_CIDNAME = orig_name, ORIG_VM_CIDNUM = orig_number,
    ORIG_VM_DATE = date(box, message.time, "emaildateformat"), VM_MESSAGEFILE = message.path,
  }
end

--- Without a subject of the site's own.
local function subject(box)
  return (box:yes "pbxskip" and "" or "[PBX]: ") .. "New ${VM_FLAG} message ${VM_MSGNUM} in mailbox ${VM_MAILBOX}"
end

local function addresses(text)
  local out = {}
  for address in text:gmatch("[^|%s]+") do out[#out + 1] = address end
  return out
end

--- The letters about a message: those of its mailbox, whose recording has that extension.
return function(chan, box, message, extension, transcribed)
  local before, values = {}, variables(chan, box, message)
  for name, value in pairs(values) do
    before[name] = chan:get(name) or false
    chan:set(name, value)
  end
  local function fill(text, format)
    chan:set("VM_DATE", date(box, pbx.time.now(), format))
    return chan:expand(text)
  end
  local id, list = chan:callerid(), {}
  local headers = { ["X-Asterisk-CallerID"] = id.number ~= "" and id.number or nil, ["X-Asterisk-CallerIDName"] = id.name ~= "" and id.name or nil }
  if (box.email or "") ~= "" then
    local body = template(box, "emailbody")
    if transcribed and not body:find(transcription, 1, true) then body = body .. "\n" .. transcription .. "\n" end
    list[1] = {
      from = template(box, "serveremail"), from_name = fill(template(box, "fromstring"), "emaildateformat"), to = addresses(box.email), to_name = box.fullname,
      subject = fill(template(box, "emailsubject") or subject(box), "emaildateformat"):gsub("  +", " "), body = fill(body, "emaildateformat"),
      charset = template(box, "charset"), headers = headers,
      attach = box:yes "attach" and ("msg%04d.%s"):format(message.number, extension) or nil,
    }
  end
  if (box.pager or "") ~= "" then
    list[#list + 1] = {
      from = template(box, "serveremail"), from_name = fill(template(box, "pagerfromstring") or template(box, "fromstring"), "pagerdateformat"),
      to = addresses(box.pager), to_name = "", subject = fill(template(box, "pagersubject"), "pagerdateformat"),
      body = fill(template(box, "pagerbody"), "pagerdateformat"), charset = template(box, "charset"), headers = {},
    }
  end
  for name, value in pairs(before) do
    if value then chan:set(name, value) else chan:unset(name) end
  end
  chan:unset("VM_DATE")
  return list
end
