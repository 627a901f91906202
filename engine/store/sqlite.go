package store

import "github.com/rs/zerolog"

import "time"

// Options of OpenSQLite.
type Options struct {
	Log        zerolog.Logger
	Now        func() time.Time // nil is time.Now
	SweepEvery time.Duration    // how often expired entries are removed; 0 is one second
}
