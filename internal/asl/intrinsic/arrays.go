package intrinsic

import "strconv"

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
		i, err := truncated(args[1])
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			return nil, nil // Step Functions finds null in an array without elements
		}
		if i < 0 || i >= int64(len(list)) {
			return nil, failure("The index " + strconv.FormatInt(i, 10) + " is out of bounds for an array of " + strconv.Itoa(len(list)))
		}
		return list[i], nil
	case "ArrayContains":
		return contains(list, args[1])
	default:
		return unique(list)
	}
}

// contains compares what the values look like as a text, as Step Functions
// does: the number 1 is in an array that has the text "1".
func contains(list []any, v any) (any, error) {
	want, err := shown(v)
	if err != nil {
		return nil, err
	}
	for _, v := range list {
		if text, err := shown(v); err == nil && text == want {
			return true, nil
		}
	}
	return false, nil
}

func partition(list []any, size any) (any, error) {
	n, err := truncated(size)
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
		if bounds[i], err = truncated(v); err != nil {
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
