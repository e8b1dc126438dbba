package intrinsic

import (
	"encoding/json"
	"errors"
	"io"
	"strings"

	"wplake/internal/asl/jsontext"
)

// Most characters that Base64Encode, Base64Decode and Hash take, most elements
// that ArrayRange makes, and the longest text in bytes that a call may give.
const (
	maxText   = 10_000
	maxRange  = 1000
	maxResult = 4 << 20
)

// Host gives what is random. Both functions must be safe for concurrent use if
// calls are evaluated concurrently.
type Host struct {
	// UUID returns a new version 4 UUID in its usual text form.
	UUID func() string
	// Random returns a number in [0, 1).
	Random func() float64
}

// Error is a failure that Step Functions reports as States.Runtime, though the
// specification has States.IntrinsicFailure for it.
type Error struct {
	Call   string // the whole expression, as written, also where an inner call failed
	Reason string // in the words of Step Functions
	Detail string // what is wrong, which Step Functions does not tell; may be empty
}

// Error is the text that Step Functions gives as the cause.
func (e *Error) Error() string {
	return "The function '" + e.Call + "' had the following error: " + e.Reason
}

// failure tells what is wrong with the arguments of a function.
type failure string

func (f failure) Error() string { return string(f) }

// refusal is a reason in the words of Step Functions.
type refusal string

func (r refusal) Error() string { return string(r) }

// Eval evaluates the call. resolve gives the value of a path among the
// arguments; its error is returned as it is. Every other error is an *Error.
// The result may share values with what resolve returned; nothing is changed.
func (c *Call) Eval(resolve func(path string) (any, error), host Host) (any, error) {
	v, err := c.eval(resolve, host)
	var failed *Error
	if errors.As(err, &failed) {
		failed.Call = c.source
	}
	return v, err
}

func (c *Call) eval(resolve func(path string) (any, error), host Host) (any, error) {
	args := make([]any, len(c.args))
	for i, a := range c.args {
		var err error
		switch {
		case a.call != nil:
			args[i], err = a.call.eval(resolve, host)
		case a.path != "":
			args[i], err = resolve(a.path)
		default:
			args[i] = a.literal
		}
		if err != nil {
			return nil, err
		}
	}
	v, err := c.apply(args, host)
	if text, ok := v.(string); ok && err == nil && len(text) > maxResult {
		err = errTooLong
	}
	if err == nil {
		return v, nil
	}
	var told refusal
	if errors.As(err, &told) {
		return nil, &Error{Reason: err.Error()}
	}
	return nil, &Error{Reason: "Invalid arguments in States." + c.function, Detail: err.Error()}
}

// The reasons that Step Functions does tell, and the one of our own bound.
const (
	errCount   = refusal("Invalid arguments in States.Format: number of arguments do not match the occurrences of {}.")
	errOpen    = refusal("Invalid template in States.Format: matching '}' not found for '{'.")
	errClose   = refusal("Invalid template in States.Format: matching '{' not found for '}'.")
	errTooLong = refusal("The result is longer than 4 MiB")
)

func (c *Call) apply(args []any, host Host) (any, error) {
	switch c.function {
	case "Format":
		return c.format(args)
	case "StringToJson":
		return stringToJSON(args[0])
	case "JsonToString":
		return encode(args[0])
	case "UUID":
		return host.UUID(), nil
	case "Base64Encode", "Base64Decode", "Hash", "StringSplit":
		return texts(c.function, args)
	case "JsonMerge":
		return merge(args)
	case "MathAdd":
		return add(args)
	case "MathRandom":
		return random(args, host)
	default:
		return arrays(c.function, args)
	}
}

// format puts the arguments in the places of {} in the template.
func (c *Call) format(args []any) (any, error) {
	template, ok := args[0].(string)
	if !ok {
		return nil, failure("The first argument must be a string")
	}
	if c.args[0].raw != "" {
		template = c.args[0].raw
	}
	rest := args[1:]
	var b strings.Builder
	for i := 0; i < len(template); i++ {
		switch {
		case template[i] == '\\' && i+1 < len(template) && strings.IndexByte(`'{}\`, template[i+1]) >= 0:
			i++
			b.WriteByte(template[i])
		case strings.HasPrefix(template[i:], "{}"):
			if len(rest) == 0 {
				return nil, errCount
			}
			text, err := shown(rest[0])
			if err != nil {
				return nil, err
			}
			b.WriteString(text)
			rest = rest[1:]
			i++
		case template[i] == '{':
			return nil, errOpen
		case template[i] == '}':
			return nil, errClose
		default:
			b.WriteByte(template[i])
		}
		if b.Len() > maxResult {
			return nil, errTooLong
		}
	}
	if len(rest) > 0 {
		return nil, errCount
	}
	return b.String(), nil
}

// shown is a value as States.Format shows it: a text bare, the rest as JSON.
func shown(v any) (string, error) {
	if text, ok := v.(string); ok {
		return text, nil
	}
	return encode(v)
}

func encode(v any) (string, error) { return jsontext.Compact(v) }

// stringToJSON parses a text; an empty one is null, as Step Functions has it.
func stringToJSON(v any) (any, error) {
	text, ok := v.(string)
	if !ok {
		return nil, failure("The argument must be a string")
	}
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var out any
	if err := dec.Decode(&out); err != nil {
		return nil, failure("The argument is not valid JSON: " + err.Error())
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, failure("The argument is not valid JSON: there is more behind the first value")
	}
	if n, ok := out.(json.Number); ok && n == "-0" {
		return json.Number("0"), nil
	}
	return out, nil
}

// merge joins two objects; a member of the second replaces the first's. Step
// Functions takes a third argument that is no boolean for false.
func merge(args []any) (any, error) {
	first, ok := args[0].(map[string]any)
	second, also := args[1].(map[string]any)
	if !ok || !also {
		return nil, failure("The first two arguments must be JSON objects")
	}
	if deep, ok := args[2].(bool); ok && deep {
		return nil, failure("Deep merging is not supported: the third argument must be false")
	}
	out := make(map[string]any, len(first)+len(second))
	for k, v := range first {
		out[k] = v
	}
	for k, v := range second {
		out[k] = v
	}
	return out, nil
}
