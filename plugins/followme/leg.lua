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

local function say(peer, name, keys)
  if name == "" then return end
  local ok, why = peer:play(name, keys)
  if not ok and why then pbx.log_once("warning", "FollowMe: " .. why) end
end

--- Whether the party takes the call. Silence is asked twice, and is no then.
local function takes(chan, peer, p, name)
  local keys = p.takecall .. p.declinecall
  for _ = 1, 2 do
    if name ~= "" then
      say(peer, p.call_from_prompt, keys)
      say(peer, name, keys)
    else
      say(peer, p.norecording_prompt, keys)
    end
    say(peer, p.options_prompt, keys)
    local key
    repeat
      key = peer:digit(p.featuredigittimeout)
      if key == p.takecall then return true end
      if key == p.declinecall then return false end
    until not key
    chan:wait(0) -- raises when somebody else has taken the call
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
