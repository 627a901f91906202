--- Which channel is spied upon next.
local pbx = require "pbx"
local M = {}

local spying = { ChanSpy = true, ExtenSpy = true }

--- Whether two lists "a:b" have a word in common.
local function share(mine, theirs)
  for _, a in ipairs(pbx.split(mine or "", ":")) do
    for _, b in ipairs(pbx.split(theirs or "", ":")) do
      if a ~= "" and a == b then return true end
    end
  end
  return false
end

--- Whether a channel may be spied upon, as the options have it.
local function allowed(chan, i, options)
  if i.name == chan:name() or i.state ~= "Up" or spying[i.application] then return false end
  if options.b and i.peer == "" then return false end
  if options.e and not share(options.e, i.endpoint) then return false end
  if options.g then
    local target = pbx.find_channel(i.name)
    return target and share(options.g, target:get("SPYGROUP")) or false
  end
  return true
end

--- The next channel after the one of that unique id, in the order they began, and round again; nil if there is none.
function M.next(chan, wanted, options, after)
  local first, passed
  for _, i in ipairs(pbx.channels()) do
    if wanted(i) and allowed(chan, i, options) then
      if not after or passed then return i end
      first = first or i
    end
    if i.uniqueid == after then passed = true end
  end
  return first
end

return M
