-- Conferences, lamps and events, in a simulated world.
extensions = {
  internal = {
    ["800"] = function() app.ConfBridge("board") end,
    ["801"] = function() -- listens only
      channel["CONFBRIDGE(user,startmuted)"]:set("yes")
      app.ConfBridge("board")
      app.NoOp("left by " .. (channel.CONFBRIDGE_RESULT:get() or ""))
    end,
    ["802"] = function() app.ConfBridge("board", nil, "boss", "keys") end,
    ["803"] = function() app.ConfBridge("board", nil, nil, "leave") end,
    ["810"] = function()
      app.NoOp(channel.EXTENSION_STATE("820@internal"):get() .. " " .. channel.EXTENSION_STATE("821@internal"):get() .. " " .. channel.EXTENSION_STATE("822@internal"):get())
    end,
    ["811"] = function(context, extension)
      local pbx = require "pbx"
      local joined = pbx.events.listen("bell")
      app.Answer()
      local e = joined:next(60000)
      app.NoOp("rung by " .. (e and e.who or "nobody"))
    end,
    ["813"] = function()
      require("pbx").originate { channel = "PJSIP/101", context = "out", exten = "s", timeout_ms = 5000, variables = { WHO = "101" }, wait = true }
    end,
    ["812"] = function() require("pbx").events.emit("bell", { who = channel.CALLERID("num"):get() }) end,
  },
  out = {
    s = function() app.NoOp("reached " .. channel.WHO:get()) end,
    failed = function() app.NoOp("not reached " .. channel.WHO:get() .. ", reason " .. channel.REASON:get() .. ", " .. channel.CHANNEL("name"):get()) end,
  },
}
hints = { internal = { ["820"] = "PJSIP/100&Custom:lamp", ["821"] = "PJSIP/101", ["822"] = "Custom:never" } }
