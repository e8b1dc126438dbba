package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"time"

	"github.com/recolabs/gnata"

	"wplake/internal/asl"
)

// clock is a host and driver of the language that knows only the time.
type clock struct{ now time.Time }

func (c clock) Now() time.Time                       { return c.now }
func (clock) UUID() string                           { return "" }
func (clock) Random() float64                        { return 0 }
func (clock) TaskToken(string) string                { return "" }
func (clock) Sleep(context.Context, time.Time) error { return nil }
func (clock) Perform(context.Context, asl.Effect) (asl.Answer, error) {
	return asl.Answer{}, nil
}

// evaluate runs a machine again and again for about a second on one core, and
// returns how often.
func evaluate(ctx context.Context, definition string, input any, events func(asl.Event)) (perSecond float64, err error) {
	m, err := asl.Parse([]byte(definition))
	if err != nil {
		return 0, err
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	n, begun := 0, time.Now()
	for time.Since(begun) < time.Second {
		out, err := asl.Run(ctx, m, asl.Info{ID: "e", MachineID: "m", Input: input, StartTime: begun}, clock{begun}, events)
		if err != nil {
			return 0, err
		}
		if out.Status != asl.Succeeded {
			return 0, fmt.Errorf("%s", out.Status)
		}
		n++
	}
	return float64(n) / time.Since(begun).Seconds(), nil
}

// passChain measures the language alone.
func passChain(ctx context.Context, out io.Writer, _ string) error {
	const states = 1000
	input := map[string]any{"customer": "c-1029", "items": []any{"a", "b"}}
	runs, err := evaluate(ctx, chain(states, `"Type": "Pass"`), input, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "pure evaluation of a chain of Pass states on one core: %.0f transitions/s, goal 200000: %s\n", runs*states, verdict(runs*states >= 200_000))
	return nil
}

// besideLibrary measures expressions of JSONata through the language and by
// the library alone.
func besideLibrary(ctx context.Context, out io.Writer, _ string) error {
	const states = 500
	const source = "$sum($filter($states.input.orders, function($o) { $o.open }).amount) + $count($states.input.orders)"
	var orders []any
	for i := range 100 {
		orders = append(orders, map[string]any{"amount": json.Number(strconv.Itoa(i)), "open": i%3 == 0, "name": fmt.Sprint("order ", i)})
	}
	input := map[string]any{"orders": orders}
	state := `"Type": "Pass", "Assign": {"x": "{% ` + source + ` %}"}`
	with, err := evaluate(ctx, `{"QueryLanguage": "JSONata", `+chain(states, state)[1:], input, nil)
	if err != nil {
		return err
	}
	without, err := evaluate(ctx, `{"QueryLanguage": "JSONata", `+chain(states, `"Type": "Pass"`)[1:], input, nil)
	if err != nil {
		return err
	}
	// What the states themselves cost is not the expression's.
	ours := (1/with - 1/without) / states
	bare, err := bareExpression(ctx, source, asl.Text(map[string]any{"input": input}))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "JSONata through the language: %.1f µs an expression, by the bare library %.1f µs; ratio %.2f, goal 1.20: %s\n",
		ours*1e6, bare*1e6, ours/bare, verdict(ours/bare <= 1.2))
	return nil
}

// bareExpression is how many seconds the library takes for an expression.
func bareExpression(ctx context.Context, source, states string) (float64, error) {
	x, err := gnata.Compile(source)
	if err != nil {
		return 0, err
	}
	v, err := gnata.DecodeJSON(json.RawMessage(states))
	if err != nil {
		return 0, err
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	n, begun := 0, time.Now()
	for time.Since(begun) < time.Second {
		if _, err := x.EvalWithVars(ctx, nil, map[string]any{"states": v}); err != nil {
			return 0, err
		}
		n++
	}
	return time.Since(begun).Seconds() / float64(n), nil
}
