package asl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"wplake/internal/asl/jsonata"
)

// Codes of diagnostics, as ValidateStateMachineDefinition has them.
const (
	CodeInvalidJSON = "INVALID_JSON_DESCRIPTION"
	CodeSchema      = "SCHEMA_VALIDATION_FAILED"
	CodeNext        = "MISSING_TRANSITION_TARGET"
	CodeSize        = "DEFINITION_TOO_LARGE"
)

// Severity tells whether a diagnostic keeps a definition from being used.
type Severity string

// The severities, as ValidateStateMachineDefinition has them.
const (
	SeverityError   Severity = "ERROR"
	SeverityWarning Severity = "WARNING"
)

// Diagnostic is one fault of a definition.
type Diagnostic struct {
	Severity Severity
	Code     string
	// Location is the path to the fault as Step Functions writes it,
	// /States/Load/Catch[0]/Next with names as they are, or where in the text
	// it is not JSON; "" for the definition as a whole.
	Location string
	Message  string
}

// DefinitionError is what Parse returns for a definition with faults.
type DefinitionError struct{ Diagnostics []Diagnostic }

// Error lists the faults, one after the other.
func (e *DefinitionError) Error() string {
	texts := make([]string, len(e.Diagnostics))
	for i, d := range e.Diagnostics {
		texts[i] = fmt.Sprintf("%s: %s at %s", d.Code, d.Message, d.Location)
	}
	return "Invalid State Machine Definition: '" + strings.Join(texts, ", ") + "'"
}

// Parse reads a definition. The error is a *DefinitionError with every fault
// that was found.
func Parse(definition []byte) (*Machine, error) {
	p := &parser{names: map[string]bool{}}
	fields, err := p.document(definition)
	if err != nil {
		return nil, err
	}
	m := p.machine(fields)
	if err := p.err(); err != nil {
		return nil, err
	}
	return m, nil
}

// document reads the JSON object that a definition is.
func (p *parser) document(definition []byte) (map[string]any, error) {
	if len(definition) > MaxDefinition {
		p.report(CodeSize, "/", "The definition is larger than 1 MiB.")
		return nil, p.err()
	}
	root, err := Decode(definition)
	if err != nil {
		p.report(CodeInvalidJSON, "/", err.Error())
		return nil, p.err()
	}
	fields, ok := root.(map[string]any)
	if !ok {
		p.fail("/", "The definition must be a JSON object.")
		return nil, p.err()
	}
	return fields, nil
}

// Decode reads one JSON document into the values that this package uses. What
// follows the document is an error.
func Decode(text []byte) (any, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("the text is not valid UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the text is empty")
		}
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON document")
	}
	return v, nil
}

type parser struct {
	faults   []Diagnostic
	language QueryLanguage
	names    map[string]bool
	// compiled are the expressions of JSONata by their text: machines repeat
	// them.
	compiled map[string]*jsonata.Expr
}

// compile compiles an expression of JSONata, each text once.
func (p *parser) compile(source string) (*jsonata.Expr, error) {
	if known, ok := p.compiled[source]; ok {
		return known, nil
	}
	e, err := jsonata.Compile(source)
	if err != nil {
		return nil, err
	}
	if p.compiled == nil {
		p.compiled = map[string]*jsonata.Expr{}
	}
	p.compiled[source] = e
	return e, nil
}

func (p *parser) report(code, at, message string) {
	p.faults = append(p.faults, Diagnostic{Severity: SeverityError, Code: code, Location: at, Message: message})
}

func (p *parser) fail(at, message string) { p.report(CodeSchema, at, message) }

func (p *parser) err() error {
	if len(p.faults) == 0 {
		return nil
	}
	sort.SliceStable(p.faults, func(i, j int) bool { return p.faults[i].Location < p.faults[j].Location })
	return &DefinitionError{Diagnostics: p.faults}
}

// object is a JSON object that is being read: what was not asked for is a
// fault at the end.
type object struct {
	p      *parser
	at     string
	fields map[string]any
	used   map[string]bool
}

func (p *parser) object(at string, fields map[string]any) *object {
	o := &object{p: p, at: at, fields: fields, used: map[string]bool{"Comment": true}}
	return o
}

func (o *object) place(key string) string {
	if o.at == "/" {
		return "/" + key
	}
	return o.at + "/" + key
}

func (o *object) get(key string) (any, bool) {
	o.used[key] = true
	v, ok := o.fields[key]
	return v, ok
}

