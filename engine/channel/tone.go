package channel

import (
	"fmt"

	"asterism/engine/tone"
)

// progressTones are the names of indications.conf for what is signalled after the answer.
var progressTones = map[Indication]string{IndicateRinging: "ring", IndicateBusy: "busy", IndicateCongestion: "congestion"}

// Indicate signals progress to the party: by SIP before the answer, by a tone of its country after it. A tone plays until the next
// primitive that makes sound, StopTone, or the end.
func (c *Channel) Indicate(ind Indication) error {
	if err := c.gone(); err != nil {
		return err
	}
	if c.State() != Up {
		return c.leg.Indicate(ind)
	}
	if list, ok := c.core.tones(c).Tone(c.ToneZone(), progressTones[ind]); ok {
		c.startTone(list, tone.Amplitude)
	}
	return nil
}

// PlayTone plays a tone by its name in the channel's country ("dial"), or a tone list ("425/500,0/500"), until the next primitive that
// makes sound, StopTone, or the end, and returns at once. amplitude is that of each sine in 16-bit PCM: tone.Amplitude, unless it is to
// measure with. Before the answer it is early media, as far as Progress has opened it.
func (c *Channel) PlayTone(nameOrList string, amplitude float64) error {
	if err := c.gone(); err != nil {
		return err
	}
	list, ok := c.core.tones(c).Tone(c.ToneZone(), nameOrList)
	if !ok {
		var err error
		if list, err = tone.Parse(nameOrList); err != nil {
			return fmt.Errorf("%w; %s has no tone of that name either", err, c.ToneZone())
		}
	}
	if !c.startTone(list, amplitude) {
		return ErrNoMedia
	}
	return nil
}

// startTone replaces what plays; false when there is no sound.
func (c *Channel) startTone(list tone.List, amplitude float64) bool {
	m := c.leg.Media()
	if m == nil {
		return false
	}
	c.StopMusic()
	stop := m.Play(list.Player(amplitude), func() {})
	c.update(func() { c.tone = stop })
	return true
}

// StopTone ends a tone started by Indicate or PlayTone.
func (c *Channel) StopTone() {
	c.mu.Lock()
	stop := c.tone
	c.tone = nil
	c.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// ToneZone is the country whose tones the party hears, as indications.conf names it.
func (c *Channel) ToneZone() string {
	if own := locked(c, func() string { return c.toneZone }); own != "" {
		return own
	}
	return c.core.tones(c).Default()
}

// SetToneZone replaces it; a country that has no zone is an error.
func (c *Channel) SetToneZone(country string) error {
	if !c.core.tones(c).Has(country) {
		return fmt.Errorf("tone zone %q: no such country here; indications.conf can add it", country)
	}
	c.update(func() { c.toneZone = country })
	return nil
}
