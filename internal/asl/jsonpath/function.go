package jsonpath

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// FunctionError tells that a function cannot work with the values it got.
type FunctionError struct {
	Function string
	Reason   string
}

// Error names the function and the reason.
func (e *FunctionError) Error() string {
	return fmt.Sprintf("the JSONPath function %s() cannot be applied: %s", e.Function, e.Reason)
}

func isFunction(name string) bool {
	switch name {
	case "avg", "stddev", "sum", "min", "max", "concat", "length", "size", "append", "keys", "first", "last", "index":
		return true
	}
	return false
}

// call applies the function of s to model. Paths of arguments that start at @
// start at current.
func (e *evaluation) call(s *step, model, current any) (any, error) {
	args, err := e.arguments(s, current)
	if err != nil {
		return nil, err
	}
	switch s.function {
	case "length", "size":
		if len(args) > 0 {
			model = args[0]
		}
		return length(model), nil
	case "keys":
		m, ok := model.(map[string]any)
		if !ok {
			return nil, nil
		}
		names := make([]any, 0, len(m))
		for _, k := range slices.Sorted(maps.Keys(m)) {
			names = append(names, k)
		}
		return names, e.spend(len(names))
	case "append":
		list, ok := model.([]any)
		if !ok {
			return model, nil
		}
		return slices.Concat(list, args), e.spend(len(list) + len(args))
	case "concat":
		return e.concat(model, args)
	case "first", "last", "index":
		return element(s.function, model, args)
	default:
		return e.aggregate(s.function, model, args)
	}
}

func (e *evaluation) arguments(s *step, current any) ([]any, error) {
	args := make([]any, 0, len(s.args))
	for _, a := range s.args {
		v := a.literal
		if a.path != nil {
			start := e.root
			if a.current {
				start = current
			}
			var err error
			if v, err = e.value(a.path, start); err != nil {
				return nil, err
			}
		}
		args = append(args, v)
	}
	return args, nil
}

// length gives null for what has none, as the dialect does.
func length(v any) any {
	switch t := v.(type) {
	case []any:
		return json.Number(strconv.Itoa(len(t)))
	case map[string]any:
		return json.Number(strconv.Itoa(len(t)))
	default:
		return nil
	}
}

func (e *evaluation) concat(model any, args []any) (any, error) {
	var b strings.Builder
	var add func(v any) error
	add = func(v any) error {
		if list, ok := v.([]any); ok {
			for _, child := range list {
				if text, ok := child.(string); ok {
					if err := add(text); err != nil {
						return err
					}
				}
			}
			return nil
		}
		text, ok := asText(v)
		if !ok {
			return nil
		}
		// A byte of a text costs less than a value, yet not nothing.
		if err := e.spend(1 + len(text)/4); err != nil {
			return err
		}
		b.WriteString(text)
		return nil
	}
	if _, ok := model.([]any); ok {
		if err := add(model); err != nil {
			return nil, err
		}
	}
	for _, v := range args {
		if err := add(v); err != nil {
			return nil, err
		}
	}
	return b.String(), nil
}

func element(function string, model any, args []any) (any, error) {
	list, ok := model.([]any)
	if !ok {
		return nil, &FunctionError{function, "the value is not an array"}
	}
	i := 0
	switch function {
	case "last":
		i = -1
	case "index":
		n, ok := arg(args).(json.Number)
		at, err := strconv.ParseInt(n.String(), 10, 32)
		if !ok || err != nil {
			return nil, &FunctionError{function, "it takes one integer"}
		}
		i = int(at)
	}
	if i < 0 {
		i += len(list)
	}
	if i < 0 || i >= len(list) {
		return nil, &FunctionError{function, "the array has no such element"}
	}
	return list[i], nil
}

func arg(args []any) any {
	if len(args) == 0 {
		return nil
	}
	return args[0]
}

// aggregate computes over the numbers of the model, if it is an array, and of
// the arguments.
func (e *evaluation) aggregate(function string, model any, args []any) (any, error) {
	var numbers []float64
	add := func(v any) {
		n, ok := v.(json.Number)
		if !ok {
			return
		}
		if f, err := n.Float64(); err == nil {
			numbers = append(numbers, f)
		}
	}
	for _, v := range append([]any{model}, args...) {
		list, ok := v.([]any)
		if !ok {
			continue
		}
		if err := e.spend(len(list)); err != nil {
			return nil, err
		}
		for _, child := range list {
			add(child)
		}
	}
	for _, v := range args {
		add(v)
	}
	if len(numbers) == 0 {
		return nil, &FunctionError{function, "there are no numbers"}
	}
	return number(function, reduce(function, numbers))
}

func reduce(function string, numbers []float64) float64 {
	switch function {
	case "min":
		return slices.Min(numbers)
	case "max":
		return slices.Max(numbers)
	}
	var sum, squares float64
	for _, n := range numbers {
		sum += n
		squares += n * n
	}
	count := float64(len(numbers))
	switch function {
	case "sum":
		return sum
	case "avg":
		return sum / count
	default: // stddev, of the whole population
		mean := sum / count
		return math.Sqrt(max(squares/count-mean*mean, 0))
	}
}

// number writes a result as a floating-point number: the sum of 1 and 2 is 3.0.
func number(function string, f float64) (any, error) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return nil, &FunctionError{function, "the result is too large"}
	}
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return json.Number(strconv.FormatFloat(f, 'f', 1, 64)), nil
	}
	return json.Number(strconv.FormatFloat(f, 'g', -1, 64)), nil
}
