package channel

import (
	"errors"

	"asterism/engine/media"
)

// ErrNoMusic is returned where there is no class of hold music.
var ErrNoMusic = errors.New("no class of hold music")

// StartMusic plays hold music until StopMusic or the next primitive that makes sound, and returns at once. The class is, as in Asterisk, what
// SetMusicClass says; else class; else the default one. Classes that do not exist are passed over with a log line.
func (c *Channel) StartMusic(class string) error {
	if err := c.gone(); err != nil {
		return err
	}
	c.StopTone()
	stop, err := c.playMusic(class)
	if err != nil {
		return err
	}
	c.update(func() { c.music = stop })
	return nil
}

// StopMusic ends what StartMusic began.
func (c *Channel) StopMusic() {
	c.mu.Lock()
	stop := c.music
	c.music = nil
	c.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// playMusic begins to play the class that is due.
func (c *Channel) playMusic(class string) (stop func(), err error) {
	m := c.leg.Media()
	if m == nil {
		return nil, ErrNoMedia
	}
	music, err := c.findMusic(class)
	if err != nil {
		return nil, err
	}
	return m.PlayMusic(music, func() {}), nil
}

func (c *Channel) findMusic(class string) (*media.Music, error) {
	if c.core.music == nil {
		return nil, ErrNoMusic
	}
	for _, name := range []string{c.MusicClass(), class, "default"} {
		if name == "" {
			continue
		}
		if m, ok := c.core.music(name); ok {
			return m, nil
		}
		c.log.Warn().Str("class", name).Msg("no such class of hold music; musiconhold.conf can add it")
	}
	return nil, ErrNoMusic
}

// MusicClass is the class this channel hears on hold whatever else is suggested; "" if none was set.
func (c *Channel) MusicClass() string { return locked(c, func() string { return c.musicClass }) }

// SetMusicClass replaces it.
func (c *Channel) SetMusicClass(class string) { c.update(func() { c.musicClass = class }) }

// Held tells whether the far end has put us on hold.
func (c *Channel) Held() bool { return locked(c, func() bool { return c.held }) }

// FarEndHeld is called by the technology when the far end puts us on hold, or takes us back. class is the music it suggests for who
// waits at the other end of a bridge: the bridge plays it. Safe from anywhere.
func (c *Channel) FarEndHeld(on bool, class string) {
	c.mu.Lock()
	changed := c.held != on
	c.held, c.suggested = on, class
	c.mu.Unlock()
	if !changed {
		return
	}
	c.core.observer.HoldChanged(c, on, class)
	select {
	case c.holding <- struct{}{}:
	default:
	}
}

// holdMusic is what one party of a bridge hears while the other holds.
type holdMusic struct {
	party, holder *Channel
	stop          func() // nil while there is none
}

// follow brings the music in line with what the holder does.
func (h *holdMusic) follow() {
	held, class := h.holder.Held(), locked(h.holder, func() string { return h.holder.suggested })
	switch {
	case held && h.stop == nil:
		stop, err := h.party.playMusic(class)
		if err != nil {
			h.party.log.Warn().Err(err).Msg("held without music")
			stop = func() {}
		}
		h.stop = stop
	case !held && h.stop != nil:
		h.end()
	}
}

func (h *holdMusic) end() {
	if h.stop != nil {
		h.stop()
		h.stop = nil
	}
}
