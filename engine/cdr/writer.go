package cdr

import (
	"errors"
	"time"

	"github.com/rs/zerolog"
)

// ErrClosed : the writer is closed.
var ErrClosed = errors.New("cdr: closed")

// Options are cdr.conf's, with the zero value all "no". DefaultOptions has Asterisk's defaults.
type Options struct {
	Enable           bool // enable [yes]
	Unanswered       bool // unanswered [no]: also records of unanswered calls that have only one channel
	Congestion       bool // congestion [no]: CONGESTION instead of FAILED
	InitiatedSeconds bool // initiatedseconds [no]: round BillSec up at half a second

	UseGMTime     bool // usegmtime [no]
	LogUniqueID   bool // loguniqueid [no]
	LogUserField  bool // loguserfield [no]
	AccountLogs   bool // accountlogs [yes]: also one file per account code
	NewCDRColumns bool // newcdrcolumns [no]: peeraccount, linkedid, sequence

	// Linger is how long a record waits for others to share its fsync; 0 is 20 ms, at most 100 ms.
	Linger time.Duration
	Log    zerolog.Logger
}
