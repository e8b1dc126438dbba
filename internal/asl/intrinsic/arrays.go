package intrinsic

import (
	"encoding/json"
	"math"
	"strconv"
)

func arrays(function string, args []any) (any, error) {
	switch function {
	case "Array":
		return args, nil
	case "ArrayRange":
		return numbers(args)
	}
	list, ok := args[0].([]any)
	if !ok {
		return nil, failure("The first argument must be an array")
	}
	switch function {
	case "ArrayLength":
		return whole(int64(len(list))), nil
	case "ArrayPartition":
		return partition(list, args[1])
	case "ArrayGetItem":
		n, ok := args[1].(json.Number)
		if !ok {
			return nil, failure("The second argument must be an integer")
		}
		i, err := integer(n)
		if err != nil {
			return nil, err
		}
		if i < 0 || i >= int64(len(list)) {
			return nil, failure("The index " + n.String() + " is out of bounds for an array of " + strconv.Itoa(len(list)))
		}
		return list[i], nil
	case "ArrayContains":
		want, err := identity(args[1])
		if err != nil {
			return nil, err
		}
		for _, v := range list {
			if id, err := identity(v); err == nil && id == want {
				return true, nil
			}
		}
		return false, nil
	default:
		return unique(list)
	}
}

func partition(list []any, size any) (any, error) {
	n, err := integer(size)
	if err != nil {
		return nil, err
	}
	if n <= 0 {
		return nil, failure("The chunk size must be a positive integer")
	}
	chunks := []any{}
	for len(list) > 0 {
		k := min(int(n), len(list))
		chunks = append(chunks, list[:k:k])
		list = list[k:]
	}
	return chunks, nil
}

func numbers(args []any) (any, error) {
	var bounds [3]int64
	for i, v := range args {
		var err error
		if bounds[i], err = integer(v); err != nil {
			return nil, err
		}
	}
	from, to, by := bounds[0], bounds[1], bounds[2]
	if by == 0 {
		return nil, failure("The step must not be zero")
	}
	if (to-from)/by+1 > maxRange {
		return nil, failure("The range must not have more than 1000 elements")
	}
	out := []any{}
	for n := from; by > 0 && n <= to || by < 0 && n >= to; n += by {
		out = append(out, whole(n))
	}
	return out, nil
}

func unique(list []any) (any, error) {
	seen := make(map[string]bool, len(list))
	out := []any{}
	for _, v := range list {
		id, err := identity(v)
		if err != nil {
			return nil, err
		}
		if !seen[id] {
			seen[id] = true
			out = append(out, v)
		}
	}
	return out, nil
}

// identity is a text that equal values share: JSON with numbers written alike.
func identity(v any) (string, error) {
	return encode(canonical(v))
}

func canonical(v any) any {
	switch t := v.(type) {
	case json.Number:
		if f, err := t.Float64(); err == nil && math.Abs(f) <= 1<<53 {
			return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
		}
		return t
	case []any:
		out := make([]any, len(t))
		for i, child := range t {
			out[i] = canonical(child)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(t))
		for k, child := range t {
			out[k] = canonical(child)
		}
		return out
	default:
		return v
	}
}
