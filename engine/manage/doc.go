// Package manage is Asterisk's command line upon the running PBX: commands, their help and completion, and the unix
// socket they are asked through. It holds views only: all state is the engine's (see PBX).
//
//	terminal ─ asterism -r ─► Client ═ asterisk.ctl ═► Server ─► Tree.Run ─► PBX (copies out) ─► text
package manage
