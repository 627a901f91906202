//go:build !linux

package packetio

const dropsSpace = 0

// setOptions does nothing: marking and drop counters are Linux's. Media flows unmarked elsewhere.
func setOptions(fd int, c Config, v6 bool) error { return nil }

func kernelDrops([]byte) (uint32, bool) { return 0, false }
