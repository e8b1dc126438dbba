package asl_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"wplake/internal/asl"
)

// courses are machines with all types of states; their tasks fail now and then.
var courses = []struct{ name, definition, input string }{
	{"wide", wide, `{"n":7,"list":[1,2,3]}`},
	{"loop", `{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericGreaterThan":0,"Next":"T"}],"Default":"S"},
		"T":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken","Parameters":{"n.$":"$.n","t.$":"$$.Task.Token"},"ResultPath":"$.r",
			"Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":2,"JitterStrategy":"FULL"}],"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"D"}],"Next":"D"},
		"D":{"Type":"Pass","Parameters":{"n.$":"States.MathAdd($.n, -1)"},"Assign":{"last.$":"$.n"},"Next":"W"},
		"W":{"Type":"Wait","SecondsPath":"$.n","Next":"C"},"S":{"Type":"Succeed"}}}`, `{"n":3}`},
	{"JSONata", `{"QueryLanguage":"JSONata","StartAt":"M","States":{"M":{"Type":"Map","Items":"{% [1..4] %}","MaxConcurrency":3,"Assign":{"sum":"{% $sum($states.result) %}"},"Next":"P",
		"ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":"{% $states.input %}",
			"Retry":[{"ErrorEquals":["States.ALL"]}],"End":true}}}},
		"P":{"Type":"Parallel","Output":{"all":"{% $states.result %}","sum":"{% $sum %}"},"End":true,"Branches":[
			{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:lambda:eu-west-1:1:function:f","End":true}}},
			{"StartAt":"B","States":{"B":{"Type":"Wait","Seconds":3,"Next":"F"},"F":{"Type":"Task","Resource":"arn:aws:states:eu-west-1:1:activity:a","End":true}}}]}}}`, `{}`},
	{"distributed", distributed(reader+","+writer+`,"MaxConcurrency":7,"ToleratedFailurePercentage":10,"ItemBatcher":{"MaxItemsPerBatch":150}`, task), `{}`},
	{"distributed without writer", distributed(reader+`,"MaxConcurrency":4,"ToleratedFailureCount":90,"ItemBatcher":{"MaxItemsPerBatch":90}`, task), `{}`},
	{"nested runs", `{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[` +
		distributed(`"ItemsPath":"$.a"`, `"T":{"Type":"Map","MaxConcurrency":2,"End":true,"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},
			"StartAt":"U","States":{"U":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Next":"V"},"V":{"Type":"Wait","Seconds":1,"End":true}}}}`) + `,
		{"StartAt":"X","States":{"X":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","End":true}}}]}}}`, `{"a":[[1,2,3],[4],[]]}`},
}

