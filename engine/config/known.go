package config

import (
	"cmp"
	"slices"
)

// Known is one option of a pjsip.conf object.
type Known struct {
	Type, Option string
	Supported    bool // false: accepted with a warning, or its whole type is left out
}

// KnownOptions lists every option of Asterisk's pjsip objects and whether it has an effect here, for documentation
// and completion. Sorted by type and option.
func KnownOptions() []Known {
	var out []Known
	out = slices.Concat(out, known(endpointSchema), known(aorSchema), known(authSchema), known(transportSchema), known(identifySchema), known(registrationSchema),
		known(globalSchema), known(systemSchema), known(aclSchema), known(domainAliasSchema))
	for kind, options := range unsupportedTypes {
		for _, o := range options {
			out = append(out, Known{kind, o.name, false})
		}
	}
	slices.SortFunc(out, func(a, b Known) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Option, b.Option)) })
	return out
}

func known[T any](s *schema[T]) []Known {
	var out []Known
	for _, f := range s.fields {
		out = append(out, Known{s.kind, f.name, true})
	}
	for _, o := range s.later {
		out = append(out, Known{s.kind, o.name, false})
	}
	return out
}
