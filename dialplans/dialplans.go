// Package dialplans holds whole configurations that run as they are; `asterism init` copies demo.
package dialplans

import "embed"

// FS holds one folder for each example: classic, demo, minimal.
//
//go:embed classic demo minimal
var FS embed.FS
