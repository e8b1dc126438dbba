package asl

// advance makes one move of a frame.
func (x *Execution) advance(f *frame) {
	s := f.state()
	if f.Phase == entering {
		if x.full(f, 1) {
			x.fatal(f, fail(errRuntime, "The execution reached the maximum number of history events (25000)."))
			return
		}
		f.EnteredAt = x.host.Now()
		f.Attempts, f.RetryCount, f.Token = nil, 0, ""
		f.Before = f.Last
		f.EnteredID = x.event(f, Event{Type: string(s.Type) + "StateEntered", State: s.Name, Input: f.Input, HasInput: true})
		f.Phase = starting
		if x.observer != nil {
			x.saw(f, Observation{Sight: Entered, Value: f.Input})
		}
	}
	switch s.Type {
	case Pass:
		x.pass(f, s)
	case Task:
		x.task(f, s)
	case Choice:
		x.choose(f, s)
	case Wait:
		x.wait(f, s)
	case Succeed:
		x.succeed(f, s)
	case Fail:
		x.failState(f, s)
	case Parallel:
		x.parallel(f, s)
	case Map:
		x.mapState(f, s)
	}
}

// effective is the state's input behind InputPath and Parameters.
func (x *Execution) effective(sc *scope) (any, *failure) {
	s := sc.state
	if s.Language == JSONata {
		if s.arguments != nil {
			v, f := sc.eval(s.arguments)
			if f == nil {
				sc.saw(AfterArguments, v)
			}
			return v, f
		}
		return sc.input, nil
	}
	in, f := sc.filter(s.inputPath, sc.input)
	if f != nil {
		return in, f
	}
	sc.saw(AfterInputPath, in)
	if s.parameters != nil {
		if in, f = sc.with(in).eval(s.parameters); f != nil {
			return nil, f
		}
	}
	sc.saw(AfterParameters, in)
	return in, nil
}

func (x *Execution) pass(f *frame, s *State) {
	sc := x.scope(f)
	if s.Language == JSONata {
		x.complete(f, sc, f.Input, s.Next)
		return
	}
	result, bad := x.effective(sc)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	if s.hasResult {
		result = s.result
		sc.saw(RawResult, result)
	}
	if x.tooLarge(f, s.Name, result) {
		return
	}
	x.complete(f, sc, result, s.Next)
}

// tooLarge fails a frame whose result is over the limit.
func (x *Execution) tooLarge(f *frame, what string, result any) bool {
	if size(result, MaxPayload) <= MaxPayload {
		return false
	}
	x.failed(f, tooLarge(what))
	return true
}

func tooLarge(what string) *failure {
	return fail(errLimit, "The state/task '"+what+"' returned a result with a size exceeding the maximum number of bytes service limit.")
}

func (x *Execution) succeed(f *frame, s *State) {
	sc := x.scope(f)
	in, bad := sc.filter(s.inputPath, f.Input)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	sc.input = in
	if s.Language == JSONPath {
		sc.saw(AfterInputPath, in)
		x.leave(f, sc, in, s.outputPath, "")
		return
	}
	x.complete(f, sc, in, "")
}

func (x *Execution) choose(f *frame, s *State) {
	sc := x.scope(f)
	in, bad := sc.filter(s.inputPath, f.Input)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	sc.input = in
	if s.Language == JSONPath {
		sc.saw(AfterInputPath, in)
	}
	index, bad := sc.pick(s)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	next, assign, output := s.Default, s.assign, s.output
	if index >= 0 {
		rule := s.Choices[index]
		next, assign, output = rule.Next, rule.assign, rule.output
	}
	if next == "" {
		// The specification calls it States.NoChoiceMatched, which can be caught.
		x.failed(f, sc.runtime("Failed to transition out of the state. The state does not point to a next state."))
		return
	}
	if x.observer != nil {
		x.saw(f, Observation{Sight: TookRule, Index: index})
	}
	out := in
	if output != nil {
		if out, bad = sc.eval(output); bad != nil {
			x.failed(f, bad)
			return
		}
	} else if s.Language == JSONPath {
		if out, bad = sc.filter(s.outputPath, in); bad != nil {
			x.failed(f, bad)
			return
		}
	}
	vars, bad := sc.assigned(assign)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	x.exit(f, s, out, vars, next)
}

