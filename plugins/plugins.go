// Package plugins holds the shipped applications and functions: Lua data for package scripting, no Go.
//
// One folder each, named as the plugin: init.lua returns its table, README.md is its manual page, NAME_test.lua its test.
package plugins

import "embed"

// FS holds the plugin folders at its top. A site's etc/plugins/NAME takes the place of the shipped NAME.
//
//go:embed README.md control dial flow functions playback tones
var FS embed.FS
