package config

import "strings"

// File is one .conf file with its includes in place, its templates applied and its comments gone.
type File struct {
	Name     string
	Sections []*Section // in order; names may repeat, as pjsip.conf needs it
	// Problems are what the reader found wrong. Load reports those of the files it understands; those of any other file
	// (which may be no configuration at all, but a shell script called .conf) are for whoever asks for that file.
	Problems []Problem
}

// Section is a [name] and the options under it, inherited ones first.
type Section struct {
	Name     string
	Template bool // (!): exists only to be inherited from
	Pos      Pos
	Options  []Option
}

// Option is one "name = value". Pos is where the value was written, also when it was inherited.
type Option struct {
	Name, Value string
	Arrow       bool // written with =>
	Pos         Pos
}

// Section gives the first section of that name that is no template, or nil. Case does not matter.
func (f *File) Section(name string) *Section {
	if f == nil {
		return nil
	}
	for _, s := range f.Sections {
		if !s.Template && strings.EqualFold(s.Name, name) {
			return s
		}
	}
	return nil
}

// Get gives the last value of an option, so that a section's own setting beats an inherited one.
// Case does not matter.
func (s *Section) Get(name string) (string, bool) {
	if s == nil {
		return "", false
	}
	for i := len(s.Options) - 1; i >= 0; i-- {
		if strings.EqualFold(s.Options[i].Name, name) {
			return s.Options[i].Value, true
		}
	}
	return "", false
}

// All gives every setting of an option in order. Case does not matter.
func (s *Section) All(name string) []Option {
	if s == nil {
		return nil
	}
	var all []Option
	for _, o := range s.Options {
		if strings.EqualFold(o.Name, name) {
			all = append(all, o)
		}
	}
	return all
}
