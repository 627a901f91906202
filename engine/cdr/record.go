// Package cdr writes call detail records where Asterisk writes them, and loses none.
//
//	Write(Record) ► batch (≤ 100 ms) ► journal, fsync ► Write returns ► cdr-csv/Master.csv (and ACCOUNT.csv), fsync ► done mark
//
// After a kill -9 at any point, Open compares the journal with the CSV files and appends exactly what is missing.
package cdr

import "time"

// Disposition is how a call went.
type Disposition int

// The dispositions, in Asterisk's order: all before Answered count as unanswered.
const (
	NoAnswer Disposition = iota
	Failed
	Busy
	Answered
	Congestion
)

// String is the disposition as Asterisk writes it.
func (d Disposition) String() string {
	switch d {
	case NoAnswer:
		return "NO ANSWER"
	case Failed:
		return "FAILED"
	case Busy:
		return "BUSY"
	case Answered:
		return "ANSWERED"
	case Congestion:
		return "CONGESTION"
	}
	return "UNKNOWN"
}

// AMAFlags is the billing flag. The zero value is Documentation, Asterisk's default.
type AMAFlags int

// The AMA flags.
const (
	Documentation AMAFlags = iota
	Omit
	Billing
)

// String is the flag as Asterisk writes it.
func (f AMAFlags) String() string {
	switch f {
	case Omit:
		return "OMIT"
	case Billing:
		return "BILLING"
	}
	return "DOCUMENTATION"
}

// Record is one pairing of a calling and a called channel. Strings may hold what phones sent: Write cleans them.
type Record struct {
	AccountCode string
	Src         string // caller's number
	Dst         string // extension dialled
	DContext    string
	CLID        string // `"Alice" <100>`
	Channel     string
	DstChannel  string
	LastApp     string
	LastData    string

	Start  time.Time
	Answer time.Time // zero: never answered
	End    time.Time
	// Duration (start to end) and BillSec (answer to end) come from a monotonic clock, so that they stay right when
	// the wall clock jumps. Written as whole seconds.
	Duration time.Duration
	//lint:ignore ST1011 billsec is what the field is called wherever there are CDRs
	BillSec time.Duration

	Disposition Disposition
	AMAFlags    AMAFlags
	UniqueID    string
	UserField   string
	PeerAccount string
	LinkedID    string
	Sequence    int
}
