package workflow

import (
	"encoding/json"
	"strconv"
	"time"
)

// machineRecord is what a document keeps of a state machine: all but the texts
// of its definitions, which have documents of their own. A change is one write
// of this record; a definition's document is written before a record refers to
// it and is never referred to again once no record does.
type machineRecord struct {
	Name     string
	Type     MachineType
	Created  time.Time
	Deleting bool `json:",omitempty"`
	Current  revision
	// LastVersion is the highest number given: numbers are not used twice.
	LastVersion int             `json:",omitempty"`
	Versions    []versionRecord `json:",omitempty"` // by number
	Aliases     []aliasRecord   `json:",omitempty"` // by creation
	Tags        []Tag           `json:",omitempty"`
}

// revision is what UpdateStateMachine changes.
type revision struct {
	ID         string `json:",omitempty"` // "" for the first
	Definition string // key of its document
	Role       string
	Updated    time.Time
	Logging    json.RawMessage `json:",omitempty"`
	Tracing    json.RawMessage `json:",omitempty"`
	Encryption json.RawMessage `json:",omitempty"`
}

type versionRecord struct {
	Number      int
	Description string `json:",omitempty"`
	Created     time.Time
	Revision    revision
}

type aliasRecord struct {
	Name        string
	Description string `json:",omitempty"`
	Routing     []route
	Created     time.Time
	Updated     time.Time
}

type route struct{ Version, Weight int }

// version returns a version by its number, nil for none.
func (m *machineRecord) version(number string) *versionRecord {
	for i := range m.Versions {
		if strconv.Itoa(m.Versions[i].Number) == number {
			return &m.Versions[i]
		}
	}
	return nil
}

// alias returns an alias by its name, nil for none.
func (m *machineRecord) alias(name string) *aliasRecord {
	for i := range m.Aliases {
		if m.Aliases[i].Name == name {
			return &m.Aliases[i]
		}
	}
	return nil
}

// refers tells whether the machine still needs a definition's document.
func (m *machineRecord) refers(definition string) bool {
	if m.Current.Definition == definition {
		return true
	}
	for i := range m.Versions {
		if m.Versions[i].Revision.Definition == definition {
			return true
		}
	}
	return false
}

// definitions are the keys of all of a machine's definitions.
func (m *machineRecord) definitions() []string {
	keys := []string{m.Current.Definition}
	for i := range m.Versions {
		keys = append(keys, m.Versions[i].Revision.Definition)
	}
	return keys
}