// walk evaluates a course: effects are answered in an order by chance, tasks
// fail by chance, and what ends unsuccessfully is redriven a few times. With
// laid the execution is laid down after each thing that is done to it.
func walk(t *testing.T, definition, input string, seed uint64, laid bool) *course {
	t.Helper()
	chance := rand.New(rand.NewPCG(seed, 1))
	d := newStore(1000)
	d.flaw = func() bool { return chance.IntN(20) == 0 }
	d.answer = func(e asl.Effect) asl.Answer {
		if chance.IntN(8) == 0 {
			return failure("E", "c")
		}
		return asl.Answer{Kind: asl.Done, Output: e.Arguments}
	}
	c := start(t, definition, input, d)
	var open []asl.Effect
	take := func(p asl.Progress) {
		c.runs = append(c.runs, p.MapRuns...)
		open = append(open, p.Effects...)
		for _, id := range p.Cancelled {
			if !slices.ContainsFunc(open, func(e asl.Effect) bool { return e.ID == id }) {
				t.Fatalf("%s was cancelled and never open", id)
			}
		}
		open = slices.DeleteFunc(open, func(e asl.Effect) bool { return slices.Contains(p.Cancelled, e.ID) })
		if laid {
			c.laidDown(t, definition)
		}
	}
	redrives := 0
	for n := 0; ; n++ {
		if n > 100_000 {
			t.Fatal("it never ends")
		}
		if c.x.Outcome().Status != asl.Running {
			if len(open) > 0 {
				t.Fatalf("it has ended, and %d effects are open", len(open))
			}
			if _, ok := c.x.Redrivable(); !ok || redrives == 5 {
				c.result()
				if c.out.Status == asl.Succeeded && strings.Contains(definition, "ResultWriter") {
					if n := d.listed(t); int64(n) != c.runs[len(c.runs)-1].Executions.Succeeded {
						t.Fatalf("%d children are listed, run %+v", n, c.runs[len(c.runs)-1])
					}
				}
				return c
			}
			redrives++
			p, err := c.x.Redrive(d)
			if err != nil {
				t.Fatal(err)
			}
			take(p)
		}
		p := c.x.Step(d, 1+chance.IntN(3))
		take(p)
		if p.More || c.x.Outcome().Status != asl.Running {
			continue
		}
		if chance.IntN(200) == 0 {
			take(c.x.Abort(d, nil, nil))
			continue
		}
		if len(open) == 0 {
			t.Fatal("it waits for nothing")
		}
		i := chance.IntN(len(open))
		e := open[i]
		open = slices.Delete(open, i, i+1)
		a := asl.Timer()
		if e.Kind == asl.TimerEffect {
			_ = d.Sleep(t.Context(), e.Until)
		} else {
			a = c.perform(t, d, e)
		}
		p, err := c.x.Deliver(d, e.ID, a)
		if err != nil {
			t.Fatal(err)
		}
		take(p)
	}
}

// TestCoursesSurviveRestarts lays executions down after each step and each
// answer: they take the course of those that were left alone.
func TestCoursesSurviveRestarts(t *testing.T) {
	t.Parallel()
	for _, tt := range courses {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			redriven, succeeded := 0, 0
			for seed := range uint64(12) {
				want := walk(t, tt.definition, tt.input, seed, false)
				got := walk(t, tt.definition, tt.input, seed, true)
				if asl.Text(got.out) != asl.Text(want.out) || got.result() != want.result() {
					t.Fatalf("seed %d\ngot  %s\nwant %s", seed, got.result(), want.result())
				}
				if a, b := histories(got), histories(want); a != b {
					t.Fatalf("seed %d: history\n%s\nwant\n%s", seed, a, b)
				}
				if asl.Text(len(got.runs)) != asl.Text(len(want.runs)) {
					t.Fatalf("seed %d: %d runs, want %d", seed, len(got.runs), len(want.runs))
				}
				checkHistories(t, got)
				for _, r := range got.runs {
					checkRun(t, r)
				}
				if strings.Contains(histories(got), "ExecutionRedriven") {
					redriven++
				}
				if got.out.Status == asl.Succeeded {
					succeeded++
				}
			}
			if succeeded == 0 {
				t.Error("no course came to a good end")
			}
			t.Logf("%d of 12 were redriven, %d succeeded", redriven, succeeded)
		})
	}
}

func histories(c *course) string {
	var b strings.Builder
	for _, e := range c.events {
		b.WriteString(e.Execution + " " + summary([]asl.Event{e}))
	}
	return b.String()
}

// checkRun sees that a run that has ended counts all that it had.
func checkRun(t *testing.T, r asl.MapRun) {
	t.Helper()
	for _, c := range []asl.Tally{r.Executions, r.Items} {
		if c.Running != 0 || c.PendingRedrive < 0 || c.Failed < 0 || c.Aborted < 0 || c.Pending < 0 ||
			c.Total != c.Pending+c.Succeeded+c.Failed+c.TimedOut+c.Aborted+c.PendingRedrive {
			t.Fatalf("run %+v", r)
		}
		if r.Status == asl.Succeeded && c.Pending+c.Aborted+c.PendingRedrive != 0 {
			t.Fatalf("run %+v", r)
		}
	}
}
