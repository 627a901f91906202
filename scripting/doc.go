// Package scripting runs calls through Lua: extensions.lua as Asterisk's pbx_lua does, and plugins that are the applications.
//
//	etc/*.lua, plugins/ ──compile once──► Generation (prototypes, dialplan.Index, names of applications and functions)
//	                                          │ Run(channel): one state per channel, Asterisk's run loop
//	                                          ▼
//	     extensions[context][exten](context, exten) ──app.Dial(…)──► plugins/dial (Lua) ──chan:dial{…}──► channel.Channel (Go)
//
// A Generation is immutable; a call keeps the one it began with. A state belongs to one channel and one goroutine: globals last
// through Goto and into `h`, and never leak into another call. Nothing here starts a goroutine that outlives Run, except the kill
// switch's timer, which Run stops.
//
// This is the only package that imports the interpreter (gopher-lua, Lua 5.1 with goto). Where it differs from C Lua in what
// dialplans use, it is put right here: `goto` as a name (lexer.go), error(5), numbers as text, require, the sandbox.
package scripting
