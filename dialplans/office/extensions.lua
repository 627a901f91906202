-- A company of twenty people with one telephone line: which number does what. README.md has the list.
--
--   a phone        ─► phones ─► house ─► staff (people, departments), conferences, mailboxes, star codes
--                          └──► outside: 9 and a number, emergency numbers
--   the lobby phone ─► lobby ─► house only
--   the trunk      ─► from-trunk ─► the reception's menu, people by their own numbers, the conference
--
-- What a caller may reach is decided by the context he comes in by, and by nothing else: there is no way from from-trunk to outside.
local pbx = require "pbx"
local company = require "people"

local RING_SECONDS = 20
local MAIN_NUMBER = "5550100" -- what the world dials, and is shown

--- Say something to somebody whose call cannot be put through, and hang up.
local function sorry(...)
  app.Answer()
  for _, prompt in ipairs { ... } do app.Playback(prompt) end
  app.Hangup()
end

--- Whether the call was passed on to here, by a forward or follow me. Then nothing may answer it but a human being: who passed it on goes on
-- otherwise, and has a mailbox of his own.
local function passed_on() return channel["CHANNEL(channeltype)"]:get() == "Local" end

--- Ends a call that was passed on, so that the other side learns why.
local function give_back()
  local causes = { BUSY = 17, NOANSWER = 19, CONGESTION = 21 }
  app.Hangup(causes[channel.DIALSTATUS:get()] or 20)
end

--- People: the phone rings as its owner wishes (forwards, do not disturb, follow me: plugins/person). Then the mailbox.
local function person(_, number)
  if not company.people[number] then return sorry("pbx-invalid") end
  app.DialPerson(number, RING_SECONDS)
  if passed_on() then return give_back() end
  app.VoiceMail(number .. "@default", channel.DIALSTATUS:get() == "BUSY" and "b" or "u")
end

--- Departments: a ring group, then the department's mailbox. The phones show "Sales: " before the caller's name.
local function department(_, number)
  local group = company.departments[number]
  if not group then return sorry("pbx-invalid") end
  pbx.ring.group { members = group.members, strategy = group.strategy, seconds = group.seconds, delays = group.delays,
    skip_busy = group.skip_busy, music = group.music, prefix = group.name .. ": " }
  app.VoiceMail(number .. "@default", "u")
end

--- One's own mailbox, without a password. Whose it is the phone says, not the caller's number, which anybody may choose; a call that was
-- passed on has no phone.
local function own_mailbox()
  local me = pbx.person.of(pbx.channel())
  if not me then return sorry("feature-not-avail-line") end
  app.VoiceMailMain(me .. "@default", "s")
end

-- Hours -------------------------------------------------------------------------------------------------------------------

local HOURS = { "8:00-17:30,mon-thu", "8:00-15:00,fri" }
local HOLIDAYS = { "holidays.ics", "12-24/01-01" } -- a calendar beside this file, and the company's own holidays each year

--- Whether somebody is there: not if *28 says so, on a holiday, or outside of the hours.
local function open()
  if pbx.device_state("Custom:NIGHT") == "INUSE" then return false end
  local holiday, which = pbx.time.match(HOLIDAYS)
  if holiday ~= false then pbx.log(holiday and "notice" or "warning", "holidays: " .. which) end -- nil: a rule is wrong, and which says why
  if holiday then return false end
  return (pbx.time.match(HOURS))
end

--- *28: the night switch, for who leaves last; again, and the hours count. Its lamp is a BLF key with the value *28.
local function night_switch()
  local on = pbx.device_state("Custom:NIGHT") ~= "INUSE"
  pbx.device_state("Custom:NIGHT", on and "INUSE" or "NOT_INUSE")
  app.Answer()
  app.Wait(0.5)
  app.Playback(on and "office-closed" or "welcome")
end

-- The menus that callers from outside hear (plugins/ivr) --------------------------------------------------------------------

local after_hours = {
  prompt = "to-leave-message&press-1&or&emergency-call&press-2",
  tries = 2,
  keys = {
    ["1"] = { app = "VoiceMail", args = "200@default,s" },
    ["2"] = { app = "FollowMe", args = "oncall,s", next = { app = "VoiceMail", args = "200@default,s" } }, -- the mobile phone of who is on call
  },
}

