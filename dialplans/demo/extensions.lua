-- The dialplan: which number does what. It is Lua; save the file and the next call uses it, calls that are up keep theirs.
-- A mistake never reaches a call: the old dialplan stays, and the log says file and line.
--
--   extensions[context][number] = function(context, extension) … end
--
-- A phone's context stands in pjsip.conf. A number may be a pattern: it begins with _, then X is any digit, Z 1-9, N 2-9,
-- [125-7] one of these, . one or more of anything. The most exact match wins, wherever it stands.
--
-- app.NAME(...) runs an application, channel.NAME reads and sets variables of the call, pbx has what else a script needs.
-- The console tells what there is: `core show applications`, `core show application Dial`. Try a change before you save it:
-- `asterism test` plays extensions_test.lua on simulated phones.

local pbx = require "pbx"

local RING_SECONDS = 25

--- All demo phones in one dial string: "PJSIP/100&PJSIP/101&…"
local function all_phones()
  local phones = {}
  for number = 100, 109 do phones[#phones + 1] = "PJSIP/" .. number end
  return table.concat(phones, "&")
end

--- Say a prompt to somebody whose call cannot be put through, and hang up.
local function sorry(...)
  app.Answer()
  for _, prompt in ipairs { ... } do app.Playback(prompt) end
  app.Hangup()
end

extensions = {

  -- What the phones may dial.
  internal = {
    include = { "phones", "services", "nobody" }, -- numbers that are not found here are looked up there, in this order

    -- 603: every phone rings, the first to answer has the call.
    ["603"] = function()
      app.Dial(all_phones(), RING_SECONDS)
      sorry("please-try-call-later")
    end,

    -- h runs when a call is over, on the side of the caller. The phone is gone: nothing can be played, but a lot can be noted.
    h = function()
      app.NoOp("call over, cause " .. channel.HANGUPCAUSE:get())
    end,
  },

  -- The phones. They are in a context of their own because the menu of 606 wants them, and nothing else.
  phones = {
    -- 100 to 109: the phones call each other. `extension` is what was dialled, so one pattern serves them all.
    ["_10X"] = function(context, extension)
      app.Dial("PJSIP/" .. extension, RING_SECONDS)
      -- We get here only if nobody answered: after a talk Dial ends the call. DIALSTATUS says why: BUSY; NOANSWER; CHANUNAVAIL, if no phone
      -- is registered with that number. The mailbox takes a message; its greeting is another one for the busy (b) than for the absent (u).
      local busy = channel.DIALSTATUS:get() == "BUSY"
      app.VoiceMail(extension .. "@default", busy and "b" or "u")
    end,
  },

  -- Things to try.
  services = {
    -- 600: hear yourself, with the delay of the way there and back. # ends it.
    ["600"] = function()
      app.Answer()
      app.Playback("demo-echotest")
      app.Echo()
      app.Playback("demo-echodone")
    end,

    -- 601: a prompt.
    ["601"] = function()
      app.Answer()
      app.Wait(0.5)
      app.Playback("demo-congrats")
    end,

    -- 602: type up to ten digits, end with #, and hear them again. Three attempts, 5 seconds for each digit.
    ["602"] = function()
      app.Answer()
      app.Read("DIGITS", "please-enter-the&number&followed-by-pound", 10, nil, 3, 5)
      local digits = channel.DIGITS:get()
      if digits == nil or digits == "" then return sorry("vm-goodbye") end
      app.Playback("vm-num-i-have")
      app.SayDigits(digits)
    end,

    -- 604: always busy. 605: no way there.
    ["604"] = function() app.Busy(10) end,
    ["605"] = function() app.Congestion(10) end,

    -- 606: a voice menu, told as a table (plugins/ivr/README.md). A key stops the prompt; keys typed ahead count; * leads back from the
    -- menu of key 2; and who knows the number of a phone may dial it.
    ["606"] = pbx.ivr.menu {
      name = "reception",
      prompt = "thank-you-for-calling&press-1&for&sales&press-2&for&support&press-0&to-reach-operator",
      direct_dial = "phones",
      keys = {
        ["1"] = { dial = "PJSIP/100&PJSIP/101", timeout_ms = 20000, next = { play = "is-curntly-unavail" } },
        ["2"] = {
          prompt = "support&press-1&for&calling&support&press-star&for&main-menu",
          keys = { ["1"] = { dial = "PJSIP/102", timeout_ms = 20000, next = { play = "is-curntly-unavail" } }, ["*"] = "back" },
        },
        ["9"] = "repeat",
        ["0"] = "phones,100",
      },
    },

    -- 607: the music that one hears on hold, for a minute.
    ["607"] = function()
      app.Answer()
      app.MusicOnHold("default", 60)
    end,

    -- 608: say something, end with # or three seconds of silence, and hear it again. It is kept as demo/NUMBER.wav among the sounds.
    ["608"] = function()
      app.Answer()
      local file = "demo/" .. (channel["CALLERID(num)"]:get():gsub("[^%d]", ""))
      app.Record(file .. ".wav", 3, 60)
      app.Playback(file)
    end,

    -- 609: a small menu made by hand, in the way of Asterisk's dialplans: the keys are extensions of the context "menu".
    ["609"] = function() app["goto"]("menu", "s", 1) end,

    -- 610: your mailbox. The phone has proved who it is when it registered, so no password is asked for (s).
    ["610"] = function()
      app.VoiceMailMain(channel["CALLERID(num)"]:get() .. "@default", "s")
    end,

    -- 611: a conference: everybody who dials it hears everybody else.
    ["611"] = function()
      app.Answer()
      app.ConfBridge("demo")
    end,

    -- 612: the time.
    ["612"] = function()
      app.Answer()
      app.Playback("current-time-is")
      app.SayUnixTime()
    end,
  },

  -- Everything else with at least one digit. It stands in an include of its own, the last one, because the extensions of a context come
  -- before all of its includes: in "internal" it would hide 600 and its neighbours.
  nobody = {
    ["_X."] = function(_, extension)
      app.Verbose(1, "nobody has the number " .. extension)
      sorry("pbx-invalid")
    end,
  },

  -- What 609 leads to. Background plays and listens; WaitExten waits five seconds more. A key is looked for among these extensions.
  menu = {
    s = function()
      app.Answer()
      app.Background("press-1&for&digits/1&or&press-2&for&digits/2")
      app.WaitExten(5)
    end,
    ["1"] = function() sorry("digits/1", "vm-goodbye") end,
    ["2"] = function() sorry("digits/2", "vm-goodbye") end,
    i = function() -- something else was dialled: channel.INVALID_EXTEN says what
      app.Playback("option-is-invalid")
      app["goto"]("menu", "s", 1)
    end,
    t = function() sorry("vm-goodbye") end, -- nothing was dialled
  },
}

-- What a busy-lamp key on a phone stands for.
hints = { internal = {} }
for number = 100, 109 do
  hints.internal[tostring(number)] = "PJSIP/" .. number
end
