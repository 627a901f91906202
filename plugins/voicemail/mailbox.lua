--- Mailboxes: what voicemail.conf says of them.
local pbx = require "pbx"
local M = {}

local defaults = {
  format = "wav", maxmsg = "100", maxsecs = "0", minsecs = "0", maxsilence = "0", silencethreshold = "256", maxlogins = "3", maxgreet = "0",
  skipms = "3000", minpassword = "0", saydurationm = "2", envelope = "yes", sayduration = "yes", moveheard = "yes",
  leaveurgent = "yes", attach = "yes", backupdeleted = "0", ["listen-control-forward-key"] = "#", ["listen-control-reverse-key"] = "*",
  ["listen-control-pause-key"] = "0", ["listen-control-restart-key"] = "2", ["listen-control-stop-key"] = "13456789",
}

local cached -- voicemail.conf's sections: a script, with its generation of the configuration, has one state
local function read_conf()
  cached = cached or pbx.conf "voicemail.conf" or {}
  return cached
end

local truths = { yes = true, ["true"] = true, y = true, t = true, ["1"] = true, on = true }

-- What a mailbox may be asked: its options, and methods upon them.
local Box = {}

--- An option of the mailbox, else of [general], else Asterisk's default.
function Box:option(name) return self.own[name] or self.general[name] or defaults[name] end

function Box:yes(name) return truths[(self:option(name) or ""):lower()] or false end

function Box:number(name) return tonumber(self:option(name)) or tonumber(defaults[name]) or 0 end

--- The prompt that is said for one: [general] may have another.
function Box:prompt(name) return self.general[name] or name end

--- The formats that are recorded, at least one.
function Box:formats()
  local out = {}
  for format in self:option("format"):gmatch("[^|,%s]+") do out[#out + 1] = format:lower() end
  return out[1] and out or { "wav" }
end

function Box:format() return self:formats()[1] end

function Box:count(folder) return pbx.mailbox.count(self.context, self.name, folder) end

--- New messages are those of Urgent, too.
function Box:new() return self:count("INBOX") + self:count("Urgent") end

function Box:greeting(which) return pbx.mailbox.greeting(self.context, self.name, which) end

--- What a mailbox is called in logs and by other parts of the PBX.
function Box:title() return self.name .. "@" .. self.context end

--- The zone of the mailbox's clock and the words for a moment; nil is the server's, or the language's.
function Box:zone()
  local zone = self.zones[self:option("tz") or ""]
  if zone then return zone.zone, zone.format end
end

local function password_key(box) return "voicemail/" .. box.context .. "/" .. box.name .. "/password" end

--- What was set by phone counts as long as voicemail.conf says what it said then; with passwordlocation=spooldir, secret.conf of the mailbox.
function Box:password()
  if (self:option "passwordlocation" or ""):lower() == "spooldir" then return pbx.mailbox.secret(self.context, self.name) or self.configured end
  local replaced, own = (pbx.store:get(password_key(self)) or ""):match("^(%x*):(.*)$")
  return replaced == pbx.text.md5(self.configured) and own or self.configured
end

function Box:set_password(password)
  if (self:option "passwordlocation" or ""):lower() == "spooldir" then return pbx.mailbox.secret(self.context, self.name, password) end
  return pbx.store:put(password_key(self), pbx.text.md5(self.configured) .. ":" .. password)
end

--- "option=value|option=value" of a mailbox; alias may be there more than once.
local function read_options(box, text)
  for _, piece in ipairs(pbx.split(text, "|")) do
    local name, value = piece:match("^%s*([%w_-]+)%s*=%s*(.-)%s*$")
    if name then box.own[name:lower()] = value end
    if name and name:lower() == "alias" then box.aliases[#box.aliases + 1] = value end
  end
end

--- "password,name,email,pager,option=value|option=value" of a mailbox.
local function read_box(name, context, value, general, zones)
  local fields = pbx.split(value, ",")
  for i = 1, 4 do fields[i] = (fields[i] or ""):match("^%s*(.-)%s*$") end
  local password = fields[1]
  local box = {
    name = name, context = context, configured = password:gsub("^%-", ""), locked = password:sub(1, 1) == "-",
    fullname = fields[2], email = fields[3], pager = fields[4], own = {}, aliases = {}, general = general, zones = zones,
  }
  read_options(box, table.concat(fields, ",", 5))
  return setmetatable(box, { __index = Box })
end

--- [general] with small letters, and the sections of voicemail.conf.
local function general_of(sections)
  local general = {}
  for _, section in ipairs(sections) do
    for _, o in ipairs(section.name == "general" and section.options or {}) do general[o[1]:lower()] = o[2] end
  end
  return general
end

function M.general() return general_of(read_conf()) end

--- The zones of [zonemessages], by name.
function M.zones(sections)
  local zones = {}
  for _, section in ipairs(sections or read_conf()) do
    for _, o in ipairs(section.name == "zonemessages" and section.options or {}) do
      local zone, format = o[2]:match("^%s*([^|]*)|?(.*)$")
      zones[o[1]] = { zone = zone, format = format ~= "" and format or nil }
    end
  end
  return zones
end

--- Calls visit(name, context, read, general) for every mailbox there is, until it returns true.
function M.each(visit)
  local sections = read_conf()
  local general, zones = general_of(sections), M.zones(sections)
  local not_contexts = { general = true, zonemessages = true, [general.aliasescontext or "general"] = true }
  for _, section in ipairs(sections) do
    for _, o in ipairs(not_contexts[section.name] and {} or section.options) do
      if visit(o[1], section.name, function() return read_box(o[1], section.name, o[2], general, zones) end, general) then return end
    end
  end
end

--- What an alias, "name@context", stands for.
local function alias(name, context)
  local sections = read_conf()
  local aliases = general_of(sections).aliasescontext
  for _, section in ipairs(aliases and sections or {}) do
    for _, o in ipairs(section.name == aliases and section.options or {}) do
      if o[1] == name .. "@" .. context then return o[2] end
    end
  end
end

--- The mailbox "name@context", or of the context default, or with searchcontexts=yes of any; nil without one. An alias leads to another.
function M.find(text, no_alias)
  local name, context = (text or ""):match("^%s*([^@]*)@?(.-)%s*$")
  local found
  M.each(function(this, its_context, read, general)
    local anywhere = context == "" and truths[(general.searchcontexts or ""):lower()]
    if this == name and (anywhere or its_context == (context ~= "" and context or "default")) then found = read() end
    return found
  end)
  local other = not found and not no_alias and name ~= "" and alias(name, context ~= "" and context or "default")
  return other and M.find(other, true) or found
end

return M
