// Package media moves the voice of calls: it owns sockets, ports and the clock of what is played.
//
//	socket ─► packetio batch ─► shard ─► Port.receive ─► source believed? ─► parse ─► payload type
//	                                                        │ telephone-event ─► OnDigit
//	                                                        └ Frame ─► sink: Discard │ own Out (echo) │ bridge ─► other Out
//	Play, SendDigit ─────────────────────────────────────────────────────────────────────────────────► own Out
//	Out: one SSRC, sequence and timestamp for the life of the leg, whoever feeds it ─► packetio batch ─► socket
//
//	Tap: what comes in and what goes out ─► jitter buffer ─► decode, conceal ─► 20 ms blocks of PCM by the clock
//
// A Port belongs to one shard at a time, and everything of it is touched there only. Methods of Port may be called from any
// goroutine: they leave a command, which is obeyed in order, mostly within a millisecond. Ports that are joined, and the two
// halves of a pair, share a shard; joining moves them.
//
// Nothing is allocated and no lock is taken between a packet's arrival and its departure.
package media
