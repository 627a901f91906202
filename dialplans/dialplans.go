// Package dialplans holds whole configurations that run as they are; `asterism init` copies demo.
package dialplans

import "embed"

// FS holds one folder for each example: classic, demo, minimal, office.
//
//go:embed classic demo minimal office
var FS embed.FS