func (o *object) string(key string) string {
	v, ok := o.get(key)
	if !ok {
		return ""
	}
	s, isString := v.(string)
	if !isString {
		o.p.fail(o.place(key), "Expected value of type String")
	}
	return s
}

func (o *object) bool(key string) bool {
	v, ok := o.get(key)
	if !ok {
		return false
	}
	b, isBool := v.(bool)
	if !isBool {
		o.p.fail(o.place(key), "Expected value of type Boolean")
	}
	return b
}

func (o *object) integer(key string, missing, least int64) int64 {
	v, ok := o.get(key)
	if !ok {
		return missing
	}
	n, isInt := integer(v)
	if !isInt {
		o.p.fail(o.place(key), "Expected value of type Integer")
		return missing
	}
	if n < least {
		o.p.fail(o.place(key), fmt.Sprintf("numeric instance is lower than the required minimum (minimum: %d, found: %d)", least, n))
	}
	return n
}

func (o *object) list(key string) []any {
	v, ok := o.get(key)
	if !ok {
		return nil
	}
	l, isList := v.([]any)
	if !isList {
		o.p.fail(o.place(key), "Expected value of type Array")
	}
	return l
}

func (o *object) child(key string) *object {
	v, ok := o.get(key)
	if !ok {
		return nil
	}
	return o.p.asObject(o.place(key), v)
}

func (p *parser) asObject(at string, v any) *object {
	m, isObject := v.(map[string]any)
	if !isObject {
		p.fail(at, "Expected value of type Object")
		return nil
	}
	return p.object(at, m)
}

func (o *object) done() {
	for _, k := range sortedKeys(o.fields) {
		if !o.used[k] {
			o.p.fail(o.place(k), "Field is not supported")
		}
	}
}

func (p *parser) machine(fields map[string]any) *Machine {
	o := p.object("/", fields)
	m := &Machine{Language: p.queryLanguage(o, JSONPath), Version: o.string("Version")}
	m.Comment, _ = fields["Comment"].(string)
	m.Timeout = time.Duration(min(o.integer("TimeoutSeconds", 0, 0), 99999999)) * time.Second
	p.language = m.Language
	m.Flow = *p.flow(o, 0)
	o.done()
	return m
}

func (p *parser) queryLanguage(o *object, outer QueryLanguage) QueryLanguage {
	switch l := QueryLanguage(o.string("QueryLanguage")); l {
	case "":
		return outer
	case JSONPath, JSONata:
		return l
	default:
		o.p.fail(o.place("QueryLanguage"), "Value is not valid. Expected one of: JSONPath, JSONata")
		return outer
	}
}

func (p *parser) flow(o *object, depth int) *Flow {
	f := &Flow{StartAt: o.string("StartAt"), States: map[string]*State{}}
	states := o.child("States")
	if f.StartAt == "" {
		p.fail(o.at, "Missing required field 'StartAt'")
	}
	if states == nil {
		if _, given := o.fields["States"]; !given {
			p.fail(o.at, "Missing required field 'States'")
		}
		return f
	}
	if depth > maxNesting {
		p.fail(o.at, "States are nested too deep")
		return f
	}
	for _, name := range sortedKeys(states.fields) {
		if n := utf8.RuneCountInString(name); n == 0 || n > 80 {
			p.fail(states.place(name), "State names must have between 1 and 80 characters")
		}
		if p.names[name] {
			p.fail(states.place(name), "Duplicate state name: "+name)
		}
		p.names[name] = true
		if so := p.asObject(states.place(name), states.fields[name]); so != nil {
			f.States[name] = p.state(so, name, depth)
			f.Names = append(f.Names, name)
		}
	}
	p.targets(o, states, f)
	return f
}

// targets checks that what follows each state exists.
func (p *parser) targets(o, states *object, f *Flow) {
	check := func(at, name string) {
		if name != "" {
			if _, ok := states.fields[name]; !ok {
				p.report(CodeNext, at, fmt.Sprintf("Missing 'Next' target: %s", name))
			}
		}
	}
	check(o.place("StartAt"), f.StartAt)
	for _, name := range f.Names {
		s, at := f.States[name], states.place(name)
		check(at+"/Next", s.Next)
		check(at+"/Default", s.Default)
		for i, r := range s.Choices {
			check(fmt.Sprintf("%s/Choices[%d]/Next", at, i), r.Next)
		}
		for i, c := range s.Catch {
			check(fmt.Sprintf("%s/Catch[%d]/Next", at, i), c.Next)
		}
	}
}
