package asl

// maxVariables is how many bytes of JSON all variables that a state can see may
// take together. What one Assign gives may take MaxPayload.
const maxVariables = 10 << 20

// storable tells whether an Assign keeps within the limits of variables.
func (sc *scope) storable(vars map[string]any) *failure {
	given := size(vars, MaxPayload)
	if given > MaxPayload {
		return fail(errLimit, "The state/task '"+sc.state.Name+"' assigned variables with a size exceeding the maximum number of bytes service limit.")
	}
	total := given
	for f := sc.frame; f != nil; f = f.outer() {
		for name, v := range f.Vars {
			if _, replaced := vars[name]; !replaced || f != sc.frame {
				total += len(name) + 4 + size(v, MaxPayload)
			}
		}
	}
	if total > maxVariables {
		return fail(errLimit, "The variables of the execution have a size exceeding the maximum number of bytes service limit.")
	}
	return nil
}
