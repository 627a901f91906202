package lint

import (
	"slices"

	"asterism/engine/config"
)

// nearest is the name that word was probably meant to be; "" if none is near.
func nearest(word string, names []string) string {
	return config.Nearest(word, slices.Sorted(slices.Values(names)), max(1, min(2, len(word)/3)))
}

// meant is the fix for a misspelt name; other is what to say if nothing is near.
func meant(word string, names []string, other string) string {
	if n := nearest(word, names); n != "" {
		return "write " + n
	}
	return other
}