// pick finds the first rule that matches, -1 for none.
func (sc *scope) pick(s *State) (int, *failure) {
	for i, r := range s.Choices {
		if r.condition == nil {
			ok, f := r.matches(sc)
			if f != nil {
				return -1, f
			}
			if ok {
				return i, nil
			}
			continue
		}
		v, f := sc.eval(r.condition)
		if f != nil {
			return -1, f
		}
		ok, isBool := v.(bool)
		if !isBool {
			return -1, sc.wrongType(r.condition, v, "boolean")
		}
		if ok {
			return i, nil
		}
	}
	return -1, nil
}

func (x *Execution) failState(f *frame, s *State) {
	sc := x.scope(f)
	if s.Language == JSONPath {
		sc.saw(AfterInputPath, f.Input)
	}
	out := &failure{}
	for _, part := range []struct {
		n  *node
		to **string
	}{{s.failError, &out.err}, {s.failCause, &out.cause}} {
		if part.n == nil {
			continue
		}
		v, bad := sc.eval(part.n)
		if bad != nil {
			x.failed(f, bad)
			return
		}
		text, ok := v.(string)
		switch {
		case !ok && part.n.expr != nil:
			x.failed(f, sc.wrongType(part.n, v, "string"))
			return
		case !ok && part.n.path != nil:
			x.failed(f, sc.runtime("The "+part.n.field+" parameter does not reference a string value: "+part.n.path.text+" == "+display(v)))
			return
		case !ok:
			text = display(v)
		}
		*part.to = &text
	}
	x.failed(f, out)
}

// assigned evaluates Assign with the variables as they are.
func (sc *scope) assigned(n *node) (map[string]any, *failure) {
	if n == nil {
		return nil, nil
	}
	v, f := sc.eval(n)
	if f != nil {
		return nil, f
	}
	vars, _ := v.(map[string]any)
	return vars, sc.storable(vars)
}

// complete ends a state that has a result: Assign, ResultPath and OutputPath,
// or Output.
func (x *Execution) complete(f *frame, sc *scope, result any, next string) {
	s := sc.state
	if s.Language == JSONata {
		out := result
		var bad *failure
		if s.output != nil {
			if out, bad = sc.eval(s.output); bad != nil {
				x.failed(f, bad)
				return
			}
			if x.tooLarge(f, s.Name, out) {
				return
			}
		}
		vars, bad := sc.assigned(s.assign)
		if bad != nil {
			x.failed(f, bad)
			return
		}
		x.exit(f, s, out, vars, next)
		return
	}
	sc = sc.with(result)
	if s.resultSelector != nil {
		var bad *failure
		if result, bad = sc.eval(s.resultSelector); bad != nil {
			x.failed(f, bad)
			return
		}
		sc = sc.with(result)
	}
	sc.saw(AfterResultSelector, result)
	vars, bad := sc.assigned(s.assign)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	out, bad := s.resultPath.apply(f.Input, result)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	sc.saw(AfterResultPath, out)
	if out, bad = sc.filter(s.outputPath, out); bad != nil {
		x.failed(f, bad)
		return
	}
	if x.tooLarge(f, s.Name, out) {
		return
	}
	x.exit(f, s, out, vars, next)
}

// leave ends a state that has only an OutputPath, and its Assign.
func (x *Execution) leave(f *frame, sc *scope, in any, path *expression, next string) {
	out, bad := sc.filter(path, in)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	vars, bad := sc.assigned(sc.state.assign)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	x.exit(f, sc.state, out, vars, next)
}

