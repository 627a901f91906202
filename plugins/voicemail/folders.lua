--- Folders of a mailbox, and choosing one by phone.
local say = require "voicemail.say"
local M = {}

local names = { [0] = "INBOX", "Old", "Work", "Family", "Friends", "Cust1", "Cust2", "Cust3", "Cust4", "Cust5" }

--- The folder of a number or a name; nil without one.
function M.named(text)
  if tonumber(text) then return names[tonumber(text)] end
  for n = 0, 9 do
    if names[n]:lower() == tostring(text):lower() then return names[n] end
  end
end

--- What is said of one: "new messages".
function M.prompts(folder) return { "vm-" .. folder, "vm-messages" } end

--- Which folder, of those from number first on; nil for none.
function M.ask(chan, prompt, first)
  local key = say.hear(chan, { prompt }, say.any_key)
  for _ = 1, 3 do
    if key and key:find("[%d#]") then return names[tonumber(key)] end
    local prompts = { "vm-press" }
    for n = first, 4 do say.add(say.add(prompts, say.number(chan, n)), say.add({ "vm-for" }, M.prompts(names[n]))) end
    key = say.ask(chan, say.add(prompts, { "vm-tocancel" }), 4000)
  end
  return key and names[tonumber(key)]
end

return M