local reception = pbx.ivr.menu {
  name = "reception",
  prompt = "thank-you-for-calling&press-1&for&sales&press-2&for&support&press-3&for&billing&to-dial-by-name&press-9&to-reach-operator&press-0",
  again = "press-1&for&sales&press-2&for&support&press-3&for&billing&to-dial-by-name&press-9&to-reach-operator&press-0",
  hours = open,
  closed = { play = "thank-you-for-calling&office-closed", next = after_hours },
  direct_dial = "staff", -- who knows the number of a person may dial it; nothing but people and departments is there
  keys = { ["1"] = "staff,201", ["2"] = "staff,202", ["3"] = "staff,203", ["0"] = "staff,200", ["*"] = "repeat",
    ["9"] = { app = "Directory", args = "default,staff", next = "top" } }, -- the letters of a name, who has a mailbox
  failed = "staff,200", -- who presses nothing, or has no keys, gets a human being
}

--- A call from the world: unless its number is on the house's blacklist (*30), it goes to where it wants.
local function from_the_world(where)
  return function(context, number)
    if pbx.person.blacklisted(channel["CALLERID(num)"]:get()) then return app.Hangup(21) end
    return where(context, number)
  end
end

-- Outside -----------------------------------------------------------------------------------------------------------------

--- 9 and a number: through the trunk, showing the main number. Calls that were forwarded come by here too, and tollguard.conf says whose may.
local function outside(_, number)
  channel["CALLERID(num)"] = MAIN_NUMBER
  app.Dial("PJSIP/" .. number:sub(2) .. "@trunk", 60)
  if passed_on() then return give_back() end
  if channel.DIALSTATUS:get() == "BUSY" then return app.Busy(10) end
  sorry("all-circuits-busy-now")
end

local function emergency(_, number)
  channel["CALLERID(num)"] = MAIN_NUMBER
  app.Dial("PJSIP/" .. number .. "@trunk")
  sorry("all-circuits-busy-now")
end

-----------------------------------------------------------------------------------------------------------------------------

extensions = {
  staff = {
    ["_1XX"] = person,
    ["_20X"] = department,
  },

  -- What every phone in the house may dial. "features" are the codes of plugins: *72 forward, *78 do not disturb, *68 wake-up call …
  house = {
    include = { "staff", "features" },
    ["0"] = function() return department("house", "200") end,
    ["300"] = function() app.ConfBridge("staff") end,
    ["301"] = function() app.ConfBridge("board", nil, "board") end, -- asks for the PIN of confbridge.conf
    ["400"] = own_mailbox,
    ["401"] = function() app.VoiceMailMain("@default") end, -- any: asks for mailbox and password
    ["*28"] = night_switch,
  },

  outside = {
    ["_9X."] = outside,
    ["911"] = emergency,
    ["9911"] = function() emergency("outside", "911") end, -- somebody will dial the 9 first
  },

  phones = { include = { "house", "outside", "nobody" } },
  forwards = { include = { "house", "outside" } }, -- where people forward to (person.conf): a number that nobody has is refused when they say it
  lobby = { include = { "house", "nobody" } },

  -- Calls that come in by the trunk, by the number that was dialled.
  ["from-trunk"] = {
    [MAIN_NUMBER] = from_the_world(reception),
    ["_55501XX"] = from_the_world(function(context, number) return person(context, number:sub(-3)) end), -- 5550103 is 103
    ["5550300"] = from_the_world(function() app.ConfBridge("staff", nil, "guest") end),
  },

  -- 0 in a mailbox's greeting.
  operator = { o = function() return department("operator", "200") end },

  -- Everything else. It is the last include, because the extensions of a context come before all of its includes.
  nobody = { ["_X."] = function() sorry("pbx-invalid") end },
}

-- Lamps: 101 lights when that phone talks, and when its owner is not to be disturbed or has forwarded all calls. The others are keys that switch, too.
hints = { house = { ["*28"] = "Custom:NIGHT" } }
for number in pairs(company.people) do
  hints.house[number] = ("PJSIP/%s&Custom:DND%s&Custom:CF%s"):format(number, number, number)
  hints.house["*76" .. number] = "Custom:DND" .. number
  hints.house["*74" .. number] = "Custom:CF" .. number
  hints.house["*21" .. number] = "Custom:FOLLOWME" .. number
end
