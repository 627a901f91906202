--- A call in menus: it asks, looks up what the keys mean, and does that, until something leads out.
local pbx = require "pbx"
local check = require "ivr.check"

local any_key = "0123456789*#ABCD"
local deepest = 32 -- menus within menus that "back" remembers

local defaults = {
  tries = 3, timeout_ms = 5000, between_ms = 2000, invalid = "option-is-invalid", nothing = false, failed = { play = "vm-goodbye", next = "hangup" },
}

--- What the innermost menu says that says it at all.
local function setting(stack, name)
  for i = #stack, 1, -1 do
    if stack[i][name] ~= nil then return stack[i][name] end
  end
  return defaults[name]
end

local function play(chan, prompts, keys)
  if type(prompts) == "function" then prompts = prompts(chan) end
  if not prompts then return end
  local ok, why = chan:play(prompts, keys)
  if not ok then pbx.log("warning", "ivr: " .. why) end
end

--- Whether now is in one of the times, or the function says so.
local function within(chan, times)
  if type(times) == "function" then return times(chan) end
  return (pbx.time.match(times))
end

--- Whether a menu, or what a key leads to, is open now.
local function is_open(chan, of) return within(chan, of.hours) and not (of.except and within(chan, of.except)) end

local function direct_context(chan, menu)
  if menu.direct_dial == true then return chan:context() end
  return menu.direct_dial
end

--- What typed stands for in the menu, nil for nothing, and whether more keys could stand for something else.
local function look_up(chan, menu, typed)
  local action, more = menu.keys and menu.keys[typed], false
  for key in pairs(menu.keys or {}) do
    if #key > #typed and key:sub(1, #typed) == typed then more = true end
  end
  local context = direct_context(chan, menu)
  if context then
    if not action and pbx.exists(context, typed) then action = context .. "," .. typed .. ",1" end
    more = more or pbx.exists(context, typed, "matchmore")
  end
  return action, more
end

--- Keys for as long as more of them could mean something. # ends them where it means nothing itself.
local function collect(chan, menu, first_ms, between_ms)
  local typed, wait_ms = "", first_ms
  while true do
    local key = chan:digit(wait_ms)
    if not key then return typed end
    local action, more = look_up(chan, menu, typed .. key)
    if key == "#" and typed ~= "" and not action and not more then return typed end
    typed = typed .. key
    if not more then return typed end
    wait_ms = between_ms
  end
end

--- What a function of the site's answered, if it can be done; else the menu asks again.
local function believe(answer, menus)
  local action, problems = check.action(answer, menus)
  if #problems == 0 then return action end
  pbx.log("error", "ivr: " .. table.concat(problems, "; "))
  return "repeat"
end

--- What a hook says to do instead, nil if there is none or it says nothing.
local function heed(menus, hook, ...)
  local answer = hook and hook(...)
  return answer and believe(answer, menus)
end

--- What is done when all tries are used up; not a menu that the caller came through, for then it would go on for ever.
local function after_last_try(stack)
  local been = {}
  for _, menu in ipairs(stack) do been[menu] = true end
  for i = #stack, 1, -1 do
    local failed = stack[i].failed
    if failed and not been[failed] then return failed end
  end
  return defaults.failed
end

