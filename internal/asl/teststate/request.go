package teststate

import (
	"errors"
	"fmt"
	"time"

	"wplake/internal/asl"
)

// loneState is the name that AWS gives to a state whose definition stands
// alone.
const loneState = "StateName"

// request is a Request that has been read and found sound.
type request struct {
	Request
	machine   *asl.Machine
	state     *asl.State
	inMap     bool
	level     Level
	input     any
	variables map[string]any
	context   map[string]any
	mock      *asl.Answer
	// spelling is how the request spells the values in it, by their plain text.
	spelling map[string]string
}

func refuse(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// read checks a request in the order in which AWS complains.
func read(r *Request, o *Options) (*request, error) {
	q := &request{Request: *r, level: r.InspectionLevel}
	for _, check := range []func(*request, *Options) error{
		checkFields, readDefinition, checkConfiguration, checkKind, readInput, readMock, readContext,
	} {
		if err := check(q, o); err != nil {
			return nil, err
		}
	}
	return q, nil
}

func checkFields(q *request, _ *Options) error {
	switch q.level {
	case Info, Debug, Trace:
	case "":
		q.level = Info
	default:
		return refuse(CodeValidation, "1 validation error detected: Value '%s' at 'inspectionLevel' failed to satisfy constraint: Member must satisfy enum value set: [INFO, DEBUG, TRACE]", q.level)
	}
	if q.StateName != nil {
		if n := len([]rune(*q.StateName)); n < 1 || n > 80 {
			want := "greater than or equal to 1"
			if n > 80 {
				want = "less than or equal to 80"
			}
			return refuse(CodeValidation, "1 validation error detected: Value '%s' at 'stateName' failed to satisfy constraint: Member must have length %s", *q.StateName, want)
		}
	}
	if q.Mock != nil {
		switch q.Mock.FieldValidationMode {
		case "", Strict, Present, None:
		default:
			return refuse(CodeValidation, "1 validation error detected: Value '%s' at 'mock.fieldValidationMode' failed to satisfy constraint: Member must satisfy enum value set: [STRICT, PRESENT, NONE]", q.Mock.FieldValidationMode)
		}
	}
	if c := q.StateConfiguration; c != nil {
		for _, n := range []struct {
			name  string
			value *int
		}{{"retrierRetryCount", c.RetrierRetryCount}, {"mapIterationFailureCount", c.MapIterationFailureCount}} {
			if n.value != nil && *n.value < 0 {
				return refuse(CodeValidation, "1 validation error detected: Value '%d' at 'stateConfiguration.%s' failed to satisfy constraint: Member must have value greater than or equal to 0", *n.value, n.name)
			}
		}
	}
	return nil
}

func readDefinition(q *request, _ *Options) error {
	var err error
	name := loneState
	if q.StateName == nil {
		q.machine, err = asl.ParseState([]byte(q.Definition), name)
	} else {
		name = *q.StateName
		q.machine, err = asl.Parse([]byte(q.Definition))
	}
	var faulty *asl.DefinitionError
	if errors.As(err, &faulty) {
		return &Error{Code: CodeDefinition, Message: refusal(q, faulty)}
	}
	if err != nil {
		return err
	}
	var ok bool
	if q.state, q.inMap, ok = q.machine.Find(name); !ok {
		return refuse(CodeValidation, "State not found in definition")
	}
	return nil
}

// refusal is what Step Functions says of a definition that cannot be read.
func refusal(q *request, faulty *asl.DefinitionError) string {
	found := asl.ValidateState([]byte(q.Definition))
	if q.StateName != nil {
		found = asl.Validate([]byte(q.Definition), false)
	}
	if message := asl.RefusalMessage(found); message != "" {
		return message
	}
	return faulty.Error()
}

// checkConfiguration refuses settings that only make sense beside a mock.
func checkConfiguration(q *request, o *Options) error {
	c := q.StateConfiguration
	if q.Mock != nil {
		if q.RevealSecrets {
			return refuse(CodeValidation, "TestState does not support RevealSecrets when a mock is specified.")
		}
		if (q.Mock.Result == nil) == (q.Mock.ErrorOutput == nil) {
			return refuse(CodeValidation, "A test mock should have only one of the following fields: [result, errorOutput].")
		}
		if c != nil && c.ErrorCausedByState != nil {
			if !within(q.state, *c.ErrorCausedByState) {
				return refuse(CodeValidation, "State not found in definition")
			}
		}
		return nil
	}
	if c == nil {
		return nil
	}
	for _, f := range []struct {
		name  string
		given bool
		real  bool // makes sense for a state that is not mocked
	}{
		{"RetrierRetryCount", c.RetrierRetryCount != nil, true},
		{"ErrorCausedByState", c.ErrorCausedByState != nil, false},
		{"MapIterationFailureCount", c.MapIterationFailureCount != nil, false},
		{"MapItemReaderData", c.MapItemReaderData != nil, true},
	} {
		if f.given && (o.Strict || !f.real) {
			return refuse(CodeValidation, "TestState does not support %s when a mock is not specified.", f.name)
		}
	}
	return nil
}

// within tells whether a Map or Parallel has a state, at any depth.
func within(s *asl.State, name string) bool {
	for _, b := range s.Branches {
		m := asl.Machine{Flow: *b}
		if _, _, ok := m.Find(name); ok {
			return true
		}
	}
	return false
}

// checkKind refuses types of states with or without a mock.
func checkKind(q *request, o *Options) error {
	s := q.state
	if q.Mock != nil {
		switch s.Type {
		case asl.Task, asl.Map, asl.Parallel:
			return nil
		}
		return refuse(CodeValidation, "State type '%s' is not supported when a mock is specified", s.Type)
	}
	if !o.Strict {
		return nil
	}
	switch {
	case s.Type == asl.Map || s.Type == asl.Parallel:
		return refuse(CodeDefinition, "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]")
	case s.Type != asl.Task:
		return nil
	case s.Resource.Kind == asl.ActivityResource:
		return refuse(CodeDefinition, "TestState API does not support Activity tasks without a mock: '%s'", s.Resource.ARN)
	case s.Resource.Pattern != asl.RequestResponse:
		return refuse(CodeDefinition, "TestState API does not support the '.%s' service integration pattern without a mock", s.Resource.Pattern)
	case q.RoleARN == "":
		return refuse(CodeValidation, "RoleArn must be specified when testing a Task state")
	}
	return nil
}

func readInput(q *request, _ *Options) error {
	q.input = map[string]any{}
	if q.Input != nil {
		v, err := asl.Decode([]byte(*q.Input))
		if err != nil {
			return refuse(CodeInput, "Invalid State Machine Execution Input: '%s'", err)
		}
		if len(*q.Input) > asl.MaxPayload {
			return refuse(CodeInput, "Invalid State Machine Execution Input: 'the input is larger than 262144 bytes'")
		}
		q.input = v
	}
	if q.Variables == nil {
		return nil
	}
	v, err := asl.Decode([]byte(*q.Variables))
	vars, ok := v.(map[string]any)
	if err != nil || !ok {
		return refuse(CodeValidation, "Invalid variables provided: The variables must be a JSON object")
	}
	if _, reserved := vars["states"]; reserved {
		return refuse(CodeValidation, "Invalid variables provided: The variable name 'states' is reserved")
	}
	q.variables = vars
	return nil
}

func readMock(q *request, _ *Options) error {
	m := q.Mock
	if m == nil {
		return nil
	}
	if m.ErrorOutput != nil {
		q.mock = &asl.Answer{Kind: asl.Failure, Error: m.ErrorOutput.Error, Cause: m.ErrorOutput.Cause}
		return nil
	}
	v, err := asl.Decode([]byte(*m.Result))
	if err != nil {
		return refuse(CodeValidation, "Mocked result must be valid JSON")
	}
	q.mock = &asl.Answer{Kind: asl.Done, Output: v}
	if m.FieldValidationMode == None {
		return nil
	}
	_, isArray := v.([]any)
	_, isObject := v.(map[string]any)
	switch q.state.Type {
	case asl.Map:
		if q.hasWriter() {
			if !isObject {
				return refuse(CodeValidation, "Mocked result must be a JSON object.")
			}
			return nil
		}
		if !isArray {
			return refuse(CodeValidation, "Mocked result must be an array.")
		}
	case asl.Parallel:
		if !isArray {
			return refuse(CodeValidation, "Mocked result must be an array.")
		}
	case asl.Task:
		return checkResult(q.state.Resource, v, m.FieldValidationMode != Present)
	}
	return nil
}

// hasWriter tells whether the Map under test has a ResultWriter.
func (q *request) hasWriter() bool {
	root, err := asl.Decode([]byte(q.Definition))
	if err != nil {
		return false
	}
	fields, _ := root.(map[string]any)
	if q.StateName != nil {
		fields = stateFields(fields, *q.StateName)
	}
	_, has := fields["ResultWriter"]
	return has
}

// stateFields finds the definition of a state in that of a machine.
func stateFields(flow map[string]any, name string) map[string]any {
	states, _ := flow["States"].(map[string]any)
	if s, ok := states[name].(map[string]any); ok {
		return s
	}
	for _, v := range states {
		s, _ := v.(map[string]any)
		flows, _ := s["Branches"].([]any)
		for _, f := range append(flows[:len(flows):len(flows)], s["ItemProcessor"], s["Iterator"]) {
			inner, _ := f.(map[string]any)
			if found := stateFields(inner, name); found != nil {
				return found
			}
		}
	}
	return nil
}

func (o *Options) now() time.Time { return o.Now().UTC() }
