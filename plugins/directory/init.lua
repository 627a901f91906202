--- Directory([voicemail context[,dial context[,options]]]): find somebody by the letters of his name, and call him.
-- Sets DIRECTORY_RESULT = OPERATOR | ASSISTANT | TIMEOUT | HANGUP | SELECTED | USEREXIT | FAILED, and with s DIRECTORY_EXTEN.
local pbx = require "pbx"
local names = require "directory.names"
local M = { name = "directory" }

local any_key = "0123456789*#"

--- Play prompts; the key that stopped them.
local function hear(chan, prompts)
  local ok, why, key = chan:play(prompts, any_key)
  if ok then key = why else pbx.log_once("warning", "Directory: " .. why) end
  if key then chan:digit(0) end
  return key
end

local function ask(chan, prompts, ms) return hear(chan, prompts) or chan:digit(ms) end

local function add(list, more)
  for _, prompt in ipairs(more) do list[#list + 1] = prompt end
  return list
end

--- Who somebody is: his recorded name, else the letters of it; with e the extension, too.
local function who(chan, entry, options)
  local recorded = pbx.mailbox.greeting(entry.context, entry.name, "greet")
  local out = recorded and { recorded } or pbx.say.letters(entry.fullname, chan:language())
  if options.e then add(add(out, { "vm-extension" }), pbx.say.letters(entry.name, chan:language())) end
  return out
end

--- Move the call to an extension; false if there is none.
local function go(chan, dial, exten, result)
  local context = dial or chan:context()
  if not pbx.exists(context, exten) then return false end
  chan:set("DIRECTORY_RESULT", result)
  chan:go_to(context, exten, 1)
end

--- What the caller looks for: chan, context, dial, options, by, letters; quiet when exits need no extension. chosen is whom he has found. Its methods
--- return why it ended, as DIRECTORY_RESULT has it, or nil when it goes on.
local Search = {}

function Search:select(entry)
  self.chosen = entry
  return "SELECTED"
end

--- One after the other: 1 takes him, * goes on, # ends it, 0 is the operator.
function Search:one_by_one(found)
  for _, entry in ipairs(found) do
    for _ = 1, 3 do
      local key = ask(self.chan, add(who(self.chan, entry, self.options), { "dir-instr" }), 3000)
      if key == "1" then return self:select(entry) end
      if key == "0" then return "OPERATOR" end
      if key == "#" then return "USEREXIT" end
      if key == "*" then break end
    end
  end
end

--- Up to eight at once: their number takes one, 9 says more.
function Search:menu(found)
  for first = 1, #found, 8 do
    local last, prompts = math.min(first + 7, #found), {}
    for i = first, last do add(add(prompts, { "dir-multi1", "digits/" .. i - first + 1, "dir-multi2" }), who(self.chan, found[i], self.options)) end
    if last < #found then prompts[#prompts + 1] = "dir-multi9" end
    local key = tonumber(ask(self.chan, prompts, 3000) or "")
    if key and key >= 1 and key <= last - first + 1 then return self:select(found[first + key - 1]) end
  end
end

--- What is said first.
function Search:intro()
  local own = pbx.voicemail.option "directoryintro"
  if own and own ~= "" then return { own } end
  local by = self.by == "both" and "dir-firstlast" or self.by == "first" and "dir-first" or "dir-last"
  return { "dir-welcome", "dir-pls-enter", "digits/" .. self.letters, by, "dir-usingkeypad" }
end

--- Ask until somebody is found or it is over: why it ended.
function Search:run()
  local chan, dial = self.chan, self.dial
  while true do
    local key = ask(chan, self:intro(), 5000)
    if not key then return "TIMEOUT" end
    if key == "0" and (self.quiet or pbx.exists(dial or chan:context(), "o")) then return "OPERATOR" end
    if key == "*" and (self.quiet or pbx.exists(dial or chan:context(), "a")) then return "ASSISTANT" end
    local more, why = "", nil
    if key ~= "#" and self.letters > 1 then more, why = chan:read { max = self.letters - 1, timeout_ms = 3000, first_ms = 3000, terminators = "#" } end
    local found = names.search(self.context, key .. (more or ""), self.by, self.options.a)
    if #found == 0 then
      hear(chan, { "dir-nomatch" })
    else
      if tonumber(self.options.p) then chan:wait(math.min(tonumber(self.options.p), 3000)) end
      why = (self.options.m and self.menu or self.one_by_one)(self, found)
      if why then return why end
      hear(chan, { "dir-nomore" })
    end
  end
end

local function new_search(chan, context, dial, options)
  local by = options.b and "both" or options.f and options.l and "both" or options.f and "first" or "last"
  local letters = tonumber(options.b) or by == "first" and tonumber(options.f) or by == "last" and tonumber(options.l) or 3
  return setmetatable({ chan = chan, context = context, dial = dial, options = options, by = by, letters = math.max(1, math.min(9, letters)) }, { __index = Search })
end

local function directory(chan, context, dial, letters)
  local options = pbx.options(letters)
  if not options.n then chan:answer() end
  chan:set("DIRECTORY_RESULT", "HANGUP")
  local search = new_search(chan, context, dial, options)
  local why = search:run()
  chan:set("DIRECTORY_RESULT", why)
  local entry = search.chosen
  if why == "OPERATOR" then go(chan, dial, "o", why) end
  if why == "ASSISTANT" then go(chan, dial, "a", why) end
  if entry and options.s then chan:set("DIRECTORY_EXTEN", entry.name)
  elseif entry and go(chan, dial or entry.context, entry.name, why) == false then
    pbx.log("warning", ("Directory: no extension '%s' in context '%s'"):format(entry.name, dial or entry.context))
    chan:set("DIRECTORY_RESULT", "FAILED")
    return -1
  end
end

M.applications = {
  Directory = { run = directory, synopsis = "Find somebody by his name and call him", takes = "context, context, options", options = "abeflmnps", ignored = "c" },
}

--- For other plugins: the mailbox that the caller finds in a context; nil for none.
M.module = {
  choose = function(context)
    local search = new_search(pbx.channel(), context, nil, {})
    search.quiet = true
    search:run()
    return search.chosen and search.chosen.name
  end,
}

return M
