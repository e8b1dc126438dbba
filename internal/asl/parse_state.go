package asl

import (
	"encoding/json"
	"fmt"
	"time"
)

func (p *parser) state(o *object, name string, depth int) *State {
	s := &State{Name: name, Type: StateType(o.string("Type"))}
	s.Comment, _ = o.fields["Comment"].(string)
	s.Language = p.queryLanguage(o, p.language)
	switch s.Type {
	case Pass, Task, Choice, Wait, Succeed, Fail, Parallel, Map:
	case "":
		p.fail(o.at, "Missing required field 'Type'")
		return s
	default:
		p.fail(o.place("Type"), "Value is not valid. Expected one of: Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait")
		return s
	}
	p.transition(o, s)
	p.data(o, s)
	switch s.Type {
	case Pass:
		if s.Language == JSONPath {
			s.result, s.hasResult = o.get("Result")
		}
	case Task:
		p.task(o, s)
	case Choice:
		p.choice(o, s)
	case Wait:
		p.wait(o, s)
	case Fail:
		p.failState(o, s)
	case Parallel:
		p.parallel(o, s, depth)
	case Map:
		p.mapState(o, s, depth)
	}
	if s.Type == Task || s.Type == Parallel || s.Type == Map {
		p.retry(o, s)
		p.catch(o, s)
	}
	o.done()
	return s
}

// transition reads Next and End of the types that have them.
func (p *parser) transition(o *object, s *State) {
	switch s.Type {
	case Choice:
		s.Default = o.string("Default")
		return
	case Succeed, Fail:
		return
	}
	s.Next = o.string("Next")
	end := o.bool("End")
	if (s.Next == "") == !end {
		p.fail(o.at, "A state must have either 'Next' or 'End': true, and not both")
	}
}

// data reads the fields that move data, as far as the type has them.
func (p *parser) data(o *object, s *State) {
	if s.Type == Fail {
		return
	}
	if v, ok := o.get("Assign"); ok {
		s.assign = p.template(o.place("Assign"), "Assign", s.Language, v)
		p.checkAssign(o.place("Assign"), v)
	}
	if s.Language == JSONata {
		if v, ok := o.get("Output"); ok {
			s.output = p.compileJSONata(o.place("Output"), "Output", v)
		}
		if v, ok := o.fields["Arguments"]; ok && (s.Type == Task || s.Type == Parallel) {
			o.used["Arguments"] = true
			s.arguments = p.compileJSONata(o.place("Arguments"), "Arguments", v)
		}
		return
	}
	s.inputPath = p.pathField(o, "InputPath")
	s.outputPath = p.pathField(o, "OutputPath")
	switch s.Type {
	case Pass, Task, Parallel, Map:
		if v, ok := o.get("Parameters"); ok {
			n := p.compilePathTemplate(o.place("Parameters"), v)
			if s.Type == Map {
				s.itemSelector = n
			} else {
				s.parameters = n
			}
		}
		s.resultPath = p.resultPath(o)
	}
	if v, ok := o.fields["ResultSelector"]; ok && (s.Type == Task || s.Type == Parallel || s.Type == Map) {
		o.used["ResultSelector"] = true
		s.resultSelector = p.compilePathTemplate(o.place("ResultSelector"), v)
	}
}

func (p *parser) template(at, field string, l QueryLanguage, v any) *node {
	if l == JSONata {
		return p.compileJSONata(at, field, v)
	}
	return p.compilePathTemplate(at, v)
}

func (p *parser) checkAssign(at string, v any) {
	m, ok := v.(map[string]any)
	if !ok {
		p.fail(at, "Expected value of type Object")
		return
	}
	if _, taken := m["states"]; taken {
		p.fail(at+"/states", "The variable name 'states' is reserved")
	}
}

func (p *parser) pathField(o *object, key string) *expression {
	v, ok := o.get(key)
	if !ok {
		return nil
	}
	if v == nil {
		return &expression{discard: true}
	}
	text, isString := v.(string)
	if !isString {
		p.fail(o.place(key), "Value is not a Reference Path: The value for the field '"+key+"' must be a valid JSONPath")
		return nil
	}
	return p.expression(o.place(key), text)
}

// field reads one setting that may be given as a value, as a JSONata
// expression, or as a path under the name with Path behind it.
func (p *parser) field(o *object, l QueryLanguage, key string) *node {
	v, ok := o.get(key)
	if l == JSONata {
		if !ok {
			return nil
		}
		return p.compileJSONata(o.place(key), key, v)
	}
	pv, isPath := o.get(key + "Path")
	if ok && isPath {
		p.fail(o.at, fmt.Sprintf("Only one of '%s' and '%sPath' may be given", key, key))
	}
	if isPath {
		text, isString := pv.(string)
		if !isString {
			p.fail(o.place(key+"Path"), "The value for the field '"+key+"Path' must be a valid JSONPath")
			return nil
		}
		return p.pathNode(o.place(key+"Path"), key+"Path", text)
	}
	if !ok {
		return nil
	}
	return literalNode(key, v)
}

