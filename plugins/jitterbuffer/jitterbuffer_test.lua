test("default sizes", function(t)
  local c = t:lua('channel.JITTERBUFFER("adaptive"):set("default")')
  t:equal(c:jitter_buffer(), "fixed=false max=200ms resync=1s extra=40ms")
  c = t:lua('channel.JITTERBUFFER("fixed"):set("")')
  t:equal(c:jitter_buffer(), "fixed=true max=200ms resync=1s extra=0s")
end)

test("sizes of one's own", function(t)
  local c = t:lua('channel.JITTERBUFFER("adaptive"):set("150, 2000,,yes")')
  t:equal(c:jitter_buffer(), "fixed=false max=150ms resync=2s extra=40ms")
  c = t:lua('channel.JITTERBUFFER("fixed"):set("60,-1")')
  t:equal(c:jitter_buffer(), "fixed=true max=60ms resync=-1ns extra=0s")
end)

test("disabled takes it out", function(t)
  local c = t:lua('channel.JITTERBUFFER("fixed"):set("60"); channel.JITTERBUFFER("disabled"):set("")')
  t:equal(c:jitter_buffer(), "none")
end)

test("what it does not understand is an error", function(t)
  for _, line in ipairs { 'channel.JITTERBUFFER("elastic"):set("")', 'channel.JITTERBUFFER("fixed"):set("long")' } do
    local c = t:lua(line, {})
    c:fails()
    t:contains(c:log(), "JITTERBUFFER")
  end
end)

test("a channel without sound goes on", function(t)
  local c = t:lua('channel.JITTERBUFFER("fixed"):set("")', { media = false })
  t:contains(c:log(), "JITTERBUFFER: ")
end)
