// Package tone makes the sounds of a telephone network: it reads Asterisk's tone lists, plays them as PCM, and knows which country
// has which.
//
//	"!425/200,0/200,350+440"  ► Parse ► List ► Player ► PCM (a media.Source)
//	built-in countries ◄ indications.conf ► Load ► Zones.Tone("de", "busy") ► List
//
// It is a leaf: text in, values and samples out. A List and Zones are read-only for all once made.
package tone

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// List is a tone list: parts that sound one after the other. From the last it goes back to the first that is not Once, for ever;
// if all are Once it ends.
type List []Part

// Part is one element of a list: silence, a tone, the sum of some, or one that another modulates.
type Part struct {
	Once      bool          // "!": not repeated, as long as it stands before the first part that is
	Pitches   []Pitch       // at least one; a pitch of 0 Hz is silence
	Modulated bool          // "f1*f2": two pitches, the first's amplitude follows the second to 90 %
	Duration  time.Duration // whole milliseconds; 0: for ever
}

// Pitch is a frequency in Hz, or a MIDI note ("M69" is 440 Hz).
type Pitch struct {
	Number int
	MIDI   bool
}

// Hz is the frequency; MIDI notes are in equal temperament.
func (p Pitch) Hz() float64 {
	if p.MIDI {
		return 440 * math.Pow(2, float64(p.Number-69)/12)
	}
	return float64(p.Number)
}

// The bounds of a list. Four tones of Amplitude just fit into 16 bits.
const (
	maxPitches     = 4
	maxParts       = 1000
	maxFrequency   = 20000 // Hz
	maxNote        = 127
	maxDuration    = 24 * time.Hour
	maxShown       = 40 // bytes of a bad element in an error
	silentPitch    = "0"
	wantElement    = "want [!]frequency[+frequency…|*frequency][/milliseconds]"
	partSeparator  = ","
	otherSeparator = "|" // Asterisk's older one, taken where a list has it
)

// Parse reads a tone list in the syntax of Asterisk's indications.conf:
//
//	element = [!]pitch{+pitch}[/ms]  or  [!]pitch*pitch[/ms]      pitch = Hz or Mnote      list = element{,element}
//
// Deviates: Asterisk skips what it cannot read and stops at an empty element; here the whole list is an error, which names the element.
func Parse(text string) (List, error) {
	separator := partSeparator
	if strings.Contains(text, otherSeparator) {
		separator = otherSeparator
	}
	elements := strings.Split(strings.TrimSpace(text), separator)
	if last := len(elements) - 1; last > 0 && strings.TrimSpace(elements[last]) == "" {
		elements = elements[:last]
	}
	if len(elements) > maxParts {
		return nil, fmt.Errorf("tone list: %d elements, the most is %d", len(elements), maxParts)
	}
	list := make(List, 0, len(elements))
	for i, element := range elements {
		p, err := parsePart(strings.TrimSpace(element))
		if err != nil {
			return nil, fmt.Errorf("tone list: element %d %q: %w", i+1, shortened(element), err)
		}
		list = append(list, p)
	}
	return list, nil
}

func shortened(s string) string {
	if len(s) > maxShown {
		return s[:maxShown] + "…"
	}
	return s
}

func parsePart(text string) (p Part, err error) {
	text, p.Once = strings.CutPrefix(text, "!")
	pitches, ms, timed := strings.Cut(text, "/")
	if timed {
		n, err := number(ms, int(maxDuration/time.Millisecond))
		if err != nil {
			return Part{}, fmt.Errorf("milliseconds %w", err)
		}
		p.Duration = time.Duration(n) * time.Millisecond
	}
	var names []string
	if carrier, modulator, found := strings.Cut(pitches, "*"); found {
		p.Modulated, names = true, []string{carrier, modulator}
	} else if names = strings.Split(pitches, "+"); len(names) > maxPitches {
		return Part{}, fmt.Errorf("%d frequencies at once, the most is %d", len(names), maxPitches)
	}
	for _, name := range names {
		pitch, err := parsePitch(name)
		if err != nil {
			return Part{}, err
		}
		p.Pitches = append(p.Pitches, pitch)
	}
	return p, nil
}

func parsePitch(text string) (Pitch, error) {
	digits, note := strings.CutPrefix(text, "M")
	most := maxFrequency
	if note {
		most = maxNote
	}
	n, err := number(digits, most)
	if err != nil {
		return Pitch{}, fmt.Errorf("frequency %w; %s", err, wantElement)
	}
	return Pitch{n, note}, nil
}

func number(text string, most int) (int, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is no whole number", shortened(text))
	}
	if n > uint64(most) {
		return 0, fmt.Errorf("%d is over %d", n, most)
	}
	return int(n), nil
}

// String is the list as Parse reads it.
func (l List) String() string {
	var b strings.Builder
	for i, p := range l {
		if i > 0 {
			b.WriteString(partSeparator)
		}
		p.print(&b)
	}
	return b.String()
}

func (p Part) print(b *strings.Builder) {
	if p.Once {
		b.WriteByte('!')
	}
	if len(p.Pitches) == 0 {
		b.WriteString(silentPitch)
	}
	for i, pitch := range p.Pitches {
		switch {
		case i > 0 && p.Modulated:
			b.WriteByte('*')
		case i > 0:
			b.WriteByte('+')
		}
		if pitch.MIDI {
			b.WriteByte('M')
		}
		b.WriteString(strconv.Itoa(pitch.Number))
	}
	if p.Duration > 0 {
		b.WriteByte('/')
		b.WriteString(strconv.FormatInt(p.Duration.Milliseconds(), 10))
	}
}

// repeat is the part that follows the last one; -1: none, the list ends.
func (l List) repeat() int {
	for i, p := range l {
		if !p.Once {
			return i
		}
	}
	return -1
}
