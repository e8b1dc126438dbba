package asl

import (
	"encoding/json"
	"fmt"
	"math/big"
	"sort"
	"strings"
)

// Rule is one rule of a Choice: a Condition in JSONata, else a comparison or
// a combination of rules.
type Rule struct {
	Next string

	condition *node
	and, or   []*Rule
	not       *Rule
	variable  *expression
	operator  string
	operand   any
	operandAt *expression // for operators that end in Path
	output    *node
	assign    *node
}

func comparison(operator string) (kind, relation string, ok bool) {
	for _, k := range []string{"String", "Numeric", "Boolean", "Timestamp"} {
		if rest, found := strings.CutPrefix(operator, k); found {
			switch rest {
			case "Equals":
				return k, rest, true
			case "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals":
				return k, rest, k != "Boolean"
			case "Matches":
				return k, rest, k == "String"
			}
		}
	}
	return "", "", false
}

func isTest(operator string) bool {
	switch operator {
	case "IsNull", "IsPresent", "IsNumeric", "IsString", "IsBoolean", "IsTimestamp":
		return true
	}
	return false
}

func (p *parser) choice(o *object, s *State) {
	rules := o.list("Choices")
	if len(rules) == 0 {
		p.fail(o.at, "A Choice state needs at least one rule in 'Choices'")
	}
	for i, v := range rules {
		at := fmt.Sprintf("%s[%d]", o.place("Choices"), i)
		if ro := p.asObject(at, v); ro != nil {
			s.Choices = append(s.Choices, p.rule(ro, s, 0))
		}
	}
}

func (p *parser) rule(o *object, s *State, depth int) *Rule {
	r := &Rule{Next: o.string("Next")}
	if depth == 0 && r.Next == "" {
		p.fail(o.at, "Missing required field 'Next'")
	}
	if depth > maxNesting {
		p.fail(o.at, "Rules are nested too deep")
		return r
	}
	if depth == 0 {
		if v, ok := o.get("Assign"); ok {
			r.assign = p.template(o.place("Assign"), o.within("Assign"), s.Language, v)
			p.checkAssign(o.place("Assign"), v)
		}
		if v, ok := o.get("Output"); ok && s.Language == JSONata {
			r.output = p.compileJSONata(o.place("Output"), o.within("Output"), v)
		}
	}
	if s.Language == JSONata {
		v, ok := o.get("Condition")
		if !ok {
			p.fail(o.at, "Missing required field 'Condition'")
		}
		r.condition = p.compileJSONata(o.place("Condition"), o.within("Condition"), v)
		o.done()
		return r
	}
	p.comparison(o, s, r, depth)
	o.done()
	return r
}

// within names a field of a rule or Catcher as causes do: Choices[0]/Condition.
func (o *object) within(key string) string {
	return o.at[strings.LastIndexByte(o.at, '/')+1:] + "/" + key
}

func (p *parser) comparison(o *object, s *State, r *Rule, depth int) {
	nested := func(key string) []*Rule {
		var rules []*Rule
		for i, v := range o.list(key) {
			if ro := p.asObject(fmt.Sprintf("%s[%d]", o.place(key), i), v); ro != nil {
				rules = append(rules, p.rule(ro, s, depth+1))
			}
		}
		if len(rules) == 0 {
			p.fail(o.place(key), "Expected at least one rule")
		}
		return rules
	}
	found := 0
	keys := make([]string, 0, len(o.fields))
	for k := range o.fields {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		switch k {
		case "And":
			found++
			r.and = nested(k)
		case "Or":
			found++
			r.or = nested(k)
		case "Not":
			found++
			if ro := o.child(k); ro != nil {
				r.not = p.rule(ro, s, depth+1)
			}
		case "Variable":
			r.variable = p.pathField(o, k)
		default:
			if p.operator(o, r, k) {
				found++
			}
		}
	}
	if found != 1 {
		p.fail(o.at, "A rule needs exactly one comparison, And, Or or Not")
	}
	if r.operator != "" && r.variable == nil {
		p.fail(o.at, "Missing required field 'Variable'")
	}
}

func (p *parser) operator(o *object, r *Rule, key string) bool {
	name, isPath := strings.CutSuffix(key, "Path")
	kind, relation, ok := comparison(name)
	if !ok && !isTest(key) {
		return false
	}
	v, _ := o.get(key)
	r.operator = name
	if !ok {
		if _, isBool := v.(bool); !isBool {
			p.fail(o.place(key), "Expected value of type Boolean")
		}
		r.operator, r.operand = key, v
		return true
	}
	if isPath && relation != "Matches" {
		r.operandAt = p.pathField(o, key)
		return true
	}
	if !ofKind(kind, v) {
		p.fail(o.place(key), "Expected value of type "+kind)
	}
	r.operand = v
	return true
}

// ofKind tells whether a value is of the kind that an operator compares.
func ofKind(kind string, v any) bool {
	switch v := v.(type) {
	case string:
		if kind == "Timestamp" {
			_, ok := parseTimestamp(v)
			return ok
		}
		return kind == "String"
	case json.Number:
		return kind == "Numeric"
	case bool:
		return kind == "Boolean"
	}
	return false
}

