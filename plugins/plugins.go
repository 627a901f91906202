// Package plugins holds the shipped applications and functions: Lua data for package scripting, no Go.
//
// One folder each, named as the plugin: init.lua returns its table, README.md is its manual page, NAME_test.lua its test.
package plugins

import "embed"

// FS holds the plugin folders at its top. A site's etc/plugins/NAME takes the place of the shipped NAME.
//
//go:embed README.md
//go:embed authenticate
//go:embed call
//go:embed caller
//go:embed channel
//go:embed chanspy
//go:embed conditions
//go:embed confbridge
//go:embed control
//go:embed database
//go:embed datetime
//go:embed devices
//go:embed dial
//go:embed directory
//go:embed disa
//go:embed flow
//go:embed followme
//go:embed functions
//go:embed ivr
//go:embed jitterbuffer
//go:embed math
//go:embed mixmonitor
//go:embed musiconhold
//go:embed page
//go:embed person
//go:embed playback
//go:embed privacymanager
//go:embed record
//go:embed records
//go:embed ring
//go:embed say
//go:embed starcodes
//go:embed strings
//go:embed tollguard
//go:embed tones
//go:embed transfer
//go:embed voicemail
//go:embed wakeup
var FS embed.FS