func (p *parser) number(o *object, l QueryLanguage, key string) *node {
	n := p.field(o, l, key)
	if n != nil && n.isLiteral() {
		if _, isNumber := n.literal.(json.Number); !isNumber {
			p.fail(o.place(key), "Expected value of type Integer")
		}
	}
	return n
}

func (p *parser) task(o *object, s *State) {
	arn := o.string("Resource")
	var ok bool
	if s.Resource, ok = ParseResource(arn); !ok {
		p.fail(o.place("Resource"), "Value is not a valid resource ARN")
	}
	s.timeout = p.number(o, s.Language, "TimeoutSeconds")
	s.heartbeat = p.number(o, s.Language, "HeartbeatSeconds")
	if v, given := o.get("Credentials"); given {
		s.credentials = p.template(o.place("Credentials"), "Credentials", s.Language, v)
	}
}

func (p *parser) wait(o *object, s *State) {
	s.seconds = p.field(o, s.Language, "Seconds")
	s.timestamp = p.field(o, s.Language, "Timestamp")
	if (s.seconds == nil) == (s.timestamp == nil) {
		p.fail(o.at, "A Wait state must have exactly one of Seconds, SecondsPath, Timestamp and TimestampPath")
		return
	}
	if s.seconds != nil && s.seconds.isLiteral() {
		if n, ok := integer(s.seconds.literal); !ok || n < 0 || n > 99999999 {
			p.fail(o.place("Seconds"), "Expected an integer between 0 and 99999999")
		}
	}
	if s.timestamp != nil && s.timestamp.isLiteral() {
		text, _ := s.timestamp.literal.(string)
		if _, ok := parseTimestamp(text); !ok {
			p.fail(o.place("Timestamp"), "Value is not a valid ISO-8601 timestamp")
		}
	}
}

func (p *parser) failState(o *object, s *State) {
	s.failError = p.field(o, s.Language, "Error")
	s.failCause = p.field(o, s.Language, "Cause")
}

func (p *parser) parallel(o *object, s *State, depth int) {
	branches := o.list("Branches")
	if len(branches) == 0 {
		p.fail(o.at, "A Parallel state needs at least one branch in 'Branches'")
	}
	for i, b := range branches {
		at := fmt.Sprintf("%s[%d]", o.place("Branches"), i)
		if bo := p.asObject(at, b); bo != nil {
			s.Branches = append(s.Branches, p.flow(bo, depth+1))
			bo.done()
		}
	}
}

func (p *parser) retry(o *object, s *State) {
	for i, v := range o.list("Retry") {
		r := p.asObject(fmt.Sprintf("%s[%d]", o.place("Retry"), i), v)
		if r == nil {
			continue
		}
		t := &Retrier{ErrorEquals: p.errorEquals(r), BackoffRate: 2}
		t.Interval = seconds(r.integer("IntervalSeconds", 1, 1))
		t.MaxAttempts = int(min(r.integer("MaxAttempts", 3, 0), 99999999))
		t.MaxDelay = seconds(r.integer("MaxDelaySeconds", 0, 1))
		if v, ok := r.get("BackoffRate"); ok {
			n, isNumber := v.(json.Number)
			rate, err := n.Float64()
			if !isNumber || err != nil || rate < 1 {
				p.fail(r.place("BackoffRate"), "Expected a number of at least 1.0")
			} else {
				t.BackoffRate = rate
			}
		}
		switch j := r.string("JitterStrategy"); j {
		case "", "NONE":
		case "FULL":
			t.FullJitter = true
		default:
			p.fail(r.place("JitterStrategy"), "Value is not valid. Expected one of: FULL, NONE")
		}
		r.done()
		s.Retry = append(s.Retry, t)
	}
}

func seconds(n int64) time.Duration { return time.Duration(min(n, 99999999)) * time.Second }

func (p *parser) catch(o *object, s *State) {
	for i, v := range o.list("Catch") {
		c := p.asObject(fmt.Sprintf("%s[%d]", o.place("Catch"), i), v)
		if c == nil {
			continue
		}
		t := &Catcher{ErrorEquals: p.errorEquals(c), Next: c.string("Next")}
		if t.Next == "" {
			p.fail(c.at, "Missing required field 'Next'")
		}
		if v, ok := c.get("Assign"); ok {
			t.assign = p.template(c.place("Assign"), c.within("Assign"), s.Language, v)
			p.checkAssign(c.place("Assign"), v)
		}
		if s.Language == JSONata {
			if v, ok := c.get("Output"); ok {
				t.output = p.compileJSONata(c.place("Output"), c.within("Output"), v)
			}
		} else {
			t.resultPath = p.resultPath(c)
		}
		c.done()
		s.Catch = append(s.Catch, t)
	}
}

func (p *parser) errorEquals(o *object) []string {
	var names []string
	for _, v := range o.list("ErrorEquals") {
		name, ok := v.(string)
		if !ok {
			p.fail(o.place("ErrorEquals"), "Expected an array of strings")
			continue
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		p.fail(o.at, "Missing required field 'ErrorEquals'")
	}
	return names
}
