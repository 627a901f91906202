--- A person behind a phone: where his calls go when he forwards them, is busy or wants to be left alone.
-- Application: DialPerson(person[,seconds[,options]]). Module: pbx.person. See README.md.
local state = require "person.state"
local dial = require "person.dial"
local list = require "person.list"
local M = { name = "person", options = {
  context = { "string", "" },
  call_waiting = { "boolean", true },
  max_forwards = { "integer", 20, min = 1, max = 100 },
} }

--- Whose phone a channel is: AMPUSER if it is set, else the name of its endpoint; nil for one that has none.
local function of(chan)
  local name = chan:get("AMPUSER") or ""
  if name == "" then name = chan:endpoint() end
  return name ~= "" and name or nil
end

M.module = {
  of = of, forward = state.forward, set_forward = state.set_forward, dnd = state.dnd, set_dnd = state.set_dnd, waiting = state.waiting,
  set_waiting = state.set_waiting, last_caller = state.last_caller, blacklisted = state.blacklisted, set_blacklisted = state.set_blacklisted,
  followed = state.followed, set_followed = state.set_followed, takes_calls = state.takes_calls, context = dial.context,
}
M.applications = {
  DialPerson = { run = dial.run, synopsis = "Ring a person, as his forwards, do-not-disturb and call waiting say" },
}

M.commands = { ["person show"] = { run = list, synopsis = "Lists forwards, do-not-disturb and the like: of all people, or of one" } }

return M
