package manage

import (
	"errors"
	"strings"

	"asterism/engine/store"
)

func databaseCommands() []Command {
	return []Command{
		{Name: "database show", Args: "[FAMILY [KEY]]", Max: 2, Summary: "Lists what the database holds", Run: withStore(databaseShow)},
		{Name: "database showkey", Args: "KEY", Min: 1, Max: 1, Summary: "Lists the entries of that key in every family", Run: withStore(databaseShowKey)},
		{Name: "database get", Args: "FAMILY KEY", Min: 2, Max: 2, Summary: "Shows one value", Run: withStore(databaseGet)},
		{Name: "database put", Args: "FAMILY KEY VALUE", Min: 3, Max: 3, Summary: "Sets one value", Run: withStore(databasePut)},
		{Name: "database del", Args: "FAMILY KEY", Min: 2, Max: 2, Summary: "Removes one value", Run: withStore(databaseDel)},
		{Name: "database deltree", Args: "FAMILY [KEY]", Min: 1, Max: 2, Summary: "Removes a family, or the keys below KEY", Run: withStore(databaseDelTree)},
	}
}

func withStore(run func(*Request)) func(*Request) {
	return func(r *Request) {
		if r.Store == nil {
			r.printf("Database unavailable.\n")
			return
		}
		run(r)
	}
}

// entriesBelow lists the entries of a family, or of a key and what is below it: "/cfim" is not "/cfimx".
func (r *Request) entriesBelow(args []string) ([]store.Entry, error) {
	prefix := ""
	if len(args) > 0 {
		prefix = "/" + strings.Trim(strings.Join(args, "/"), "/")
	}
	list, err := r.Store.List(r.Context, prefix)
	if prefix == "" || err != nil {
		return list, err
	}
	kept := list[:0]
	for _, e := range list {
		if e.Key == prefix || strings.HasPrefix(e.Key, prefix+"/") {
			kept = append(kept, e)
		}
	}
	return kept, nil
}

func (r *Request) listEntries(list []store.Entry, err error) {
	if err != nil {
		r.printf("Database unavailable: %s\n", err)
		return
	}
	for _, e := range list {
		r.printf("%-50s: %-25s\n", e.Key, string(e.Value))
	}
	r.printf("%d results found.\n", len(list))
}

func databaseShow(r *Request) { r.listEntries(r.entriesBelow(r.Args)) }

func databaseShowKey(r *Request) {
	all, err := r.Store.List(r.Context, "")
	kept := all[:0]
	for _, e := range all {
		if strings.HasSuffix(e.Key, "/"+r.Args[0]) {
			kept = append(kept, e)
		}
	}
	r.listEntries(kept, err)
}

func databaseGet(r *Request) {
	e, err := r.Store.Get(r.Context, store.Key(r.Args[0], r.Args[1]))
	switch {
	case errors.Is(err, store.ErrNotFound):
		r.printf("Database entry not found.\n")
	case err != nil:
		r.printf("Database unavailable: %s\n", err)
	default:
		r.printf("Value: %s\n", string(e.Value))
	}
}

func databasePut(r *Request) {
	if _, err := r.Store.Put(r.Context, store.Key(r.Args[0], r.Args[1]), []byte(r.Args[2]), store.Any, 0); err != nil {
		r.printf("Failed to update entry: %s\n", err)
		return
	}
	r.printf("Updated database successfully\n")
}

func databaseDel(r *Request) {
	if err := r.Store.Delete(r.Context, store.Key(r.Args[0], r.Args[1]), store.Any); err != nil {
		r.printf("Database entry could not be removed.\n")
		return
	}
	r.printf("Database entry removed.\n")
}

func databaseDelTree(r *Request) {
	list, err := r.entriesBelow(r.Args)
	if err != nil {
		r.printf("Database unavailable: %s\n", err)
		return
	}
	removed := 0
	for _, e := range list {
		if r.Store.Delete(r.Context, e.Key, store.Any) == nil {
			removed++
		}
	}
	if removed == 0 {
		r.printf("Database entries do not exist.\n")
		return
	}
	r.printf("%d database entries removed.\n", removed)
}
