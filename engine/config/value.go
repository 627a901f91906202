package config

// complaint is what is wrong with a value; its Problem adds where and in which object.
type complaint struct {
	what, want string
	warning    bool // the object lives, with the default
}

func (c *complaint) Error() string { return c.what }
