package dialplan

import (
	"bytes"
	"cmp"
	"math/bits"
	"strings"
)

// Compare orders two extension keys as Asterisk does (the first that matches wins, whatever was dialled): literals before
// patterns; literals by character code without '-'; patterns position by position, where accepting fewer characters
// comes first, then the lower first character, then the set with the lower characters, then '.', '!', the pattern's
// end, a broken set. It returns -1, 0 or 1; 0 means the two name the same extension (_N and _[2-9]).
func Compare(a, b string) int {
	switch pa, pb := IsPattern(a), IsPattern(b); {
	case !pa && !pb:
		return strings.Compare(undash(a), undash(b))
	case !pa:
		return -1
	case !pb:
		return 1
	}
	a, b = a[1:], b[1:]
	for {
		var ta, tb token
		ta, a = next(a)
		tb, b = next(b)
		if c := compareTokens(&ta, &tb); c != 0 {
			return c
		}
		if ta.kind == kindEnd {
			return 0
		}
	}
}

func compareTokens(a, b *token) int {
	if c := cmp.Compare(a.kind, b.kind); c != 0 || a.kind != kindOne {
		return c
	}
	if c := cmp.Compare(a.set.len(), b.set.len()); c != 0 {
		return c
	}
	// The lowest character sits in the highest bit, so the greater bitmap is the one that holds lower characters.
	return bytes.Compare(b.set[:], a.set[:])
}

func (s *charset) len() (n int) {
	for _, b := range s {
		n += bits.OnesCount8(b)
	}
	return n
}
