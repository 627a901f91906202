--- Authenticate(password[,options[,maxdigits[,prompts]]]): the call goes on for who knows a password, and ends for others.
local pbx = require "pbx"
local M = { name = "authenticate" }

local tries = 3
local first_ms, between_ms = 10000, 10000

local function play(chan, prompts, keys)
  local ok, why = chan:play(prompts, keys)
  if not ok then pbx.log("warning", "Authenticate: " .. why) end
end

--- The lines of a file, without what is blank or a comment.
local function lines(path)
  local text, why = pbx.read_file(path)
  if not text then
    pbx.log("error", "Authenticate: " .. why)
    return {}
  end
  local out = {}
  for line in text:gmatch("[^\r\n]+") do
    line = line:match("^%s*(.-)%s*$")
    if line ~= "" and not line:find("^[;#]") then out[#out + 1] = line end
  end
  return out
end

--- What looks a password up: function(typed) yields true, and the account code that goes with it.
local function list_of(password, options)
  if not password:find("^/") then return function(typed) return typed == password end end
  if options.d then
    local family = password:sub(2)
    return function(typed)
      local key = family .. "/" .. typed
      if typed == "" or not pbx.store:get(key) then return false end
      if options.r then pbx.store:delete(key) end
      return true
    end
  end
  return function(typed)
    local hash = options.m and pbx.text.md5(typed)
    for _, line in ipairs(typed ~= "" and lines(password) or {}) do
      if options.m then
        local account, wanted = line:match("^(.-):(%x+)$")
        if wanted and wanted:lower() == hash then return true, account end
      elseif line == typed then
        return true
      end
    end
    return false
  end
end

local function authenticate(chan, password, letters, max, prompts)
  if not password then
    pbx.log("error", "Authenticate: want a password, a file, or a family of the database")
    return -1
  end
  local options = pbx.options(letters)
  local known = list_of(password, options)
  chan:answer()
  local prompt = prompts or "agent-pass"
  for _ = 1, tries do
    play(chan, prompt, "0123456789*#ABCD")
    local typed = chan:read { max = tonumber(max) or 0, first_ms = first_ms, timeout_ms = between_ms }
    local ok, account = known(typed)
    if ok then
      if account then chan:accountcode(account) elseif options.a then chan:accountcode(typed) end
      play(chan, "auth-thankyou")
      return
    end
    prompt = "auth-incorrect"
  end
  play(chan, "vm-goodbye")
  return -1
end

M.applications = {
  Authenticate = { run = authenticate, synopsis = "Let only those go on who know a password", takes = "password!, options, max, prompts", options = "admr" },
}

return M
