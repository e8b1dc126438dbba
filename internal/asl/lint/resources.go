package lint

import (
	"wplake/internal/asl"
	"wplake/internal/asl/source"
)

// Unknown warns of what tasks call and a home does not know. check says of a
// resource, with the arguments as the definition has them, what is wrong and
// what to do, "" for nothing.
func Unknown(definition []byte, check func(r asl.Resource, arguments any) (message, remedy string)) []Finding {
	root, err := source.Read(definition)
	if err != nil || !root.Is(source.Object) {
		return nil
	}
	m, err := asl.Parse(definition)
	if err != nil {
		return nil
	}
	places := map[string]path{}
	collectPlaces(root, nil, places)
	var found []Finding
	for s := range m.All() {
		if s.Type != asl.Task {
			continue
		}
		message, remedy := check(s.Resource, s.Template())
		if message == "" {
			continue
		}
		at := places[s.Name].with("Resource")
		found = append(found, Finding{
			Severity: asl.SeverityWarning, Code: UnknownResource, State: s.Name, Pointer: at.Pointer(), Position: root.At(at...).Position,
			Message: message, Remedy: remedy,
		})
	}
	sortFindings(found)
	return found
}

// collectPlaces notes the way to each state; names are unique in a machine.
func collectPlaces(v *source.Value, at path, places map[string]path) {
	states := v.Get("States")
	if !states.Is(source.Object) {
		return
	}
	for _, m := range states.Members {
		s := &state{name: m.Name, value: m.Value, at: at.with("States", m.Name)}
		places[m.Name] = s.at
		for _, inner := range innerFlows(s) {
			collectPlaces(inner.value, inner.at, places)
		}
	}
}

// Sort puts findings in the order of their places.
func Sort(list []Finding) { sortFindings(list) }
