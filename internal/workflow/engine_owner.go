package workflow

// Owner is the engine's name among those of the store, as Execution.Owner has it.
func (e *Engine) Owner() string { return e.owner }
