package jsonata

import (
	"fmt"

	"github.com/recolabs/gnata"
)

// EvalBoth evaluates an expression as it is written and wrapped, over data as
// context; both tells whether it has anything to wrap.
func EvalBoth(expr string, data any) (plain, bounded string, both bool) {
	shape := scan(expr)
	engine, err := gnata.Compile(expr)
	if err != nil || len(shape.made) == 0 {
		return "", "", false
	}
	wrapped, err := gnata.Compile(wrap(expr, shape.made))
	if err != nil {
		return "compiles", fmt.Sprintf("does not compile: %v: %s", err, wrap(expr, shape.made)), true
	}
	show := func(e *gnata.Expression) (text string) {
		defer func() {
			if r := recover(); r != nil {
				text = fmt.Sprint("panic: ", r)
			}
		}()
		l := newLibrary()
		v, err := e.EvalWithVars(newMeter(64), toEngine(data), map[string]any{
			boundName: l.native.function(counted(maxNodes)),
			// What is random or of the moment is the same for both.
			"random":  l.native.function(func([]any, any) (any, error) { return 0.5, nil }),
			"now":     l.native.function(func([]any, any) (any, error) { return "now", nil }),
			"millis":  l.native.function(func([]any, any) (any, error) { return 1.0, nil }),
			"shuffle": l.native.function(func(args []any, _ any) (any, error) { return argument(args, 0), nil }),
		})
		if err != nil {
			return "error: " + err.Error()
		}
		out, err := fromEngine(v)
		return fmt.Sprintf("%v %v", out, err)
	}
	return show(engine), show(wrapped), true
}
