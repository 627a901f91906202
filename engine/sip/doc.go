// Package sip is RFC 3261 §7 (messages), §17 (transactions) and §18 (transports) upon sipgo, with digest authentication
// (RFC 7616, RFC 8760) and the bounds strangers meet. It is the only importer of sipgo. Dialogs are package dialog's.
//
//	socket ─► guard ─► sipgo's transport and parser ─► Transport.receive ─► table of transactions ─► OnRequest, OnACK, OnResponse
//	          frames, deadlines, limits,               values checked,       ServerTx, ClientTx       ClientTx.Next
//	          400s; prints each message anew           one goroutine a socket  around sipgo's state machines
//	socket ◄─ link (one destination, one socket) ◄─ marshal ◄─ Respond, Request, Send
//
// Each Transport, one listener, has a sipgo transport layer of its own and opens its sockets itself, so that we always know where
// a request came in and answer from there. The guard stands between socket and sipgo as a net.PacketConn or net.Conn. It reads
// header fields itself and hands on only messages that are whole, in one canonical form: names in full, lists split, lines
// unfolded, CRLF. So sipgo never sees what it could misread, and nobody reads a header field another way than the guard did.
//
// # What is corrected in sipgo v1.7.2, and why
//
//   - Its transaction layer gives each message a goroutine, so responses and ACK/BYE overtake each other; opens a transaction that
//     never ends for each ACK to a 2xx; and looks up a stranger's Via by DNS. The table here takes its place; its transactions
//     (ServerTx, ClientTx) are used.
//   - Its server transaction makes a new To tag for its own 487, answers 100 after 200 ms, puts a late response in the place of the
//     final one it retransmits, waits for ever for a non-INVITE to be answered, and, when terminated while Timer G fires, arms it
//     again. ServerTx answers CANCEL, 100 and 487, refuses second finals, ends what nobody answers after 64*T1.
//   - Its client transaction arms Timer B after the request is written, so that an early response leaves it running and ends a
//     ringing call; and sleeps 4 s under its lock at a repeated non-2xx. ClientTx keeps responses out until then, and repeats the
//     ACK itself.
//   - Finished transactions hold request, response and timers for 32 s: about 9 kB each. They are dropped at the final response;
//     what is kept is the bytes of the answer (or the ACK), at most Limits.Remembered of them.
//   - Its UDP transport keeps every source address it ever saw, stops at any read error, and refuses to send beyond 1300
//     bytes; its dialled TCP connections cannot be wrapped; its connections resolve destinations again. See packetGuard,
//     streamListener and link.
//   - Its parsers lose the second of three joined Contacts, quoted parameters, URI headers after a parameter without value, the
//     case of methods, and quote what is quoted. Header values and URIs are read and printed here (headers.go, uri.go).
//   - Its timers are variables of the process: the first Stack sets T1 for all (Config.T1).
//
// # Order and blocking
//
// Messages of one socket or connection are taken in order. OnRequest runs on a goroutine for each request; OnACK and OnResponse run
// on the reader and must not block. ClientTx.Next gives responses in order, provisional ones never after the final.
package sip
