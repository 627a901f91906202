-- Ten lines are a PBX: phones 100 to 109 call each other, 600 is an echo.
extensions = {
  internal = {
    ["_10X"] = function(context, extension)
      app.Dial("PJSIP/" .. extension, 20)
      if channel.DIALSTATUS:get() == "BUSY" then app.Busy(5) end
    end,
    ["600"] = function() app.Answer(); app.Echo() end,
  },
}
