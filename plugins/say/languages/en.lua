--- English. README.md says how such a table is read, and what to do for another language.
return {
  number = {
    { 0, "digits/=" },
    { 20, "digits/<0 >", per = 10 },
    { 100, "< digits/hundred >" },
    { 1000, "< digits/thousand >" },
    { 1000000, "< digits/million >" },
    { 1000000000, "< digits/billion >" },
  },
  ordinal = {
    { 0, "digits/=" },
    { 1, "digits/h-=" },
    { 20, "digits/<0 >ordinal", none = "digits/h-<0", per = 10 },
    { 100, "< digits/hundred >ordinal", none = "< digits/h-hundred" },
    { 1000, "< digits/thousand >ordinal", none = "< digits/h-thousand" },
    { 1000000, "< digits/million >ordinal", none = "< digits/h-million" },
    { 1000000000, "< digits/billion >ordinal", none = "< digits/h-billion" },
  },
  minus = "digits/minus",

  noun = { { 0, "=s" }, { 1, "=" }, { 2, "=s" } }, -- no message: messages; one message; two messages
  adjective = { { 0, "=" } },

  digit = "digits/=",
  letter = "letters/=",
  phonetic = "phonetic/=_p",
  signs = {
    ["!"] = "letters/exclaimation-point", ["@"] = "letters/at", ["$"] = "letters/dollar", ["*"] = "letters/asterisk", ["="] = "letters/equals",
    ["+"] = "letters/plus", ["/"] = "letters/slash", [" "] = "letters/space", ["."] = "letters/dot", ["-"] = "letters/dash", ["#"] = "digits/pound",
  },
  keys = { ["*"] = "digits/star", ["#"] = "digits/pound", ["-"] = "digits/minus" }, -- among digits

  moment = {
    default = "ABdY 'digits/at' IMp",
    A = { "weekday", { 0, "digits/day-=" } },
    B = { "month", { 0, "digits/mon-=" } },
    d = { "day", { 1, "=ordinal" } },
    Y = { "year", { 0, "=" }, { 1100, "< >century", per = 100 }, { 2000, "=" } },
    I = { "hour12", { 0, "=" } },
    H = { "hour", { 0, "digits/oh =" }, { 10, "=" } },
    k = { "hour", { 0, "=" } },
    M = { "minute", { 0, "digits/oclock" }, { 1, "digits/oh =" }, { 10, "=" } },
    N = { "minute", { 0, "digits/hundred" }, { 1, "digits/oh =" }, { 10, "=" } },
    S = { "second", { 0, "digits/oh =" }, { 10, "=" } },
    p = { "hour", { 0, "digits/a-m" }, { 12, "digits/p-m" } },
    after = { H = { M = "N" } }, -- nine o'clock, but oh nine hundred
    today = "digits/today",
    yesterday = "digits/yesterday",
  },
  century = { { 0, "digits/hundred" }, { 1, "digits/oh =" }, { 10, "=" } }, -- nineteen hundred, nineteen oh five
}
