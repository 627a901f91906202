-- What scenes without a dialplan of their own run: the phones at 101-103, sipp at 201 and 202.
local phones = { ["101"] = "alice", ["102"] = "bob", ["103"] = "carol", ["201"] = "desk", ["202"] = "desk2" }

local function dial(context, extension)
  app.dial("PJSIP/" .. phones[extension], 20)
end

extensions = {
  internal = {
    ["101"] = dial, ["102"] = dial, ["103"] = dial, ["201"] = dial, ["202"] = dial,
    ["600"] = function() app.answer(); app.echo() end,
  },
}
