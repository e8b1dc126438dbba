package intrinsic

import (
	"encoding/json"
	"math"
	"strconv"
)

// integer rounds a number half up, as Step Functions does: -1.5 gives -1.
func integer(v any) (int64, error) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, failure("The argument must be a number")
	}
	if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		if i < math.MinInt32 || i > math.MaxInt32 {
			return 0, errOutOfRange
		}
		return i, nil
	}
	f, err := n.Float64()
	if err != nil || f < math.MinInt32 || f > math.MaxInt32 {
		return 0, errOutOfRange
	}
	return int64(math.Floor(f + 0.5)), nil
}

// truncated cuts the fraction off, as Step Functions does with all numbers but
// those of MathAdd: -0.6 gives 0.
func truncated(v any) (int64, error) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, failure("The argument must be a number")
	}
	if f, err := n.Float64(); err == nil && f != math.Trunc(f) {
		return integer(json.Number(strconv.FormatFloat(math.Trunc(f), 'f', -1, 64)))
	}
	return integer(v)
}

const errOutOfRange = failure("The argument must be between -2147483648 and 2147483647")

func whole(i int64) json.Number { return json.Number(strconv.FormatInt(i, 10)) }

func add(args []any) (any, error) {
	a, err := integer(args[0])
	if err != nil {
		return nil, err
	}
	b, err := integer(args[1])
	if err != nil {
		return nil, err
	}
	if sum := a + b; sum >= math.MinInt32 && sum <= math.MaxInt32 {
		return whole(sum), nil
	}
	return nil, failure("The sum must be between -2147483648 and 2147483647")
}

// random gives a number from the first argument on and below the second. With
// a seed it is the same each time.
func random(args []any, host Host) (any, error) {
	start, err := truncated(args[0])
	if err != nil {
		return nil, err
	}
	end, err := truncated(args[1])
	if err != nil {
		return nil, err
	}
	if end <= start {
		return nil, failure("The start of the range must be less than its end")
	}
	if len(args) < 3 {
		return whole(start + min(int64(host.Random()*float64(end-start)), end-start-1)), nil
	}
	seed, err := truncated(args[2])
	if err != nil {
		return nil, err
	}
	return whole(start + min(int64(Seeded(seed)*float64(end-start)), end-start-1)), nil
}

// Seeded returns the number in [0, 1) that belongs to a seed: the first one of
// the 48-bit linear congruential generator that Step Functions uses.
func Seeded(seed int64) float64 {
	const multiplier, addend, mask = 0x5DEECE66D, 0xB, 1<<48 - 1
	state := (seed ^ multiplier) & mask
	next := func(bits int) int64 {
		state = (state*multiplier + addend) & mask
		return state >> (48 - bits)
	}
	high := next(26) << 27
	return float64(high+next(27)) / (1 << 53)
}