// matches evaluates a rule of JSONPath.
func (r *Rule) matches(sc *scope) (bool, *failure) {
	switch {
	case r.and != nil:
		for _, c := range r.and {
			if ok, f := c.matches(sc); f != nil || !ok {
				return false, f
			}
		}
		return true, nil
	case r.or != nil:
		for _, c := range r.or {
			if ok, f := c.matches(sc); f != nil || ok {
				return ok, f
			}
		}
		return false, nil
	case r.not != nil:
		ok, f := r.not.matches(sc)
		return !ok, f
	}
	v, found, f := sc.lookup(r.variable)
	if f != nil {
		return false, f
	}
	if r.operator == "IsPresent" {
		return found == r.operand.(bool), nil
	}
	if !found {
		return false, sc.runtime("Invalid path '" + r.variable.text + "': The choice state's condition path references an invalid value.")
	}
	if isTest(r.operator) {
		return test(r.operator, v) == r.operand.(bool), nil
	}
	operand := r.operand
	if r.operandAt != nil {
		if operand, found, f = sc.lookup(r.operandAt); f != nil {
			return false, f
		}
		if !found {
			return false, sc.runtime("Invalid path '" + r.operandAt.text + "': The choice state's condition path references an invalid value.")
		}
	}
	kind, relation, _ := comparison(r.operator)
	if b, isBool := operand.(bool); isBool && kind == "Numeric" {
		operand = json.Number("0") // as the service takes the value at a path
		if b {
			operand = json.Number("1")
		}
	}
	return compare(kind, relation, v, operand), nil
}

func test(operator string, v any) bool {
	switch operator {
	case "IsNull":
		return v == nil
	case "IsNumeric":
		_, ok := v.(json.Number)
		return ok
	case "IsString":
		_, ok := v.(string)
		return ok
	case "IsBoolean":
		_, ok := v.(bool)
		return ok
	case "IsTimestamp":
		s, ok := v.(string)
		if ok {
			_, ok = parseTimestamp(s)
		}
		return ok
	}
	return false
}

// compare tells whether two values stand in a relation; values of another
// kind never do.
func compare(kind, relation string, a, b any) bool {
	if !ofKind(kind, a) || !ofKind(kind, b) {
		return false
	}
	switch kind {
	case "Boolean":
		return a == b
	case "String":
		x, y := a.(string), b.(string)
		if relation == "Matches" {
			return wildcard(y, x)
		}
		return holds(relation, strings.Compare(x, y))
	case "Timestamp":
		x, _ := parseTimestamp(a.(string))
		y, _ := parseTimestamp(b.(string))
		return holds(relation, x.Compare(y))
	}
	c, ok := compareNumbers(a.(json.Number), b.(json.Number))
	return ok && holds(relation, c)
}

// compareNumbers compares exactly where the numbers are short, as floats
// otherwise: a huge exponent must not become a huge integer.
func compareNumbers(a, b json.Number) (int, bool) {
	if len(a) < 40 && len(b) < 40 && !strings.ContainsAny(string(a)+string(b), "eE") {
		x, okX := new(big.Rat).SetString(string(a))
		y, okY := new(big.Rat).SetString(string(b))
		if okX && okY {
			return x.Cmp(y), true
		}
	}
	x, errX := a.Float64()
	y, errY := b.Float64()
	if errX != nil || errY != nil {
		return 0, false
	}
	switch {
	case x < y:
		return -1, true
	case x > y:
		return 1, true
	}
	return 0, true
}

func holds(relation string, c int) bool {
	switch relation {
	case "Equals":
		return c == 0
	case "LessThan":
		return c < 0
	case "GreaterThan":
		return c > 0
	case "LessThanEquals":
		return c <= 0
	case "GreaterThanEquals":
		return c >= 0
	}
	return false
}

// wildcard matches * in a pattern with any run of characters; \* is a star
// and \\ a backslash. It takes time in proportion to both lengths.
func wildcard(pattern, s string) bool {
	type piece struct {
		c    rune
		star bool
	}
	var ps []piece
	rs := []rune(pattern)
	for i := 0; i < len(rs); i++ {
		switch {
		case rs[i] == '\\' && i+1 < len(rs) && (rs[i+1] == '*' || rs[i+1] == '\\'):
			i++
			ps = append(ps, piece{c: rs[i]})
		case rs[i] == '*':
			ps = append(ps, piece{star: true})
		default:
			ps = append(ps, piece{c: rs[i]})
		}
	}
	text := []rune(s)
	i, j, star, mark := 0, 0, -1, 0
	for i < len(text) {
		switch {
		case j < len(ps) && ps[j].star:
			star, mark = j, i
			j++
		case j < len(ps) && ps[j].c == text[i]:
			i++
			j++
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	for j < len(ps) && ps[j].star {
		j++
	}
	return j == len(ps)
}
