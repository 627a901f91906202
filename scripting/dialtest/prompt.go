package dialtest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"asterism/engine/sound"
)

// prompts are the site's sounds with their names; a test may say how long one is, or that it is missing.
type prompts struct {
	library Sounds
	own     Sounds     // what was recorded in this test
	mu      sync.Mutex // guards below; a leaf
	lengths map[string]time.Duration
	names   map[*clip]string
}

// Sounds finds prompts; *sound.Library is one.
type Sounds interface {
	OpenAt(name, lang string, rate int) (*sound.Clip, error)
	Has(name, lang string) bool
}

// OpenAt opens what the test spoke of, or what there is.
func (p *prompts) OpenAt(name, lang string, rate int) (*sound.Clip, error) {
	p.mu.Lock()
	d, told := p.lengths[name]
	p.mu.Unlock()
	var clip *sound.Clip
	var err error
	switch {
	case told && d < 0:
		return nil, fmt.Errorf("sound %q: this test says it is missing", name)
	case told:
		clip = sound.NewClip(rate, make([]int16, int(d*time.Duration(rate)/time.Second)))
	case p.recorded(name, lang, rate, &clip):
	case p.library == nil:
		return nil, fmt.Errorf("sound %q: there are no sounds; t:sound(%[1]q, ms) makes one", name)
	default:
		if clip, err = p.library.OpenAt(name, lang, rate); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	p.names[clip] = strings.TrimSuffix(name, "/")
	p.mu.Unlock()
	return clip, nil
}

// Has reports whether OpenAt would find name.
func (p *prompts) Has(name, lang string) bool {
	p.mu.Lock()
	d, told := p.lengths[name]
	p.mu.Unlock()
	return told && d >= 0 || !told && (p.own.Has(name, lang) || p.library != nil && p.library.Has(name, lang))
}

func (p *prompts) recorded(name, lang string, rate int, clip **sound.Clip) bool {
	c, err := p.own.OpenAt(name, lang, rate)
	*clip = c
	return err == nil
}

func (p *prompts) nameOf(c *sound.Clip) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.names[c]
}

func (p *prompts) lengthOf(c *sound.Clip) time.Duration { return c.Duration() }
