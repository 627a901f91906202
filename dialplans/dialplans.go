// Package dialplans holds whole configurations that run as they are; `asterism init` copies demo.
package dialplans

import "embed"

// FS holds one folder for each example: demo, minimal.
//
//go:embed demo minimal
var FS embed.FS
