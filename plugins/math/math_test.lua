local function of(t, call) return t:value(('channel["%s"]:get()'):format(call)) end

test("MATH reckons", function(t)
  for expression, want in pairs {
    ["123%16,int"] = "11", ["8/4"] = "2.000000", ["7/2,int"] = "3", ["2*3.5,i"] = "7", ["2^10,int"] = "1024", ["1<<4,int"] = "16", ["256>>4,int"] = "16",
    ["12AND10,int"] = "8", ["12 OR 3,int"] = "15", ["12 XOR 10,int"] = "6", ["255+0,hex"] = "ff", ["64+1,char"] = "A", ["1/0"] = "0.000000",
    ["-5+3,int"] = "-2", ["3*-2,int"] = "-6", ["3--2,int"] = "5", ["10 MOD 4,int"] = "2", ["-7%3,int"] = "-1", [" 1 + 1 ,int"] = "2",
  } do
    t:equal(of(t, "MATH(" .. expression .. ")"), want)
  end
end)

test("MATH compares", function(t)
  for expression, want in pairs { ["1<2"] = "TRUE", ["2<1"] = "FALSE", ["2>=2"] = "TRUE", ["2<=1"] = "FALSE", ["2==2.0"] = "TRUE", ["3>1"] = "TRUE" } do
    t:equal(of(t, "MATH(" .. expression .. ")"), want)
  end
end)

test("MATH says what it cannot read", function(t)
  for _, bad in ipairs { "1+", "", "a+b", "1 FOO 2", "1+2,octal" } do
    t:contains(t:lua(('channel["MATH(%s)"]:get()'):format(bad)):log(), "MATH: ")
  end
end)

test("INC and DEC change the variable and yield it", function(t)
  local c = t:lua('channel.N = 5; put(channel.INC("N"):get() .. channel.INC("N"):get() .. channel.DEC("N"):get())')
  t:equal(c:get("SEEN"), "676")
  t:equal(c:get("N"), "6")
  t:contains(t:lua('channel.N = "x"; channel.INC("N"):get()'):log(), "INC: variable 'N' holds no number")
  t:contains(t:lua('channel.DEC():get()'):log(), "DEC: variable")
end)

test("RAND stays within its bounds", function(t)
  for _ = 1, 20 do
    local n = tonumber(of(t, "RAND(3,5)"))
    t:ok(n >= 3 and n <= 5)
  end
  t:equal(of(t, "RAND(7,7)"), "7")
  t:equal(of(t, "RAND(1e99,1e100)"), "2147483647")
  t:ok(tonumber(of(t, "RAND()")) >= 0)
  t:equal(#of(t, "RAND(12,10)"), 2)
end)

test("ABS, MIN and MAX", function(t)
  t:equal(of(t, "ABS(-3)"), "3")
  t:equal(of(t, "MIN(3,1,2)"), "1")
  t:equal(of(t, "MAX(3,1,2)"), "3")
  t:equal(of(t, "MAX()"), "nil")
end)
