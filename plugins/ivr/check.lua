--- What a menu's table may say, and what is wrong with one: checked when extensions.lua is loaded, all of it at once.
local pbx = require "pbx"

local check_action -- of a key, or of closed, failed, busy, next, open

local words = { ["repeat"] = true, back = true, top = true, hangup = true }

--- How far two words are apart: letters to change, add or drop.
local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local left = i
    for j = 1, #b do
      local here = math.min(left + 1, row[j] + 1, row[j - 1] + (a:byte(i) == b:byte(j) and 0 or 1))
      row[j - 1] = left
      left = here
    end
    row[#b] = left
  end
  return row[#b]
end

local function sorted(names)
  local list = {}
  for name in pairs(names) do list[#list + 1] = name end
  table.sort(list)
  return list
end

--- "; did you mean tries?", or all there are.
local function meant(word, names)
  for _, name in ipairs(sorted(names)) do
    if distance(word:lower(), name) <= 2 then return "did you mean " .. name .. "?" end
  end
  return "write one of " .. table.concat(sorted(names), ", ")
end

local function shown(v)
  if type(v) == "string" then return '"' .. v .. '"' end
  if type(v) == "number" or type(v) == "boolean" then return tostring(v) end
  return "a " .. type(v)
end

--- Each kind is a test and what to write instead. A test may be given the checker's state to say more.
local function is_prompt(v)
  if type(v) == "string" then return v ~= "" end
  if type(v) ~= "table" or #v == 0 then return false end
  for _, name in ipairs(v) do
    if type(name) ~= "string" or name == "" then return false end
  end
  return true
end

local function is_times(v)
  if type(v) == "function" then return true end
  for _, one in ipairs(type(v) == "table" and v or { v }) do
    if type(one) ~= "string" then return false end
    local ok, why = pbx.time.match(one)
    if ok == nil then return false, why end
  end
  return type(v) == "string" or type(v) == "table" and #v > 0
end

local function of(kind) return function(v) return type(v) == kind end end
local function number_from(least) return function(v) return type(v) == "number" and v >= least end end

local kinds = {
  text = { of "string", "a text in quotes" },
  prompts = { is_prompt, 'the name of a prompt, several joined by "&", or a list of names' },
  said = { function(v) return type(v) == "function" or is_prompt(v) end, 'the name of a prompt, several joined by "&", a list of names, or a function that returns one of these' },
  maybe = { function(v) return v == false or is_prompt(v) end, "the name of a prompt, a list of names, or false for none" },
  times = { is_times, '"09:00-17:00,mon-fri" as in GotoIfTime, days ("12-24", "12-24/01-06"), a calendar ("holidays.ics"), a list of such, or a function that returns true or false' },
  whole = { function(v) return type(v) == "number" and v >= 1 and v == math.floor(v) end, "a whole number of at least 1" },
  ms = { number_from(1), "milliseconds, such as 5000" },
  truth = { of "boolean", "true or false" },
  context = { function(v) return v == true or type(v) == "string" and v ~= "" end, "the name of a context, or true for the one the call is in" },
  hook = { of "function", "a function" },
}

local menu_fields = {
  name = "text", prompt = "said", again = "said", keys = "keys", direct_dial = "context", tries = "whole", timeout_ms = "ms", between_ms = "ms",
  barge_in = "truth", answer = "truth", invalid = "maybe", nothing = "maybe", failed = "action", hours = "times", except = "times", closed = "action", language = "text",
  on_enter = "hook", on_key = "hook", on_invalid = "hook", on_timeout = "hook", on_leave = "hook",
}

--- The actions that are tables, by the field that tells which one it is.
local action_fields = {
  { "dial", { dial = "text", play = "prompts", timeout_ms = "ms", options = "text", busy = "action", next = "action" } },
  { "app", { app = "text", play = "prompts", args = "text", next = "action" } },
  { "language", { language = "text", play = "prompts", next = "action" } },
  { "hours", { hours = "times", except = "times", open = "action", closed = "action" } },
  { "play", { play = "prompts", next = "action" } },
}

--- What closes a menu or ends the tries does not lead back into it unless it says so.
local function ends(action)
  if type(action) == "table" and not action.is_menu and not action.hours and not action.app then action.next = action.next or "hangup" end
  return action
end

local function problem(s, path, text) s.problems[#s.problems + 1] = path .. ": " .. text end

--- The fields of a table, each of its kind; what is checked becomes a new table.
local function check_fields(s, path, t, fields)
  local out = {}
  for _, name in ipairs(sorted(fields)) do
    local v, kind = t[name], fields[name]
    local at = path == "" and name or path .. "." .. name
    if v == nil then -- not said
    elseif kind == "action" then out[name] = check_action(s, at, v)
    elseif kind == "keys" then out[name] = s.keys(s, at, v)
    else
      local ok, why = kinds[kind][1](v)
      if ok then out[name] = v else problem(s, at, shown(v) .. (why and " (" .. why .. ")" or "") .. "; write " .. kinds[kind][2]) end
    end
  end
  for name in pairs(t) do
    if not fields[name] then problem(s, path == "" and "the menu" or path, "there is no " .. tostring(name) .. "; " .. meant(tostring(name), fields)) end
  end
  return out
end

--- The keys of a menu: "1", "10", "*" or numbers; each with its action.
local function check_keys(s, path, t)
  if type(t) ~= "table" then return problem(s, path, shown(t) .. '; write a table such as { ["1"] = "100" }') end
  local out, seen = {}, {}
  for key, action in pairs(t) do
    local text = type(key) == "number" and ("%d"):format(key) or key
    local at = ('%s["%s"]'):format(path, tostring(text))
    if type(text) ~= "string" or not text:find("^[%d*#A-D]+$") then
      problem(s, at, 'no key of a telephone; write digits, "*" or "#" in brackets and quotes: ["1"] = …')
    elseif seen[text] then
      problem(s, at, "is there twice, as a number and as a text; leave one out")
    else
      seen[text], out[text] = true, check_action(s, at, action)
    end
  end
  return out
end

local function check_place(s, path, v)
  if words[v] or v:find("^[%d*#+]+$") or v:find("^[^,%s]+,[^,%s]+$") or v:find("^[^,%s]+,[^,%s]+,[^,%s]+$") then return v end
  local fix = 'write a number ("100"), "context,extension", or one of back, hangup, repeat, top'
  for _, word in ipairs(sorted(words)) do
    if distance(v:lower(), word) <= 2 then fix = "did you mean " .. word .. "?" end
  end
  return problem(s, path, shown(v) .. "; " .. fix)
end

local function check_menu(s, path, t)
  if s.made[t] then return s.made[t] end
  local out = { is_menu = true }
  s.made[t] = out -- a menu may lead back to itself
  for name, v in pairs(check_fields(s, path, t, menu_fields)) do out[name] = v end
  out.closed, out.failed = ends(out.closed), ends(out.failed)
  local at = path == "" and "the menu" or path
  if not t.prompt then problem(s, at, "says nothing; write prompt = \"main-menu\"") end
  if not t.keys and not t.direct_dial then problem(s, at, 'no key does anything; write keys = { ["1"] = … }') end
  if t.hours and not t.closed then problem(s, at, 'has hours and not what to do outside of them; write closed = { play = "office-closed", next = "hangup" }') end
  if (t.closed or t.except) and not t.hours then problem(s, at, 'has closed or except and no hours; write hours = "09:00-17:00,mon-fri"') end
  out.name = out.name or path:match('%["([^"]+)"%]$') or "menu"
  return out
end

check_action = function(s, path, v)
  if type(v) == "function" then
    local menu = s.menus[v]
    return menu and menu() or v
  end
  if type(v) == "string" then return check_place(s, path, v) end
  if type(v) ~= "table" then
    return problem(s, path, shown(v) .. '; write a place ("100"), a word ("repeat"), a function, a menu, or a table such as { dial = "PJSIP/100" }')
  end
  if v.keys ~= nil or v.prompt ~= nil then return check_menu(s, path, v) end
  for _, one in ipairs(action_fields) do
    if v[one[1]] ~= nil then
      local out = check_fields(s, path, v, one[2])
      if one[1] == "hours" and not (v.open and v.closed) then problem(s, path, "wants both open = … and closed = …") end
      return out
    end
  end
  return problem(s, path, "says nothing that can be done; write one of app, dial, hours, language, play, or prompt and keys for a menu")
end

local M = {}

local function state(menus) return { problems = {}, made = {}, menus = menus, keys = check_keys } end

--- The menu that a table describes, and the list of what is wrong with it. menus finds those that functions stand for, by a function that yields one.
function M.menu(t, menus)
  local s = state(menus)
  if type(t) ~= "table" then return nil, { "got " .. shown(t) .. "; write a table: pbx.ivr.menu{ prompt = …, keys = { … } }" } end
  local made = check_menu(s, "", t)
  table.sort(s.problems)
  return made, s.problems
end

--- The same for what a function of the site's said to do.
function M.action(v, menus)
  local s = state(menus)
  return check_action(s, "what the function returned", v), s.problems
end

return M
