package asl

import (
	"errors"
	"fmt"

	"wplake/internal/asl/intrinsic"
	"wplake/internal/asl/jsonata"
)

// callIntrinsic evaluates a call of an intrinsic function.
func (sc *scope) callIntrinsic(e *expression) (any, *failure) {
	var inner *failure
	resolve := func(text string) (any, error) {
		p := e.arguments[text]
		v, found, f := sc.lookup(p)
		switch {
		case f != nil:
			inner = f
		case !found:
			// A path into the context object is named without its second $, and
			// the input is that of the state all the same.
			path := text
			if p.origin == fromContext {
				path = text[1:]
			}
			inner = sc.runtime(fmt.Sprintf("The function '%s' had the following error: The JsonPath argument for the field '%s' could not be found in the input '%s'",
				e.text, path, Text(sc.input)))
		default:
			return v, nil
		}
		return nil, errors.New(*inner.cause)
	}
	v, err := e.call.Eval(resolve, sc.intrinsicHost())
	if inner != nil {
		return nil, inner
	}
	if err != nil {
		return nil, sc.runtime(err.Error())
	}
	return v, nil
}

// evalJSONata evaluates an expression of JSONata.
func (sc *scope) evalJSONata(n *node) (any, *failure) {
	v, err := n.expr.Eval(sc.bindings(n.expr), sc.jsonataHost())
	if err == nil {
		return v, nil
	}
	var failed *jsonata.Error
	if !errors.As(err, &failed) {
		return nil, sc.evaluation(n.field, err.Error())
	}
	return nil, sc.evaluation(n.field, failed.Cause(n.source, n.field))
}

// bindings are the variables that an expression of JSONata sees.
func (sc *scope) bindings(e *jsonata.Expr) map[string]any {
	out := map[string]any{}
	for f := sc.frame; f != nil; f = f.outer() {
		for k, v := range f.Vars {
			if _, inner := out[k]; !inner {
				out[k] = v
			}
		}
	}
	if !e.Uses("states") {
		return out
	}
	states := map[string]any{"input": sc.input}
	if e.UsesContext() {
		states["context"] = sc.contextObject()
	}
	if sc.hasResult {
		states["result"] = sc.result
	}
	if sc.hasError {
		states["errorOutput"] = sc.errorOutput
	}
	out["states"] = states
	return out
}

func (sc *scope) intrinsicHost() intrinsic.Host {
	return intrinsic.Host{UUID: sc.host.UUID, Random: sc.host.Random}
}

func (sc *scope) jsonataHost() jsonata.Host {
	return jsonata.Host{UUID: sc.host.UUID, Random: sc.host.Random, Now: sc.host.Now, Memo: &sc.x.memo}
}
