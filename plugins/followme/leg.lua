--- One number of a step: a Local channel of its own, so that one party is asked while the others still ring. It is answered when the party
-- has said yes, so the first yes has the call.
local pbx = require "pbx"
local profile = require "followme.profile"
local M = { context = "followme-legs" }

--- What chan:dial rings for a list of Tech/resource, each of which is asked; and the variables that go with it, on top of those given.
function M.targets(list, given)
  local targets, variables = {}, {}
  for name, value in pairs(given or {}) do variables[name] = value end
  for i, target in ipairs(list) do
    targets[i] = ("Local/0%d@%s"):format(i, M.context)
    variables["FOLLOWME_TARGET_" .. i] = target
  end
  return targets, variables
end

--- The number that a dial string calls.
function M.number(target) return target:match("sips?:([^@]+)@") or target:match("/([^/@]*)") or target end

local look_ms = 250 -- how often is looked whether somebody else has taken the call, which ends this one

--- Plays prompts to the party: the key of keys that was pressed meanwhile, nil for none.
local function ask(chan, peer, prompts, keys)
  local playing, why = peer:start_play(prompts)
  if why then pbx.log_once("warning", "FollowMe: " .. why) end
  while playing do
    local what = playing:wait(keys, look_ms)
    if what == "ended" then break end
    if what then
      playing:stop()
      return what
    end
    chan:wait(0)
  end
end

--- A key of keys within ms; nil for none.
local function answer(chan, peer, ms, keys)
  for _ = 1, math.ceil(ms / look_ms) do
    local key = peer:digit(look_ms)
    if key and keys:find(key, 1, true) then return key end
    chan:wait(0)
  end
end

--- Whether the party takes the call. Silence is asked twice, and is no then.
local function takes(chan, peer, p, name)
  local keys, prompts = p.takecall .. p.declinecall, {}
  for _, prompt in ipairs(name ~= "" and { p.call_from_prompt, name, p.options_prompt } or { p.norecording_prompt, p.options_prompt }) do
    if prompt ~= "" then prompts[#prompts + 1] = prompt end
  end
  for _ = 1, 2 do
    local key = #prompts > 0 and ask(chan, peer, prompts, keys) or answer(chan, peer, p.featuredigittimeout, keys)
    if key then return key == p.takecall end
  end
  return false
end

--- The same; a party that hangs up says no.
local function asked(chan, peer, p, name)
  local ok, yes = pcall(takes, chan, peer, p, name)
  if ok then return yes end
  if chan:hung_up() or type(yes) ~= "userdata" or yes.kind ~= "hangup" then error(yes, 0) end
  return false
end

--- A call that a profile sends on is its person's: tollguard asks for his permission, and the party is told who was called first.
local function mark(chan, id, target)
  if id == "" then return end
  local id_now = chan:callerid()
  chan:set_callerid { rdnis = id_now.rdnis ~= "" and id_now.rdnis or id, reason = "follow_me" }
  pbx.tollguard.mark(chan, "forward", id, M.number(target))
end

--- Extension 0N of the context: what FOLLOWME_TARGET_N says is rung.
function M.run(chan, index)
  local target = chan:get("FOLLOWME_TARGET_" .. index)
  if not target then return -1 end
  local id, name, before = chan:get("FOLLOWME_PROFILE") or "", chan:get("FOLLOWME_NAME") or "", chan:get("FOLLOWME_BEFORE") or ""
  local p = profile.find(id) or profile.general()
  mark(chan, id, target)
  local allowed = pbx.tollguard.targets(chan, { target })
  if #allowed == 0 then
    chan:hangup("CALL_REJECTED")
    return -1
  end
  local result = chan:dial { targets = allowed, ring = "real", ignore_forwards = true,
    before = before ~= "" and function(party) party:gosub((before:gsub("%^", ","))) end or nil }
  if not result.peer then
    chan:hangup(result.cause)
    return -1
  end
  if p.enable_callee_prompt and not asked(chan, result.peer, p, name) then
    result.peer:hangup()
    chan:hangup("CALL_REJECTED")
    return -1
  end
  chan:answer()
  chan:bridge(result.peer)
  return -1
end

return M
