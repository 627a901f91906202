//go:build !(linux && (amd64 || arm64))

package packetio

func backends() []Backend { return []Backend{udp{}} }
