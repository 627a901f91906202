package sip

import (
	"crypto/rand"
	"encoding/hex"
)

// NewTag returns a From or To tag of 64 random bits (RFC 3261 §19.3 wants 32).
func NewTag() string { return randomHex(8) }

// NewCallID returns a globally unique Call-ID of 128 random bits. It names no host: our address is nobody's business.
func NewCallID() string { return randomHex(16) }

// NewBranch returns a Via branch of 128 random bits with RFC 3261's magic cookie. The stack makes its own; this is for tests
// and tools.
func NewBranch() string { return magicCookie + randomHex(16) }

// magicCookie marks branches that are unique in space and time (RFC 3261 §8.1.1.7).
const magicCookie = "z9hG4bK"

func randomHex(n int) string { return hex.EncodeToString(randomBytes(n)) }

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the process instead
	return b
}

// NewCSeq returns the first CSeq number of a dialog: random, below 2^16 so that it never comes near 2^31 (RFC 3261 §8.1.1.5).
func NewCSeq() uint32 {
	var b [2]byte
	rand.Read(b[:])
	return 1 + uint32(b[0])<<8 + uint32(b[1])
}