// exit writes the event of leaving a state and goes on, or ends the frame.
func (x *Execution) exit(f *frame, s *State, out any, vars map[string]any, next string) {
	e := Event{Type: string(s.Type) + "StateExited", State: s.Name, Output: out, HasOutput: true}
	if len(vars) > 0 {
		e.Assigned = make(map[string]string, len(vars))
		if f.Vars == nil {
			f.Vars = make(map[string]any, len(vars))
		}
		for k, v := range vars {
			e.Assigned[k] = Text(v)
			f.Vars[k] = v
		}
	}
	x.event(f, e)
	f.Kept = nil
	if x.tries(f) {
		x.trial.verdict.Next, next = next, ""
	}
	if next != "" {
		f.State, f.Input, f.Phase = next, out, entering
		x.ready = append(x.ready, f)
		return
	}
	if f.parent == nil {
		x.end(Outcome{Status: Succeeded, Output: out})
		return
	}
	x.childDone(f, out)
}

// failed handles an error of the current state: another attempt, a catcher,
// or the failure of the frame.
func (x *Execution) failed(f *frame, bad *failure) {
	s := f.state()
	f.Effect = ""
	x.evaluationFailed(f, bad)
	if bad.name() == errRuntime {
		x.fatal(f, bad)
		return
	}
	if x.retry(f, s, bad) {
		return
	}
	if s.Type == Parallel || s.Type == Map {
		x.event(f, Event{Type: string(s.Type) + "StateFailed"})
	}
	for i, c := range s.Catch {
		if matchesError(c.ErrorEquals, bad.name()) {
			x.saw(f, Observation{Sight: TookCatch, Index: i})
			if x.tries(f) {
				x.trial.verdict.Catcher = i
				x.trial.verdict.Caught = Outcome{Error: bad.err, Cause: bad.cause}
			}
			x.caught(f, s, c, bad)
			return
		}
	}
	if f.parent == nil {
		x.end(Outcome{Status: Failed, Error: bad.err, Cause: bad.cause})
		return
	}
	x.childFailed(f, bad)
}

// evaluationFailed writes the event of an expression that failed. While a
// state has done nothing else, that event follows what came before its entry.
func (x *Execution) evaluationFailed(f *frame, bad *failure) {
	if bad.location == "" {
		return
	}
	if f.Last == f.EnteredID && !bad.value {
		f.Last = f.Before
	}
	x.event(f, Event{Type: "EvaluationFailed", State: f.State, Location: bad.location, Error: bad.err, Cause: bad.cause})
}

// fatal ends everything that runs with f: nothing retries or catches
// States.Runtime. An item of a distributed Map fails alone, as it is an
// execution of its own.
func (x *Execution) fatal(f *frame, bad *failure) {
	for p := f; p != nil; p = p.parent {
		if p.Child != nil {
			x.childFailed(p, bad)
			return
		}
	}
	x.end(Outcome{Status: Failed, Error: bad.err, Cause: bad.cause})
}

func (x *Execution) caught(f *frame, s *State, c *Catcher, bad *failure) {
	sc := x.scope(f)
	output := bad.output()
	var out any = output
	sc.errorOutput, sc.hasError = out, true
	var again *failure
	if s.Language == JSONata {
		if c.output != nil {
			out, again = sc.eval(c.output)
		}
	} else {
		out, again = c.resultPath.apply(f.Input, out)
		sc = sc.with(output)
	}
	if again != nil {
		x.uncaught(f, again)
		return
	}
	vars, again := sc.assigned(c.assign)
	if again != nil {
		x.uncaught(f, again)
		return
	}
	x.exit(f, s, out, vars, c.Next)
}

// uncaught ends a frame whose catcher failed itself.
func (x *Execution) uncaught(f *frame, bad *failure) {
	x.evaluationFailed(f, bad)
	switch {
	case bad.name() == errRuntime:
		x.fatal(f, bad)
	case f.parent == nil:
		x.end(Outcome{Status: Failed, Error: bad.err, Cause: bad.cause})
	default:
		x.childFailed(f, bad)
	}
}

// matchesError tells whether a Retrier or Catcher is for an error.
func matchesError(names []string, err string) bool {
	for _, n := range names {
		switch n {
		case err:
			return true
		case errAll:
			return err != errRuntime
		case errTask:
			if err != errTimeout && err != errHeartbeat {
				return true
			}
		case errTimeout:
			if err == errHeartbeat {
				return true
			}
		}
	}
	return false
}
