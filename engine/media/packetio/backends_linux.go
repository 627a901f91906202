//go:build linux && (amd64 || arm64)

package packetio

// backends: best first.
func backends() []Backend { return []Backend{uring{}, epoll{}, udp{}} }
