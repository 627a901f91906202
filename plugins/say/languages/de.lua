--- German: the prompts have the names that Asterisk's rules for German ask for.
return {
  number = {
    { 0, "digits/=" },
    { 1, "digits/1", f = "digits/1F", n = "digits/1N" }, -- eins, eine, ein
    { 2, "digits/=" },
    { 20, "digits/>-and digits/<0", per = 10 }, -- fünf-und zwanzig
    { 100, "digits/1N digits/hundred >" },
    { 200, "< digits/hundred >", per = 100 },
    { 1000, "digits/1N digits/thousand >" },
    { 2000, "<:n digits/thousand >", per = 1000 },
    { 1000000, "digits/1F digits/million >" },
    { 2000000, "<:f digits/millions >", per = 1000000 },
    { 1000000000, "digits/1F digits/milliard >" },
    { 2000000000, "<:f digits/milliards >", per = 1000000000 },
  },
  ordinal = { -- der fünfte; die fünfte, das fünfte have recordings of their own
    { 0, "digits/=" },
    { 1, "digits/h-=", f = "digits/h-=F", n = "digits/h-=N" },
    { 20, "digits/>-and digits/h-<0", f = "digits/>-and digits/h-<0F", n = "digits/>-and digits/h-<0N", per = 10 },
    { 100, "digits/1N digits/hundred >ordinal", none = "digits/h-hundred" },
    { 200, "< digits/hundred >ordinal", none = "< digits/h-hundred", per = 100 },
    { 1000, "digits/1N digits/thousand >ordinal", none = "digits/h-thousand" },
    { 2000, "<:n digits/thousand >ordinal", none = "<:n digits/h-thousand", per = 1000 },
    { 1000000, "digits/1F digits/million >ordinal", none = "digits/1F digits/h-million" },
    { 2000000, "<:f digits/millions >ordinal", none = "<:f digits/h-million", per = 1000000 },
    { 1000000000, "digits/1F digits/milliard >ordinal", none = "digits/1F digits/h-milliard" },
    { 2000000000, "<:f digits/milliards >ordinal", none = "<:f digits/h-milliard", per = 1000000000 },
  },
  minus = "digits/minus",

  noun = { { 0, "=s" }, { 1, "=" }, { 2, "=s" } }, -- the names of the recordings are English whatever they say
  adjective = { { 0, "=" } },

  digit = "digits/=",
  letter = "letters/=",
  phonetic = "phonetic/=_p",
  signs = {
    ["!"] = "letters/exclaimation-point", ["@"] = "letters/at", ["$"] = "letters/dollar", ["*"] = "letters/asterisk", ["="] = "letters/equals",
    ["+"] = "letters/plus", ["/"] = "letters/slash", [" "] = "letters/space", ["."] = "letters/dot", ["-"] = "letters/dash", ["#"] = "digits/pound",
    ["ä"] = "letters/ae", ["ö"] = "letters/oe", ["ü"] = "letters/ue", ["ß"] = "letters/ss", ["Ä"] = "letters/ae", ["Ö"] = "letters/oe", ["Ü"] = "letters/ue",
  },
  keys = { ["*"] = "digits/star", ["#"] = "digits/pound", ["-"] = "digits/minus" },

  moment = {
    default = "AdBY HM", -- Montag, fünfter Januar 2026, achtzehn Uhr dreißig
    A = { "weekday", { 0, "digits/day-=" } },
    B = { "month", { 0, "digits/mon-=" } },
    d = { "day", { 1, "=ordinal" } },
    Y = { "year", { 0, "=" }, { 1100, "< digits/hundred >", per = 100 }, { 2000, "=" } },
    I = { "hour12", { 0, "=:n digits/oclock" } }, -- ein Uhr
    H = { "hour", { 0, "=:n digits/oclock" } },
    k = { "hour", { 0, "=:n" } },
    M = { "minute", { 0, "" }, { 1, "=" } },
    N = { "minute", { 0, "" }, { 1, "=" } },
    S = { "second", { 0, "=" } },
    p = { "hour", { 0, "digits/a-m" }, { 12, "digits/p-m" } },
    today = "digits/today",
    yesterday = "digits/yesterday",
  },
}
