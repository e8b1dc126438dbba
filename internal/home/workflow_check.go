package home

import "wplake/internal/asl"

// TaskCheck returns what tells whether this home knows a resource with such
// arguments; see workflow.Tasks. It opens and writes nothing.
func (h *Home) TaskCheck() func(r asl.Resource, arguments any) error {
	return (&Workflow{home: h}).newTasks().Check
}
