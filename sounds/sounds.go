// Package sounds holds the prompts that are built into the program, laid out as Asterisk's sounds folder: en/beep.opus.
// README.md says whose they are.
package sounds

import "embed"

// FS is the last root of a sound.Library: a site's own files of the same name come before.
//
//go:embed en
var FS embed.FS