--- Ask until the keys mean something: the action, and the keys; true when they did not. Hooks may say what to do instead.
local function ask(chan, stack, menus)
  local menu = stack[#stack]
  local prompt, keys = menu.prompt, menu.barge_in == false and "" or any_key
  for attempt = 1, setting(stack, "tries") do
    play(chan, prompt, keys)
    local typed = collect(chan, menu, setting(stack, "timeout_ms"), setting(stack, "between_ms"))
    local action = typed ~= "" and look_up(chan, menu, typed) or nil
    if action then return heed(menus, menu.on_key, chan, typed, menu.name) or action, typed end
    local instead = heed(menus, typed == "" and menu.on_timeout or typed ~= "" and menu.on_invalid, chan, typed, attempt, menu.name)
    if instead then return instead, typed end
    chan:flush() -- what was typed after a mistake was meant for another menu
    play(chan, setting(stack, typed == "" and "nothing" or "invalid"), any_key)
    prompt = menu.again or menu.prompt
  end
  return after_last_try(stack), "", true
end

--- Another application. What it answers in its place, a hang-up or a key, ends the menus.
local function execute(chan, name, arguments)
  local result, why = chan:execute(name, arguments)
  if not result then
    pbx.log("error", "ivr: " .. why)
  elseif result ~= 0 then
    error(result, 0)
  end
end

local function dial(chan, action)
  local seconds = action.timeout_ms and action.timeout_ms / 1000 or ""
  execute(chan, "Dial", ("%s,%s,%s"):format(action.dial, seconds, action.options or ""))
  if action.busy and chan:get("DIALSTATUS") == "BUSY" then return action.busy end
  return action.next or "repeat"
end

--- Where a place leads the call goes; it comes back only if there is nothing.
local function go(chan, place, menu, key)
  local context, exten, priority = chan:locate(place:find("^[^,]+,[^,]+$") and place .. ",1" or place:find(",") and place or place .. ",1")
  if context and pbx.exists(context, exten, "match", priority) then chan:go_to(context, exten, priority) end
  pbx.log("error", ("ivr: menu %s, key %s: the dialplan has no %s"):format(menu.name, key, place))
  play(chan, "pbx-invalid", any_key)
  return "repeat"
end

--- One step of an action: what comes after it, or nil when the menus are over.
local function step(chan, action, menu, key)
  if type(action) == "function" then return action(chan, key, menu.name) end
  if type(action) == "string" then return go(chan, action, menu, key) end
  if action.language then chan:language(action.language) end
  if action.play then play(chan, action.play, any_key) end
  if action.dial then return dial(chan, action) end
  if action.app then
    execute(chan, action.app, action.args or "")
    return action.next
  end
  if action.hours then return is_open(chan, action) and action.open or action.closed end
  return action.next or "repeat"
end

local menu_words = { ["repeat"] = true, back = true, top = true }

--- Do an action and what follows from it, up to a menu or one of the words; nil when the menus are over.
local function act(chan, action, menu, key, menus)
  while action do
    if action == "hangup" then error(-1, 0) end
    if menu_words[action] or type(action) == "table" and action.is_menu then return action end
    local said = type(action) == "function"
    action = step(chan, action, menu, key)
    if said and action then action = believe(action, menus) end
  end
end

--- The menus after an action's outcome: the innermost is the last one.
local function move(stack, to)
  if to == "back" and #stack > 1 then stack[#stack] = nil
  elseif to == "top" then for i = #stack, 2, -1 do stack[i] = nil end
  elseif type(to) == "table" then
    if #stack == deepest then table.remove(stack, 2) end
    stack[#stack + 1] = to
  end
end

--- What a menu wants done before it asks, if anything.
local function entering(chan, menu, menus)
  if menu.language then chan:language(menu.language) end
  local instead = heed(menus, menu.on_enter, chan, menu.name)
  if instead then return instead end
  if menu.hours and not is_open(chan, menu) then return menu.closed end
end

return function(first, menus)
  local chan = pbx.channel()
  if not chan:is_up() then
    if first.answer == false then chan:indicate("progress") else chan:answer() end
  end
  local stack, entered = { first }, nil
  while true do
    local menu, action, key, failed = stack[#stack], nil, "", false
    chan:set("IVR_MENU", menu.name)
    if menu ~= entered then action = entering(chan, menu, menus) end
    entered = menu
    if not action then
      action, key, failed = ask(chan, stack, menus)
      chan:set("IVR_KEY", key)
      pbx.log("verbose", ("ivr: menu %s, key %s"):format(menu.name, key == "" and "none" or key))
    end
    local to = act(chan, action, menu, key, menus)
    if menu.on_leave and to ~= "repeat" then menu.on_leave(chan, key, menu.name) end
    if not to then return end
    if failed and (to == "repeat" or #stack == 1 and menu_words[to]) then error(-1, 0) end -- or a silent line would be held for ever
    if type(to) == "table" and action == menu.closed and #stack > 1 then stack[#stack] = nil end
    move(stack, to)
  end
end
