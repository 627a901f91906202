package scripting

type libraries struct{}

func openLibraries() *libraries { return &libraries{} }
