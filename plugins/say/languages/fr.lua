--- French: the prompts have the names that Asterisk's rules for French ask for (digits/et, digits/1F).
return {
  number = {
    { 0, "digits/=" },
    { 1, "digits/1", f = "digits/1F" }, -- un, une
    { 2, "digits/=" },
    { 20, "digits/<0 >", one = "digits/<0 digits/et >", per = 10 }, -- vingt et un, vingt-deux
    { 60, "digits/60 >", one = "digits/60 digits/et >", per = 60 }, -- soixante et un … soixante-dix
    { 71, "digits/60 digits/et >", per = 60 }, -- soixante et onze
    { 72, "digits/60 >", per = 60 },
    { 80, "digits/80 >", per = 80 }, -- quatre-vingt-un … quatre-vingt-dix-neuf
    { 100, "digits/hundred >" },
    { 200, "< digits/hundred >", per = 100 },
    { 1000, "digits/thousand >" },
    { 2000, "< digits/thousand >", per = 1000 },
    { 1000000, "< digits/million >" },
    { 1000000000, "< digits/milliard >" },
  },
  ordinal = { -- beyond the days of a month the number itself is said
    { 0, "digits/=" },
    { 1, "digits/h-1", f = "digits/h-1F" }, -- premier, première
    { 2, "digits/h-=" },
    { 32, "=" },
  },
  minus = "digits/minus",

  noun = { { 0, "=" }, { 2, "=s" } }, -- zéro message, un message, deux messages
  adjective = { { 0, "=" }, { 2, "=s" } },

  digit = "digits/=",
  letter = "letters/=",
  phonetic = "phonetic/=_p",
  signs = {
    ["!"] = "letters/exclaimation-point", ["@"] = "letters/at", ["$"] = "letters/dollar", ["*"] = "letters/asterisk", ["="] = "letters/equals",
    ["+"] = "letters/plus", ["/"] = "letters/slash", [" "] = "letters/space", ["."] = "letters/dot", ["-"] = "letters/dash", ["#"] = "digits/pound",
    ["é"] = "letters/e-acute", ["è"] = "letters/e-grave", ["ê"] = "letters/e-circumflex", ["ç"] = "letters/c-cedilla", ["à"] = "letters/a-grave",
  },
  keys = { ["*"] = "digits/star", ["#"] = "digits/pound", ["-"] = "digits/minus" },

  moment = {
    default = "AdBY 'digits/at' HM", -- lundi cinq janvier 2026 à dix-huit heures trente
    A = { "weekday", { 0, "digits/day-=" } },
    B = { "month", { 0, "digits/mon-=" } },
    d = { "day", { 1, "=ordinal" }, { 2, "=" } }, -- le premier, le deux
    Y = { "year", { 0, "=" } },
    I = { "hour12", { 0, "=:f digits/oclock" } }, -- une heure
    H = { "hour", { 0, "=:f digits/oclock" } },
    k = { "hour", { 0, "=:f" } },
    M = { "minute", { 0, "" }, { 1, "=" } },
    N = { "minute", { 0, "" }, { 1, "=" } },
    S = { "second", { 0, "=" } },
    p = { "hour", { 0, "digits/a-m" }, { 12, "digits/p-m" } },
    today = "digits/today",
    yesterday = "digits/yesterday",
  },
}
