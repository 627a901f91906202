-- A dialplan as Asterisk's manual teaches to write them in Lua, with every form it shows: names at file scope, helper functions that
-- are extensions, too, number keys, a menu with #, t and i, contexts that only include, and hints.

CONSOLE = "PJSIP/100"
TRUNK = "PJSIP/trunk"
TRUNKMSD = 1

local function outgoing_local(c, e)
  app.dial(TRUNK .. "/" .. e:sub(TRUNKMSD), "", "")
end

local function instructions()
  app.background("demo-instruct")
  app.waitexten()
end

local function congratulations()
  app.background("demo-congrats")
  instructions()
end

local function start()
  app.wait(1)
  app.answer()
  channel.TIMEOUT("digit"):set(5)
  channel.TIMEOUT("response"):set(10)
  -- app.set("TIMEOUT(digit)=5") is the same
  congratulations()
end

local function good_bye()
  app.playback("demo-thanks")
  app.hangup()
end

local function phone_with_mailbox(c, e)
  app.dial("PJSIP/" .. e, 20)
  if channel.DIALSTATUS:get() == "BUSY" then
    app.voicemail(e, "b")
  elseif channel["DIALSTATUS"].value ~= "ANSWER" then
    app.voicemail(e .. "@default", "u")
  end
end

extensions = {
  demo = {
    s = start,

    ["2"] = function()
      app.background("demo-moreinfo")
      instructions()
    end,

    ["3"] = function()
      channel.LANGUAGE():set("fr")
      congratulations()
    end,

    ["1000"] = function()
      app['goto']("default", "s", 1)
    end,

    ["1234"] = function()
      app.playback("transfer", "skip")
      phone_with_mailbox("demo", "101")
    end,

    ["1235"] = function()
      app.voicemail("1234", "u")
    end,

    [1236] = function()
      app.dial(CONSOLE)
      app.voicemail(1234, "b")
    end,

    ["#"] = good_bye,
    t = good_bye,

    i = function()
      app.playback("invalid")
      instructions()
    end,

    ["500"] = function()
      app.playback("demo-abouttotry")
      app.dial("PJSIP/guest@misery")
      app.playback("demo-nogo")
      app["goto"]("demo", "s", 1)
    end,

    ["600"] = function()
      app.playback("demo-echotest")
      app.echo()
      app.playback("demo-echodone")
      app["goto"]("demo", "s", 1)
    end,

    ["8500"] = function()
      app.voicemailmain()
      app["goto"]("demo", "s", 1)
    end,
  },

  default = {
    -- everybody hears the demonstration
    include = { "demo" },
  },

  public = {
    include = { "demo" },
  },

  ["local"] = {
    ["_NXXXXXX"] = outgoing_local,
    include = { "default" },
  },
}

hints = {
  demo = {
    [1000] = "PJSIP/1000",
    [1001] = "PJSIP/1001",
    ["1236"] = "PJSIP/100&Custom:door",
  },
}
