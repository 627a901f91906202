--- Ring groups: several people behind one number.
-- Application: RingGroup(members[,strategy[,seconds[,options]]]). Module: pbx.ring.group{members=, strategy=, seconds=, …}. See README.md.
local pbx = require "pbx"
local M = { name = "ring" }

local strategies = { ringall = true, hunt = true, memoryhunt = true, random = true }
local ranks = { CHANUNAVAIL = 1, CONGESTION = 2, BUSY = 3, NOANSWER = 4, ANSWER = 5 } -- what a group says that had several ends

--- The members that may ring now, in their order: {name=, target=}. A name alone is a person, whose wishes count.
local function ready(g)
  local out = {}
  for _, name in ipairs(g.members) do
    name = name:match("^%s*(.-)%s*$")
    if name:find("/", 1, true) then
      out[#out + 1] = { name = name, target = name }
    elseif pbx.person.takes_calls(name, g.skip_busy) then
      out[#out + 1] = { name = name, target = pbx.dial_string("PJSIP", name) }
    end
  end
  return out
end

local function shuffled(list)
  for i = #list, 2, -1 do
    local j = math.random(i)
    list[i], list[j] = list[j], list[i]
  end
  return list
end

--- Rings members at once or one behind the other; what Dial returns.
local function ring(chan, g, list, seconds, delays_ms)
  local targets, variables = {}, nil
  for i, member in ipairs(list) do targets[i] = member.target end
  if g.confirm then targets, variables = pbx.followme.confirmed(targets) end
  local options = g.options .. (g.music and ("m(" .. g.music .. ")") or "")
  return pbx.dial.parties(chan, targets, seconds, options, { delays_ms = delays_ms, variables = variables, ignore_forwards = not g.forwards })
end

--- All of them, each after its delay: {["103"] = 10}.
local function ring_all(chan, g, list)
  local delays = {}
  for i, member in ipairs(list) do delays[i] = ((g.delays or {})[member.name] or 0) * 1000 end
  return ring(chan, g, list, g.seconds, delays)
end

--- The first, then the second with it, and so on.
local function ring_more_and_more(chan, g, list)
  local delays = {}
  for i in ipairs(list) do delays[i] = (i - 1) * g.seconds * 1000 end
  return ring(chan, g, list, #list * g.seconds, delays)
end

--- One, and if that one does not answer another. DIALSTATUS is the best of all.
local function ring_in_turn(chan, g, list)
  local best = "CHANUNAVAIL"
  for _, member in ipairs(list) do
    local verdict = ring(chan, g, { member }, g.seconds)
    local status = chan:get("DIALSTATUS") or ""
    if verdict or status == "ANSWER" then return verdict end
    if (ranks[status] or 0) > ranks[best] then best = status end
  end
  chan:set("DIALSTATUS", best)
end

local function by_strategy(chan, g, list)
  if g.strategy == "hunt" then return ring_in_turn(chan, g, list) end
  if g.strategy == "random" then return ring_in_turn(chan, g, shuffled(list)) end
  if g.strategy == "memoryhunt" then return ring_more_and_more(chan, g, list) end
  return ring_all(chan, g, list)
end

--- What was asked for, completed; raises what is wrong with it.
local function complete(how)
  local g = { strategy = "ringall", seconds = 20, options = "" }
  for field, value in pairs(how) do g[field] = value end
  if type(g.members) == "string" then g.members = pbx.split(g.members, "&") end
  if type(g.members) ~= "table" or #g.members == 0 then error("ring group: members: want a list, { \"101\", \"102\" }", 0) end
  if not strategies[g.strategy] then error("ring group: strategy '" .. tostring(g.strategy) .. "': want ringall, hunt, memoryhunt or random", 0) end
  if type(g.seconds) ~= "number" or g.seconds <= 0 then error("ring group: seconds: want a number above 0", 0) end
  return g
end

--- Rings a group: what Dial returns, and DIALSTATUS.
local function run(chan, how)
  local g = complete(how)
  local list = ready(g)
  if #list == 0 then
    chan:set("DIALSTATUS", "BUSY")
    return nil, "BUSY"
  end
  local name = chan:callerid().name or ""
  if g.prefix and name:sub(1, #g.prefix) ~= g.prefix then chan:set_callerid { name = g.prefix .. name } end
  local verdict = by_strategy(chan, g, list)
  chan:set_callerid { name = name }
  return verdict, chan:get("DIALSTATUS")
end

M.module = {
  group = function(how)
    local verdict, status = run(pbx.channel(), how)
    if verdict then error(verdict, 0) end -- ends the dialplan, as an application's -1 does
    return status
  end,
}
M.applications = {
  RingGroup = { synopsis = "Ring several people behind one number", takes = "members, strategy, seconds, options", run = function(chan, members, strategy, seconds, options)
    return (run(chan, { members = members, strategy = strategy, seconds = tonumber(seconds or "") or nil, options = options }))
  end },
}

return M
