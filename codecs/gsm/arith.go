package gsm

import "math/bits"

// The standard's operators (§5.1) on 16-bit values held in int32.

// sat limits to 16 bits.
func sat(v int32) int32 {
	if v == int32(int16(v)) {
		return v
	}
	if v > 0 {
		return 32767
	}
	return -32768
}

func add(a, b int32) int32 { return sat(a + b) }
func sub(a, b int32) int32 { return sat(a - b) }

// abs has no room for 32768.
func abs(a int32) int32 { return min(max(a, -a), 32767) }

// mult is the product of two fractions; -1·-1 saturates.
func mult(a, b int32) int32 { return min(a*b>>15, 32767) }

// multR is mult, rounded.
func multR(a, b int32) int32 { return min((a*b+16384)>>15, 32767) }

// div is the fraction a/b for 0 ≤ a ≤ b; 1 saturates.
func div(a, b int32) int32 { return min(a<<15/b, 32767) }

// norm is by how much a positive 32-bit value can be shifted left.
func norm(a int32) int { return bits.LeadingZeros32(uint32(a)) - 1 }
