--- Mailboxes: what voicemail.conf says of them.
local pbx = require "pbx"
local M = {}

local defaults = {
  format = "wav", maxmsg = "100", maxsecs = "0", minsecs = "0", maxsilence = "0", silencethreshold = "256", maxlogins = "3", maxgreet = "0",
  skipms = "3000", minpassword = "0", saydurationm = "2", envelope = "yes", sayduration = "yes", moveheard = "yes",
}

local not_contexts = { general = true, zonemessages = true, aliases = true }
local truths = { yes = true, ["true"] = true, y = true, t = true, ["1"] = true, on = true }

-- What a mailbox may be asked: its options, and methods upon them.
local Box = {}

--- An option of the mailbox, else of [general], else Asterisk's default.
function Box:option(name) return self.own[name] or self.general[name] or defaults[name] end

function Box:yes(name) return truths[(self:option(name) or ""):lower()] or false end

function Box:number(name) return tonumber(self:option(name)) or tonumber(defaults[name]) or 0 end

--- The format that is recorded: the first of format=.
function Box:format() return (self:option("format"):match("[^|%s]+") or "wav"):lower() end

function Box:count(folder) return pbx.mailbox.count(self.context, self.name, folder) end

--- New messages are those of Urgent, too.
function Box:new() return self:count("INBOX") + self:count("Urgent") end

function Box:greeting(which) return pbx.mailbox.greeting(self.context, self.name, which) end

--- The zone of the mailbox's clock; nil is the server's.
function Box:zone()
  local tz = self:option("tz")
  return tz and self.zones[tz] or nil
end

local function password_key(box) return "voicemail/" .. box.context .. "/" .. box.name .. "/password" end

--- What was set by phone counts as long as voicemail.conf says what it said then.
function Box:password()
  local replaced, own = (pbx.store:get(password_key(self)) or ""):match("^(%x*):(.*)$")
  return replaced == pbx.text.md5(self.configured) and own or self.configured
end

function Box:set_password(password) pbx.store:put(password_key(self), pbx.text.md5(self.configured) .. ":" .. password) end

local function read_options(into, text, separator)
  for _, piece in ipairs(pbx.split(text, separator)) do
    local name, value = piece:match("^%s*([%w_-]+)%s*=%s*(.-)%s*$")
    if name then into[name:lower()] = value end
  end
end

--- "password,name,email,pager,option=value|option=value" of a mailbox.
local function read_box(name, context, value, general, zones)
  local fields = {}
  for _, field in ipairs(pbx.split(value, ",")) do fields[#fields + 1] = field:match("^%s*(.-)%s*$") end
  local password = fields[1] or ""
  local box = {
    name = name, context = context, configured = password:gsub("^%-", ""), locked = password:sub(1, 1) == "-",
    fullname = fields[2] or "", email = fields[3] or "", pager = fields[4] or "", own = {}, general = general, zones = zones,
  }
  read_options(box.own, table.concat(fields, ",", 5), "|")
  return setmetatable(box, { __index = Box })
end

--- Calls visit(box) for every mailbox there is, until it returns true.
function M.each(visit)
  local sections, general, zones = pbx.conf "voicemail.conf" or {}, {}, {}
  for _, section in ipairs(sections) do
    for _, o in ipairs(section.options) do
      if section.name == "general" then general[o[1]:lower()] = o[2] end
      if section.name == "zonemessages" then zones[o[1]] = o[2]:match("^[^|]*") end
    end
  end
  for _, section in ipairs(sections) do
    for _, o in ipairs(not_contexts[section.name] and {} or section.options) do
      if visit(o[1], section.name, function() return read_box(o[1], section.name, o[2], general, zones) end, general) then return end
    end
  end
end

--- The mailbox "name@context", or of the context default, or with searchcontexts=yes of any; nil without one.
function M.find(text)
  local name, context = (text or ""):match("^%s*([^@]*)@?(.-)%s*$")
  local found
  M.each(function(this, its_context, read, general)
    local anywhere = context == "" and truths[(general.searchcontexts or ""):lower()]
    if this == name and (anywhere or its_context == (context ~= "" and context or "default")) then found = read() end
    return found
  end)
  return found
end

return M
