// Package ami is Asterisk's manager interface: actions and events as lines of text over TCP, for the accounts of manager.conf.
//
//	client ═ TCP ═► session ─ Login ─► action (class checked) ─► PBX (copies out) ─► Response, list events
//	                   ▲
//	    event.Bus ─► queue of the session (1,024; the oldest goes) ─► event lines, by the account's read classes
//
// It holds views only. A client that has not logged in can do nothing but that; how long and how many of them wait is bounded.
package ami
