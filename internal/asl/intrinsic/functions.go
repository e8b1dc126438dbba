package intrinsic

import "strconv"

// arity is how many arguments a function takes; most is -1 for any number.
type arity struct{ least, most int }

// String tells the count in words.
func (a arity) String() string {
	switch {
	case a.most < 0:
		return "at least " + strconv.Itoa(a.least) + " arguments"
	case a.least != a.most:
		return strconv.Itoa(a.least) + " or " + strconv.Itoa(a.most) + " arguments"
	case a.least == 1:
		return "one argument"
	default:
		return strconv.Itoa(a.least) + " arguments"
	}
}

// functions tells the arguments of a function, named without States.
func functions(name string) (arity, bool) {
	switch name {
	case "UUID":
		return arity{0, 0}, true
	case "StringToJson", "JsonToString", "ArrayLength", "ArrayUnique", "Base64Encode", "Base64Decode":
		return arity{1, 1}, true
	case "ArrayPartition", "ArrayContains", "ArrayGetItem", "Hash", "MathAdd", "StringSplit":
		return arity{2, 2}, true
	case "MathRandom":
		return arity{2, 3}, true
	case "ArrayRange", "JsonMerge":
		return arity{3, 3}, true
	case "Array":
		return arity{0, -1}, true
	case "Format":
		return arity{1, -1}, true
	}
	return arity{}, false
}
