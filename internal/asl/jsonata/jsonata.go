// Package jsonata evaluates the JSONata of Amazon States Language: the query
// language itself, what Step Functions adds ($partition, $range, $hash, $uuid,
// $parse and the seed of $random), and what it takes away ($eval).
//
// Values are those of encoding/json with UseNumber: nil, bool, string,
// json.Number, []any and map[string]any. As a map has no order, members come
// sorted by name wherever an expression visits all of them.
//
// An expression comes from a definition that anybody may have written: its
// length, nesting, steps, time and memory are limited.
package jsonata

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/recolabs/gnata"
)

// maxLength is the longest expression in bytes that Compile takes.
const maxLength = 64 << 10

// Host gives what an expression cannot compute itself. The functions must be
// safe for concurrent use if expressions are evaluated concurrently.
type Host struct {
	// UUID returns a new version 4 UUID in its usual text form.
	UUID func() string
	// Random returns a number in [0, 1).
	Random func() float64
	// Now returns the time that $now and $millis give. Left out, they give
	// the machine's.
	Now func() time.Time
	// Memo may be handed in where several expressions see the same values.
	Memo *Memo
}

// Expr is a compiled expression. It is immutable and safe for concurrent use.
type Expr struct {
	source string
	engine *gnata.Expression
	// functions are the bindings that replace the engine's own functions,
	// those that the text names.
	functions map[string]any
	native    native
	format    function // $fromMillis, for $now
	names     map[string]bool
	context   bool
	nesting   int
	interval  int
}

// Compile compiles an expression, written without {% and %}. The error is a
// *SyntaxError.
func Compile(expr string) (compiled *Expr, err error) {
	if len(expr) > maxLength {
		return nil, &SyntaxError{Message: "The expression is longer than 64 KiB"}
	}
	shape := scan(expr)
	if shape.nesting > maxParsed {
		return nil, &SyntaxError{Message: "The expression is nested too deeply"}
	}
	defer func() {
		if r := recover(); r != nil {
			compiled, err = nil, &SyntaxError{Message: fmt.Sprintf("The expression cannot be read: %v", r)}
		}
	}()
	engine, err := gnata.Compile(expr)
	if err != nil {
		return nil, syntaxError(err)
	}
	e := &Expr{source: expr, engine: engine, names: shape.variables, context: usesContext(expr), nesting: shape.nesting, interval: 1024}
	if shape.grows {
		e.interval = 8
	}
	if len(shape.variables) == 0 {
		return e, nil
	}
	l := newLibrary()
	e.native = l.native
	e.functions = l.replacements(shape.variables)
	if shape.variables["now"] {
		e.format, _ = l.call("fromMillis")
	}
	if !shape.shares {
		return e, nil
	}
	most := mostParts(shape.references)
	l.count(e.functions, shape.variables, most)
	if e.engine, err = gnata.Compile(wrap(expr, shape.made)); err != nil {
		return nil, &SyntaxError{Message: "The expression cannot be read with its sizes bounded"}
	}
	e.functions[boundName] = l.native.function(counted(most))
	return e, nil
}

// String returns the expression as it was written.
func (e *Expr) String() string { return e.source }

// Uses tells whether the text names the variable $name.
func (e *Expr) Uses(name string) bool { return e.names[name] }

var (
	statesNamed = regexp.MustCompile(`\$states\b`)
	statesField = regexp.MustCompile(`\$states\s*\.\s*[A-Za-z]`)
)

// UsesContext tells whether the expression may look at $states.context: it
// names a context, or takes $states as a whole.
func (e *Expr) UsesContext() bool { return e.context }

// usesContext is UsesContext for a text.
func usesContext(text string) bool {
	return strings.Contains(text, "context") ||
		len(statesNamed.FindAllStringIndex(text, -1)) != len(statesField.FindAllStringIndex(text, -1))
}

// Eval evaluates the expression with the bindings as variables, named without
// $; those that the text does not name cost nothing. There is no context
// value: $ is undefined. The error is an *Error. Bindings are not changed; the
// result may share values with them.
func (e *Expr) Eval(bindings map[string]any, host Host) (result any, err error) {
	if e.nesting > maxNesting {
		return nil, &Error{Kind: Bound, Message: stackMessage}
	}
	vars := make(map[string]any, len(e.functions)+len(bindings))
	for name, f := range e.functions {
		vars[name] = f
	}
	e.native.hosted(vars, e.names, e.format, host)
	for name, v := range bindings {
		if e.names[name] {
			vars[name] = host.Memo.convert(v)
		}
	}
	defer func() {
		if r := recover(); r != nil {
			result, err = nil, &Error{Kind: Thrown, Message: fmt.Sprint(r)}
		}
	}()
	v, err := e.engine.EvalWithVars(newMeter(e.interval), nil, vars)
	if err != nil {
		return nil, e.evalError(err)
	}
	if v == nil {
		return nil, &Error{Kind: Undefined}
	}
	out, err := fromEngine(v)
	if err != nil {
		var failure *Error
		if errors.As(err, &failure) {
			return nil, failure
		}
		return nil, &Error{Kind: Thrown, Message: err.Error()}
	}
	return out, nil
}

// shape is what a look at the text tells before it is parsed.
type shape struct {
	variables map[string]bool // names behind $
	nesting   int             // an upper bound of the depth of the syntax tree
	grows     bool            // it can make its values larger step by step
	shares    bool            // it can make values that hold others many times
	// references counts the places that name a variable; made are the
	// constructors of arrays and objects that can be wrapped.
	references int
	made       []span
}

// scan walks over the tokens of the text, leaving out strings, quoted names,
// comments and what looks like a pattern.
func scan(text string) shape {
	s := &scanner{text: text, shape: shape{variables: map[string]bool{}}, levels: make([]level, 1)}
	for s.at < len(text) {
		s.next()
	}
	for len(s.levels) > 1 {
		s.close()
	}
	s.nesting = (s.levels[0].depth() + 1) / 2
	loops := strings.Contains(text, ":=") || strings.Contains(text, "function") || strings.Contains(text, "λ")
	s.grows = loops && strings.ContainsAny(text, "&[*") || strings.Contains(text, ".$") || strings.Contains(text, ".(") || strings.Contains(text, "**")
	// Some dozens of references in one text can hold a value that often; more
	// needs a variable of the text's own.
	s.shares = (strings.Contains(text, ":=") || strings.Contains(text, "function") || strings.Contains(text, "λ") || s.references > 30) &&
		(len(s.made) > 0 || s.variables["map"] || s.variables["each"] || s.variables["zip"])
	return s.shape
}
