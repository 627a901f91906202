--- Star codes: what a person sets, clears and asks for at his phone.
-- They are extensions of the context `features`; each code is an option of starcodes.conf. See README.md.
local forward = require "starcodes.forward"
local switch = require "starcodes.switch"
local callers = require "starcodes.callers"
local speed = require "starcodes.speed"
local calls = require "starcodes.calls"
local M = { name = "starcodes", options = {
  pin = { "string", "" },
  prefix = { "string", "" },
  alert_info = { "string", "<http://127.0.0.1>;info=alert-autoanswer" },
  call_info = { "string", "<sip:127.0.0.1>;answer-after=0" },
  intercom_seconds = { "integer", 15, min = 1, max = 300 },
} }

local function code(keys, run, synopsis, number) return { code = keys, run = run, synopsis = synopsis, number = number } end

M.features = {
  forward_on = code("*72", forward.set("always"), "Forward all calls to a number", "optional"),
  forward_off = code("*73", forward.clear("always"), "Forward no more"),
  forward_toggle = code("*74", forward.toggle, "Forward no more, or to a number that is asked for; the number behind it is one's own, for lamps", "optional"),
  forward_state = code("*#72", forward.tell("always"), "Hear where all calls are forwarded"),
  forward_busy_on = code("*90", forward.set("busy"), "Forward calls when busy", "optional"),
  forward_busy_off = code("*91", forward.clear("busy"), "Forward no more when busy"),
  forward_busy_state = code("*#90", forward.tell("busy"), "Hear where calls are forwarded when busy"),
  forward_noanswer_on = code("*52", forward.set("noanswer"), "Forward calls that are not answered", "optional"),
  forward_noanswer_off = code("*53", forward.clear("noanswer"), "Forward no more when there is no answer"),
  forward_noanswer_state = code("*#52", forward.tell("noanswer"), "Hear where calls are forwarded that are not answered"),

  dnd_on = code("*78", switch.on("dnd"), "Do not disturb"),
  dnd_off = code("*79", switch.off("dnd"), "Disturb again"),
  dnd_toggle = code("*76", switch.toggle("dnd"), "Do not disturb, the other way; the number behind it is one's own, for lamps", "optional"),
  dnd_state = code("*#78", switch.tell("dnd"), "Hear whether do not disturb is on"),
  waiting_on = code("*70", switch.on("waiting"), "A second call may ring"),
  waiting_off = code("*71", switch.off("waiting"), "No second call rings"),
  waiting_state = code("*#70", switch.tell("waiting"), "Hear whether a second call may ring"),
  followme_toggle = code("*21", switch.toggle("followed"), "Follow me, the other way; the number behind it is one's own, for lamps", "optional"),

  last_caller = code("*69", callers.last, "Hear who called last, and call back"),
  blacklist_add = code("*30", callers.block, "Take no calls from a number", "optional"),
  blacklist_remove = code("*31", callers.unblock, "Take calls from a number again", "optional"),
  blacklist_last = code("*32", callers.block_last, "Take no calls from who called last"),

  speed_dial_set = code("*75", speed.set, "Keep a number: two digits, then the number", "required"),
  speed_dial = code("*0", speed.dial, "Call a number that was kept", "required"),

  hide = code("*67", calls.hide, "Call a number without showing one's own", "required"),
  intercom = code("*80", calls.intercom, "Speak to a phone that answers by itself", "required"),
  page = code("*84", calls.page, "Speak to a group of phones that answer by themselves", "required"),
  page_phone = { code = "1", context = calls.page_context, run = calls.page_phone, synopsis = "Makes a phone answer by itself" },
  echo = code("*43", calls.echo, "Hear oneself"),
  clock = code("*60", calls.clock, "Hear the time"),
  own_number = code("*65", calls.own_number, "Hear the number of this phone"),
}

return M
