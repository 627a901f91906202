// Package dialtest runs the tests of a dialplan, *_test.lua beside it, on simulated phones in simulated time (asterism test).
//
//	test.lua ─t:call, t:expect─► script ─► World: Clock ─ jumps when every goroutine waits (settler)
//	                                        │  phones (legs without packets) ◄─► channel.Core, scripting.Generation: the real ones
//	                                        └► story, Coverage, call detail records
//
// Only what has a packet is simulated: the legs of "PJSIP" and "Local", their sound, and the clock. A test has a World of its own, so
// nothing leaks from one to the next. dialplans/README.md says what a test can say.
package dialtest
