--- Texts in other clothes.
local pbx = require "pbx"

local function of(synopsis, name)
  return {
    get = function(_, data)
      local text, why = pbx.text[name](data)
      if not text then error(why, 0) end
      return text
    end,
    raw = true, synopsis = synopsis,
  }
end

--- The keys of a telephone that spell a text.
local keys = { abc = 2, def = 3, ghi = 4, jkl = 5, mno = 6, pqrs = 7, tuv = 8, wxyz = 9 }

local function keypad(_, text)
  local out = {}
  for c in text:lower():gmatch("%w") do
    if c:find("%d") then out[#out + 1] = c end
    for letters, key in pairs(keys) do
      if letters:find(c, 1, true) then out[#out + 1] = key end
    end
  end
  return table.concat(out)
end

return {
  URIENCODE = of("A text as part of a URI", "uri_escape"),
  URIDECODE = of("The text that part of a URI stands for", "uri_unescape"),
  BASE64_ENCODE = of("A text in base64", "base64"),
  BASE64_DECODE = of("The text that base64 stands for", "unbase64"),
  MD5 = of("The MD5 hash of a text", "md5"),
  SHA1 = of("The SHA-1 hash of a text", "sha1"),
  UUID = { get = function() return pbx.text.uuid() end, synopsis = "A random universally unique identifier" },
  KEYPADHASH = { get = keypad, raw = true, synopsis = "The keys that spell a text" },
}
