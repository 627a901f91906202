--- What the keys of a spy do.
local pbx = require "pbx"
local M = {}

local modes = { ["4"] = "listen", ["5"] = "whisper", ["6"] = "barge" }

--- The key's extension, with option X; nil: it is not for that.
function M.exit(chan, key, options)
  if not options.X then return nil end
  local context = chan:get("SPY_EXIT_CONTEXT") or chan:context()
  return pbx.exists(context, key) and context or nil
end

--- One key: what to do: "next", "exit", "stay", or "name" and the digits before #.
function M.take(chan, key, typed, options, state)
  local context = M.exit(chan, key, options)
  if context then chan:go_to(context, key) end
  if key == options.x then return "exit" end
  if key == (options.c or "*") then return "next" end
  if options.d and modes[key] then
    chan:spy_mode(modes[key])
  elseif key == "#" and (typed == "" or options.d or options.u) then
    state.volume = state.volume >= 4 and -4 or state.volume + 1
    chan:spy_volume(state.volume)
  elseif key == "#" then
    return "name"
  elseif key:find("%d") and not options.d and not options.u and not options.X then
    return "typed"
  end
  return "stay"
end

return M
