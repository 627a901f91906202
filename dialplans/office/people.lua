-- Who works here: the one place to change when somebody comes or goes. extensions.lua makes numbers, groups and lamps of it; the phones stand
-- in pjsip.conf, the mailboxes in voicemail.conf.
return {
  people = {
    ["101"] = "Rita Ruiz", ["102"] = "Ralf Roth",
    ["103"] = "Sara Sommer", ["104"] = "Sam Stone", ["105"] = "Sofia Silva", ["106"] = "Stefan Sand", ["107"] = "Susan Shaw",
    ["108"] = "Tom Taylor", ["109"] = "Tina Thiel", ["110"] = "Theo Tran", ["111"] = "Tara Todd",
    ["112"] = "Anna Adler", ["113"] = "Adam Ames",
    ["114"] = "Will Wood", ["115"] = "Wanda West", ["116"] = "Walt Wirth",
    ["117"] = "Paul Park", ["118"] = "Petra Pohl", ["119"] = "Berta Boss", ["120"] = "Lobby",
  },

  -- A department is a ring group (plugins/ring/README.md says what a group can have), and the mailbox of its own number.
  departments = {
    ["200"] = { name = "Reception", members = { "101", "102" }, strategy = "ringall", seconds = 20, delays = { ["102"] = 10 } },
    ["201"] = { name = "Sales", members = { "103", "104", "105", "106", "107" }, strategy = "ringall", seconds = 25, skip_busy = true },
    ["202"] = { name = "Support", members = { "108", "109", "110", "111" }, strategy = "memoryhunt", seconds = 8, music = "default" },
    ["203"] = { name = "Accounts", members = { "112", "113" }, strategy = "hunt", seconds = 15 },
    ["204"] = { name = "Warehouse", members = { "114", "115", "116" }, strategy = "random", seconds = 10 },
  },
}
