package cost

import (
	"fmt"
	"strings"
	"testing"

	"wplake/internal/config"
	"wplake/internal/workflow/machine"
)

func FuzzTransitions(f *testing.F) {
	c := config.Default()
	f.Add(machine.Default(c))
	c.Catalog.Crawler = true
	f.Add(machine.Default(c))
	f.Add([]byte(`{"StartAt":"A","States":{"A":{"Next":"B"},"B":{"Choices":[{"Next":"A"},{"Next":"B"}],"Default":"C"},"C":{"Next":"C"}}}`))
	f.Add([]byte(`{"StartAt":"","States":{"":{"Branches":[{"StartAt":"x","States":{"x":{}}}]}}}`))
	f.Fuzz(func(t *testing.T, definition []byte) {
		n, err := transitions(definition, 3, 5)
		if err == nil && n < 1 {
			t.Errorf("%v steps", n)
		}
	})
}

// A machine as large as Step Functions takes is counted, in one go.
func TestALongMachine(t *testing.T) {
	t.Parallel()
	const states = 20_000
	var b strings.Builder
	b.WriteString(`{"StartAt":"0","States":{`)
	for i := range states {
		fmt.Fprintf(&b, `"%d":{"Next":"%d"},`, i, i+1)
	}
	fmt.Fprintf(&b, `"%d":{"Type":"Succeed"}}}`, states)
	if n, err := transitions([]byte(b.String()), 3, 5); err != nil || n != states+2 {
		t.Errorf("%v steps, %v", n, err)
	}
}
