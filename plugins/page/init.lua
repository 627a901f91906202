--- Page(Tech/resource[&…][,options[,seconds]]): one speaks to many phones at once.
-- Applications: Page, Paged. See README.md.
local pbx = require "pbx"
local M = { name = "page" }

local room_prefix = "page-"

--- "context^exten^priority(arguments)" as a subroutine of a channel.
local function subroutine(on, place) on:gosub((place:gsub("%^", ","))) end

--- Those of "Tech/a&Tech/b" that are to be called: not the caller's own phone, with s no phone that is busy.
local function targets(chan, text, options)
  local list, own = {}, chan:name():match("^(.*)%-%x+$")
  for _, one in ipairs(pbx.split(text or "", "&")) do
    one = one:match("^%s*(.-)%s*$")
    if not one:find("^[^/]+/.") then
      if one ~= "" then pbx.log("warning", "Page: '" .. one .. "' is no Tech/resource") end
    elseif one:lower() == (own or ""):lower() then
      pbx.log("debug", "Page: " .. one .. " is who calls")
    elseif options.s and pbx.device_state(one) ~= "NOT_INUSE" then
      pbx.log("verbose", "Page: " .. one .. " is busy")
    else
      list[#list + 1] = one
    end
  end
  if chan:get("TOLLGUARD") then list = pbx.tollguard.targets(chan, list) end -- somebody sent the call here
  return list
end

--- Wait until the page is over: false when it was said so, true when the script may go on.
local function listen(chan)
  while true do
    local what, who = chan:conference_next()
    if what == "kicked" or what == "left" and who.marked then return end
  end
end

--- What each phone runs that answers: Paged(room,letters,announcement).
local function paged(chan, room, letters, announcement)
  if not room or room:sub(1, #room_prefix) ~= room_prefix or not pbx.conference.info(room) then return -1 end -- it is over
  local ok = chan:conference_join(room, { muted = not pbx.options(letters).d, end_marked = true })
  if not ok or pbx.conference.info(room).marked == 0 then return -1 end
  if announcement then chan:play(announcement) end
  listen(chan)
  return -1
end

local function page(chan, destinations, letters, seconds)
  local options = pbx.options(letters)
  if options.B then subroutine(chan, options.B) end
  local list = targets(chan, destinations, options)
  if #list == 0 then
    pbx.log("warning", "Page: there is nobody to call")
    return
  end
  chan:answer()
  if not options.q then chan:play("beep") end
  local room = room_prefix .. chan:uniqueid()
  local announcement = type(options.A) == "string" and options.A or nil
  local ok, why = chan:conference_join(room, { marked = true, admin = true })
  if not ok then error("Page: " .. tostring(why), 0) end
  local rings = chan:page {
    targets = list, timeout_ms = (tonumber(seconds) or 0) * 1000, ignore_forwards = options.i ~= nil, application = "Paged",
    data = table.concat({ room, options.d and "d" or "", announcement or "" }, ","),
    before = options.b and function(leg) subroutine(leg, options.b) end or nil,
  }
  if rings == 0 then
    pbx.log("warning", "Page: none of " .. destinations .. " can be called")
    return
  end
  if options.r then
    local file, problem = pbx.conference.record(room, true)
    if not file then pbx.log("error", "Page: it is not recorded: " .. problem) end
  end
  if announcement and not options.n then chan:play(announcement) end
  listen(chan)
end

M.applications = {
  Page = { run = page, synopsis = "Speak to many phones at once", takes = "targets, options, seconds", options = "ABbdinqrs" },
  Paged = { run = paged, synopsis = "Hear a page: what a phone runs that Page has called" },
}

return M
