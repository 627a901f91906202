package channel

import (
	"maps"
	"strconv"
	"strings"
)

// variable is a value and how far it is inherited: 0 not, 1 to the next channel (_X), 2 for ever (__X).
type variable struct {
	value   string
	inherit int
}

// Set gives a channel variable a value. Leading underscores are Asterisk's inheritance marks and not part of the name; a new value
// replaces the old mark too.
func (c *Channel) Set(name, value string) {
	inherit := 0
	for inherit < 2 && strings.HasPrefix(name, "_") {
		name = name[1:]
		inherit++
	}
	if name == "" {
		return
	}
	c.update(func() {
		if c.variables == nil {
			c.variables = make(map[string]variable, 8)
		}
		c.variables[name] = variable{value, inherit}
	})
}

// Unset removes a variable, so that Get says it is not there (Dial clears DIALSTATUS this way).
func (c *Channel) Unset(name string) { c.update(func() { delete(c.variables, name) }) }

// Get reads a built-in of Asterisk's or a channel variable; false if it is not set.
func (c *Channel) Get(name string) (string, bool) {
	name = strings.TrimLeft(name, "_")
	c.mu.Lock()
	defer c.mu.Unlock()
	switch name {
	case "EXTEN":
		return c.place.Exten, true
	case "CONTEXT":
		return c.place.Context, true
	case "PRIORITY":
		return strconv.Itoa(c.place.Priority), true
	case "CHANNEL":
		return c.name, true
	case "UNIQUEID":
		return c.uniqueID, true
	case "LINKEDID":
		return c.linkedID, true
	case "HANGUPCAUSE":
		return strconv.Itoa(int(c.cause)), true
	case "ACCOUNTCODE":
		return c.account, c.account != ""
	}
	v, ok := c.variables[name]
	return v.value, ok
}

// Variables copies the channel's own variables.
func (c *Channel) Variables() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(map[string]string, len(c.variables))
	for name, v := range c.variables {
		out[name] = v.value
	}
	return out
}

// inherited is what a channel dialled from this one starts with.
func (c *Channel) inherited() map[string]variable {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := maps.Clone(c.variables)
	for name, v := range out {
		switch v.inherit {
		case 0:
			delete(out, name)
		case 1:
			out[name] = variable{v.value, 0}
		}
	}
	return out
}
