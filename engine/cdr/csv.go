package cdr

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxCell bounds one text cell, in bytes. Asterisk drops a record whose line passes 1,024 bytes; we cut cells instead.
const maxCell = 1024

// appendLine appends r as Asterisk's cdr_csv writes it: text quoted with quotes doubled, numbers bare, a call that was
// not answered with an empty (unquoted) answer cell.
func appendLine(b []byte, r Record, o *Options) []byte {
	for _, s := range []string{r.AccountCode, r.Src, r.Dst, r.DContext, r.CLID, r.Channel, r.DstChannel, r.LastApp, r.LastData} {
		b = appendText(b, s)
	}
	for _, t := range []time.Time{r.Start, r.Answer, r.End} {
		b = appendTime(b, t, o.UseGMTime)
	}
	b = appendInt(b, seconds(r.Duration, false))
	b = appendInt(b, seconds(r.BillSec, o.InitiatedSeconds))
	b = appendText(b, r.Disposition.String())
	b = appendText(b, r.AMAFlags.String())
	if o.LogUniqueID {
		b = appendText(b, r.UniqueID)
	}
	if o.LogUserField {
		b = appendText(b, r.UserField)
	}
	if o.NewCDRColumns {
		b = appendText(b, r.PeerAccount)
		b = appendText(b, r.LinkedID)
		b = appendInt(b, int64(r.Sequence))
	}
	b[len(b)-1] = '\n' // the last comma
	return b
}

// seconds is whole seconds, rounded up from half a second on if initiated (initiatedseconds).
func seconds(d time.Duration, initiated bool) int64 {
	if d < 0 {
		return 0
	}
	n := int64(d / time.Second)
	if initiated && d%time.Second >= time.Second/2 {
		n++
	}
	return n
}

func appendInt(b []byte, n int64) []byte { return append(strconv.AppendInt(b, n, 10), ',') }

func appendTime(b []byte, t time.Time, gmt bool) []byte {
	if t.IsZero() {
		return append(b, ',')
	}
	if gmt {
		t = t.UTC()
	} else {
		t = t.Local()
	}
	b = append(b, '"')
	b = t.AppendFormat(b, time.DateTime)
	return append(b, '"', ',')
}

func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	if formula(s) {
		b = append(b, '\'')
	}
	for n := 0; s != ""; {
		r, size := utf8.DecodeRuneInString(s)
		if n += size; n > maxCell {
			break
		}
		switch {
		case r == '"':
			b = append(b, '"', '"')
		case r < ' ', r >= 0x7f && r < 0xa0: // control characters would forge lines or move a terminal's cursor
			b = append(b, ' ')
		case r == utf8.RuneError && size == 1:
			b = append(b, '?')
		default:
			b = append(b, s[:size]...)
		}
		s = s[size:]
	}
	return append(b, '"', ',')
}

// formula says whether a spreadsheet would run the cell as a formula, quoted or not. Such a cell gets an apostrophe in
// front, which a spreadsheet hides.
//
// Deviates: Asterisk writes it as it is, because in 1999 nobody thought of it. Numbers as +49301234567 or -1 stay
// untouched, so that billing tools read what they always did; they compute to themselves.
func formula(s string) bool {
	switch {
	case s == "":
		return false
	case s[0] == '=', s[0] == '@', s[0] == '\t', s[0] == '\r':
		return true
	case s[0] == '+', s[0] == '-':
		return strings.Trim(s[1:], "0123456789 .*#-") != ""
	}
	return false
}

// accountFile is the name of the account's own file, "" if the code is no safe file name (Asterisk refuses only "/" and
// a leading dot) or would fall together with the master file.
func accountFile(code string) string {
	if code == "" || len(code) > 64 || code[0] == '.' || strings.EqualFold(code, "master") {
		return ""
	}
	for _, c := range []byte(code) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_.-", c) >= 0) {
			return ""
		}
	}
	return code + ".csv"
}
