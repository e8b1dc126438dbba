// Package storetest is the suite that every store of executions passes, and a
// store that fails on demand.
package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/asl"
	"wplake/internal/workflow"
)

// Opener opens the store at a path. Several may be open at once, as several
// processes have it.
type Opener func(t *testing.T, path string) workflow.Store

// Run runs the suite. path gives a new path for each test.
func Run(t *testing.T, path func(t *testing.T) string, open Opener) {
	for name, test := range map[string]func(*testing.T, *suite){
		"Executions": testExecutions,
		"Lists":      testLists,
		"Journal":    testJournal,
		"Blocks":     testBlocks,
		"Batches":    testBatches,
		"Owners":     testOwners,
		"Signals":    testSignals,
		"Tokens":     testTokens,
		"Work":       testWork,
		"MapRuns":    testMapRuns,
		"Remove":     testRemove,
		"Documents":  testDocuments,
		"Changed":    testChanged,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &suite{path: path(t), opener: open}
			s.Store = s.another(t)
			test(t, s)
		})
	}
}

type suite struct {
	workflow.Store
	path   string
	opener Opener
}

// another opens the store once more.
func (s *suite) another(t *testing.T) workflow.Store {
	t.Helper()
	store := s.opener(t, s.path)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// begun is when everything began.
func begun() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 8_000, time.UTC) }

func kept(name string) *workflow.Kept {
	return &workflow.Kept{
		Execution: workflow.Execution{
			ARN: "arn:aws:states:eu-west-1:000000000000:execution:m:" + name, Name: name, Status: asl.Running,
			Machine: workflow.StateMachine{ARN: "arn:aws:states:eu-west-1:000000000000:stateMachine:m", Name: "m", Type: workflow.Standard,
				Definition: `{"StartAt": "P"}`, RoleARN: "role", Created: begun()},
			Input: []byte(`{"a":1}`), Started: begun(), TraceHeader: "trace", Owner: "me",
		},
		Wake: begun().Add(time.Hour), Attention: true,
	}
}

// create makes an execution.
func (s *suite) create(t *testing.T, k *workflow.Kept) *workflow.Kept {
	t.Helper()
	c := &workflow.Change{Create: k}
	s.commit(t, c)
	if c.Err != nil || k.Key == 0 {
		t.Fatalf("created %s: key %d, %v", k.ARN, k.Key, c.Err)
	}
	return k
}

func (s *suite) commit(t *testing.T, changes ...*workflow.Change) {
	t.Helper()
	if err := s.Commit(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
}

func block(seq, last int64, body string) []workflow.Block {
	return []workflow.Block{{Seq: seq, Last: last, Body: []byte(body)}}
}

func end(k *workflow.Kept, s asl.Status, after time.Duration) *workflow.Kept {
	e := *k
	e.Status, e.Stopped, e.Owner, e.Wake, e.Attention = s, begun().Add(after), "", time.Time{}, false
	if s == asl.Succeeded {
		e.Output = []byte(`"out"`)
	} else {
		name, cause := "E", "C"
		e.Error, e.Cause = &name, &cause
	}
	return &e
}

func testExecutions(t *testing.T, s *suite) {
	k := s.create(t, kept("one"))
	got, err := s.another(t).Find(t.Context(), k.ARN)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*k, got); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	for _, status := range []asl.Status{asl.Failed, asl.Running, asl.Succeeded} {
		next := end(k, status, time.Minute)
		switch status {
		case asl.Running:
			next = kept("one")
			next.Key, next.Redrives, next.Redriven = k.Key, 1, begun().Add(time.Hour)
		case asl.Succeeded:
			next.Redrives, next.Redriven = 1, begun().Add(time.Hour)
		}
		c := &workflow.Change{Key: k.Key, Update: next, Reopen: status == asl.Running}
		s.commit(t, c)
		got, err := s.Get(t.Context(), k.Key)
		if err != nil || c.Err != nil {
			t.Fatal(err, c.Err)
		}
		if diff := cmp.Diff(*next, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", status, diff)
		}
	}
	again := &workflow.Change{Key: k.Key, Update: kept("one"), Reopen: true}
	again.Update.Status = asl.Running
	s.commit(t, again)
	twice := &workflow.Change{Key: k.Key, Update: kept("one"), Reopen: true}
	s.commit(t, twice)
	if again.Err != nil || !errors.Is(twice.Err, workflow.ErrConflict) {
		t.Errorf("reopened: %v, and again: %v", again.Err, twice.Err)
	}
	if _, err := s.Find(t.Context(), "arn:nothing"); !errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("found nothing: %v", err)
	}
	if _, err := s.Get(t.Context(), 999); !errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("got nothing: %v", err)
	}
}

func testLists(t *testing.T, s *suite) {
	for i := range 7 {
		k := kept(fmt.Sprint(i))
		if i%2 == 1 {
			k.Machine.ARN, k.Machine.Version = "arn:aws:states:eu-west-1:000000000000:stateMachine:n", "arn:aws:states:eu-west-1:000000000000:stateMachine:n:3"
		}
		s.create(t, k)
		if i == 4 {
			s.commit(t, &workflow.Change{Key: k.Key, Update: end(k, asl.Failed, 0)})
		}
	}
	names := func(f workflow.Filter) (out []string) {
		t.Helper()
		for {
			list, next, err := s.List(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range list {
				out = append(out, x.Name)
			}
			if next == "" {
				return out
			}
			if len(list) != f.Limit {
				t.Errorf("a page of %d", len(list))
			}
			f.Next = next
		}
	}
	for _, c := range []struct {
		filter workflow.Filter
		want   []string
	}{
		{workflow.Filter{Limit: 3}, []string{"6", "5", "4", "3", "2", "1", "0"}},
		{workflow.Filter{Limit: 2, Oldest: true}, []string{"0", "1", "2", "3", "4", "5", "6"}},
		{workflow.Filter{Limit: 2, MachineARN: "arn:aws:states:eu-west-1:000000000000:stateMachine:n"}, []string{"5", "3", "1"}},
		{workflow.Filter{MachineARN: "arn:aws:states:eu-west-1:000000000000:stateMachine:n:3"}, []string{"5", "3", "1"}},
		{workflow.Filter{MachineARN: "arn:aws:states:eu-west-1:000000000000:stateMachine:n:4"}, nil},
		{workflow.Filter{Status: asl.Failed}, []string{"4"}},
		{workflow.Filter{MapRun: "run"}, nil},
	} {
		if got := names(c.filter); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v instead of %v", c.filter, got, c.want)
		}
	}
	if _, _, err := s.List(t.Context(), workflow.Filter{Next: "!"}); err == nil {
		t.Error("a token that is none was taken")
	}
}

func (s *suite) journal(t *testing.T, key int64) (out []string) {
	t.Helper()
	err := s.another(t).Journal(t.Context(), key, func(seq int64, body []byte) error {
		out = append(out, fmt.Sprintf("%d %s", seq, body))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func testJournal(t *testing.T, s *suite) {
	k := kept("one")
	s.commit(t, &workflow.Change{Create: k, Blocks: block(1, 3, "a")})
	other := s.create(t, kept("two"))
	s.commit(t, &workflow.Change{Key: k.Key, Blocks: block(2, 3, "b")}, &workflow.Change{Key: other.Key, Blocks: block(1, 9, "z")})
	if got := s.journal(t, k.Key); !slices.Equal(got, []string{"0 ", "1 a", "2 b"}) {
		t.Errorf("journal: %v", got)
	}
	s.commit(t, &workflow.Change{Key: k.Key, Blocks: block(3, 5, "c"), Snapshot: []byte("S")})
	s.commit(t, &workflow.Change{Key: k.Key, Blocks: block(4, 6, "d")})
	if got := s.journal(t, k.Key); !slices.Equal(got, []string{"0 S", "4 d"}) {
		t.Errorf("journal behind a snapshot: %v", got)
	}
	if got, err := s.Get(t.Context(), k.Key); err != nil || got.Seq != 4 || got.Events != 6 {
		t.Errorf("the last block is %d, the last event %d, %v", got.Seq, got.Events, err)
	}
	stop := errors.New("stop")
	if err := s.Journal(t.Context(), k.Key, func(int64, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("stopped: %v", err)
	}
	// The same number twice would be two courses of one execution.
	if err := s.Commit(t.Context(), []*workflow.Change{{Key: k.Key, Blocks: block(4, 7, "e")}}); err == nil {
		t.Error("a block was written over another")
	}
}

func testBlocks(t *testing.T, s *suite) {
	k := kept("one")
	s.commit(t, &workflow.Change{Create: k, Blocks: []workflow.Block{
		{Seq: 1, Last: 3, Body: []byte("1-3")}, {Seq: 2, Last: 3, Body: []byte("none")}, {Seq: 3, Last: 7, Body: []byte("4-7")}, {Seq: 4, Last: 8, Body: []byte("8")},
	}})
	s.commit(t, &workflow.Change{Create: kept("two"), Blocks: block(1, 3, "other")})
	for _, c := range []struct {
		after, before int64
		newest        bool
		want          string
	}{
		{0, 0, false, "[1-3 none 4-7 8]"}, {3, 0, false, "[4-7 8]"}, {5, 0, false, "[4-7 8]"}, {8, 0, false, "[]"},
		{0, 0, true, "[8 4-7 none 1-3]"}, {0, 8, true, "[4-7 none 1-3]"}, {0, 4, true, "[1-3]"}, {0, 5, true, "[4-7 none 1-3]"}, {0, 100, true, "[8 4-7 none 1-3]"},
	} {
		got := []string{}
		err := s.Blocks(t.Context(), k.Key, c.after, c.before, c.newest, func(body []byte) (bool, error) {
			got = append(got, string(body))
			return true, nil
		})
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("after %d, before %d, newest first %v: %v, %v", c.after, c.before, c.newest, got, err)
		}
	}
	n := 0
	if err := s.Blocks(t.Context(), k.Key, 0, 0, false, func([]byte) (bool, error) { n++; return n < 2, nil }); err != nil || n != 2 {
		t.Errorf("stopped after %d, %v", n, err)
	}
}

// testBatches: what cannot be done of one execution does not spoil the others.
func testBatches(t *testing.T, s *suite) {
	one := s.create(t, kept("one"))
	s.commit(t, &workflow.Change{Key: one.Key, Blocks: block(1, 1, "a")})
	same, two := &workflow.Change{Create: kept("one"), Tokens: []workflow.Token{{Token: "T", Effect: "e"}}}, &workflow.Change{Create: kept("two")}
	broken, good := &workflow.Change{Key: one.Key, Blocks: block(1, 1, "again")}, &workflow.Change{Key: one.Key, Blocks: block(2, 2, "b")}
	s.commit(t, same, two)
	if !errors.Is(same.Err, workflow.ErrExists) || two.Err != nil || two.Create.Key == 0 {
		t.Errorf("errors %v and %v", same.Err, two.Err)
	}
	if _, err := s.Token(t.Context(), "T"); !errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("a change that was not made left a token: %v", err)
	}
	s.commit(t, broken, good)
	if broken.Err == nil || good.Err != nil {
		t.Errorf("errors %v and %v", broken.Err, good.Err)
	}
	if got := s.journal(t, one.Key); !slices.Equal(got, []string{"0 ", "1 a", "2 b"}) {
		t.Errorf("journal: %v", got)
	}
}

func testOwners(t *testing.T, s *suite) {
	other := s.another(t)
	release, err := s.Enlist(t.Context(), "me")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Enlist(t.Context(), "you"); err != nil {
		t.Fatal(err)
	}
	one, two := s.create(t, kept("one")), s.create(t, kept("two"))
	s.commit(t, &workflow.Change{Key: two.Key, Update: end(two, asl.Failed, 0)})
	due, err := other.Adopt(t.Context(), "you", 0)
	if err != nil || len(due) != 0 {
		t.Errorf("adopted from the living: %v, %v", due, err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	due, err = other.Adopt(t.Context(), "you", two.Key)
	if err != nil || len(due) != 0 {
		t.Errorf("adopted one that has ended: %v, %v", due, err)
	}
	due, err = other.Adopt(t.Context(), "you", 0)
	want := []workflow.Due{{Key: one.Key, Wake: one.Wake, Attention: true}}
	if diff := cmp.Diff(want, due); err != nil || diff != "" {
		t.Errorf("adopted (-want +got):\n%s%v", diff, err)
	}
	if got, err := s.Get(t.Context(), one.Key); err != nil || got.Owner != "you" {
		t.Errorf("owned by %s, %v", got.Owner, err)
	}
}

func testSignals(t *testing.T, s *suite) {
	one, two := s.create(t, kept("one")), s.create(t, kept("two"))
	s.commit(t, &workflow.Change{Key: two.Key, Update: end(two, asl.Failed, 0)})
	err := s.Signal(t.Context(),
		workflow.Signal{Execution: one.Key, Kind: workflow.StopSignal, Body: []byte("b")},
		workflow.Signal{Execution: two.Key, Kind: workflow.StopSignal},
		workflow.Signal{ARN: one.ARN, Kind: workflow.ChildSignal, Effect: "e1"},
		workflow.Signal{ARN: "arn:nothing", Kind: workflow.StopSignal})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.another(t).Signals(t.Context(), "me", 0)
	if err != nil || len(got) != 2 || got[0].Kind != workflow.StopSignal || string(got[0].Body) != "b" || got[1].Effect != "e1" || got[1].Execution != one.Key {
		t.Fatalf("signals: %+v, %v", got, err)
	}
	if after, err := s.Signals(t.Context(), "me", got[0].ID); err != nil || len(after) != 1 {
		t.Errorf("signals after the first: %+v, %v", after, err)
	}
	if others, err := s.Signals(t.Context(), "you", 0); err != nil || len(others) != 0 {
		t.Errorf("another's signals: %+v, %v", others, err)
	}
	s.commit(t, &workflow.Change{Key: one.Key, Handled: []int64{got[0].ID}})
	if left, err := s.Signals(t.Context(), "me", 0); err != nil || len(left) != 1 || left[0].ID != got[1].ID {
		t.Errorf("signals left: %+v, %v", left, err)
	}
	s.commit(t, &workflow.Change{Key: one.Key, Update: end(one, asl.Succeeded, 0)})
	if left, err := s.Signals(t.Context(), "", 0); err != nil || len(left) != 0 {
		t.Errorf("signals of one that has ended: %+v, %v", left, err)
	}
}

func testTokens(t *testing.T, s *suite) {
	one := s.create(t, kept("one"))
	s.commit(t, &workflow.Change{Key: one.Key, Tokens: []workflow.Token{
		{Token: "A", Effect: "e1"}, {Token: "B", Effect: "e2", Heartbeat: time.Minute}, {Token: "C", Effect: "e3"},
	}})
	if k, err := s.Token(t.Context(), "B"); err != nil || k.Effect != "e2" || k.Heartbeat != time.Minute || k.Execution != one.Key || !k.Beat.IsZero() {
		t.Errorf("token: %+v, %v", k, err)
	}
	if err := s.Answer(t.Context(), "A", begun(), workflow.Signal{Kind: workflow.AnswerSignal, Body: []byte("x")}); err != nil {
		t.Error(err)
	}
	if err := s.Answer(t.Context(), "A", begun(), workflow.Signal{Kind: workflow.AnswerSignal}); !errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("answered twice: %v", err)
	}
	got, err := s.Signals(t.Context(), "me", 0)
	if err != nil || len(got) != 1 || got[0].Effect != "e1" || string(got[0].Body) != "x" || got[0].Execution != one.Key {
		t.Errorf("signals: %+v, %v", got, err)
	}
	if err := s.Beat(t.Context(), "B", begun(), begun().Add(time.Minute)); err != nil {
		t.Error(err)
	}
	if k, err := s.Token(t.Context(), "B"); err != nil || !k.Beat.Equal(begun().Add(time.Minute)) {
		t.Errorf("token: %+v, %v", k, err)
	}
	late := begun().Add(2 * time.Minute)
	if err := s.Beat(t.Context(), "B", late, late.Add(time.Minute)); !errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("a heartbeat too late: %v", err)
	}
	if err := s.Answer(t.Context(), "B", late, workflow.Signal{Kind: workflow.AnswerSignal}); !errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("an answer too late: %v", err)
	}
	if err := s.Beat(t.Context(), "C", begun(), begun()); err != nil {
		t.Errorf("a heartbeat nobody asked for: %v", err)
	}
	if k, err := s.Token(t.Context(), "C"); err != nil || !k.Beat.IsZero() {
		t.Errorf("token: %+v, %v", k, err)
	}
	s.commit(t, &workflow.Change{Key: one.Key, DropTokens: []string{"C"}})
	s.commit(t, &workflow.Change{Key: one.Key, Update: end(one, asl.Succeeded, 0)})
	for _, token := range []string{"A", "B", "C"} {
		if _, err := s.Token(t.Context(), token); !errors.Is(err, workflow.ErrNotFound) {
			t.Errorf("token %s: %v", token, err)
		}
	}
}

func testWork(t *testing.T, s *suite) {
	one := s.create(t, kept("one"))
	work := func(n string) workflow.Work {
		return workflow.Work{Activity: "act", Effect: "e" + n, Token: "T" + n, Input: []byte(n)}
	}
	s.commit(t, &workflow.Change{Key: one.Key, Work: []workflow.Work{work("1"), work("2"), work("3")},
		Tokens: []workflow.Token{{Token: "T1", Effect: "e1"}, {Token: "T2", Effect: "e2"}, {Token: "T3", Effect: "e3"}}})
	s.commit(t, &workflow.Change{Key: one.Key, DropTokens: []string{"T2"}})
	start := func(w workflow.Work) workflow.Signal {
		return workflow.Signal{Execution: w.Execution, Kind: workflow.StartedSignal, Effect: w.Effect}
	}
	other := s.another(t)
	for _, want := range []string{"T1", "T3"} {
		if w, err := other.Take(t.Context(), "act", start); err != nil || w.Token != want || string(w.Input) != want[1:] {
			t.Errorf("took %+v, %v", w, err)
		}
	}
	if _, err := other.Take(t.Context(), "act", start); !errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("took more: %v", err)
	}
	got, err := s.Signals(t.Context(), "me", 0)
	if err != nil || len(got) != 2 || got[0].Effect != "e1" || got[1].Effect != "e3" {
		t.Errorf("signals: %+v, %v", got, err)
	}
	s.commit(t, &workflow.Change{Key: one.Key, Work: []workflow.Work{work("4")}})
	s.commit(t, &workflow.Change{Key: one.Key, Update: end(one, asl.Succeeded, 0)})
	if _, err := other.Take(t.Context(), "act", start); !errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("took the work of one that has ended: %v", err)
	}
}

func testMapRuns(t *testing.T, s *suite) {
	one := s.create(t, kept("one"))
	run := workflow.MapRun{ARN: "run", Execution: one.ARN, State: "M", Status: asl.Running, Started: begun()}
	child := kept("child")
	child.MapRun, child.Owner, child.Parent = "run", "", one.ARN
	s.commit(t, &workflow.Change{Key: one.Key, MapRuns: []workflow.MapRun{run},
		Children: []workflow.Child{{ARN: child.ARN, Create: child, Blocks: block(1, 2, "c1")}}})
	run.Status, run.Stopped = asl.Succeeded, begun().Add(time.Minute)
	s.commit(t, &workflow.Change{Key: one.Key, MapRuns: []workflow.MapRun{run},
		Children: []workflow.Child{{ARN: child.ARN, End: end(child, asl.Succeeded, 0), Blocks: block(2, 3, "c2")}}})
	got, err := s.MapRun(t.Context(), "run")
	if diff := cmp.Diff(run, got); err != nil || diff != "" {
		t.Errorf("run (-want +got):\n%s%v", diff, err)
	}
	if all, err := s.MapRuns(t.Context(), one.ARN); err != nil || len(all) != 1 {
		t.Errorf("runs: %v, %v", all, err)
	}
	if _, err := s.MapRun(t.Context(), "other"); !errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("another run: %v", err)
	}
	list, _, err := s.List(t.Context(), workflow.Filter{MapRun: "run"})
	if err != nil || len(list) != 1 || list[0].Status != asl.Succeeded || string(list[0].Output) != `"out"` || list[0].MapRun != "run" {
		t.Errorf("children: %+v, %v", list, err)
	}
	if list, _, err := s.List(t.Context(), workflow.Filter{}); err != nil || len(list) != 1 || list[0].Name != "one" {
		t.Errorf("executions: %+v, %v", list, err)
	}
	if c, err := s.Find(t.Context(), child.ARN); err != nil || c.Events != 3 {
		t.Errorf("child: %+v, %v", c, err)
	}
}

func testRemove(t *testing.T, s *suite) {
	count := func() int {
		list, _, err := s.List(t.Context(), workflow.Filter{Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	parent := s.create(t, kept("parent"))
	child := kept("child")
	child.MapRun, child.Owner, child.Parent = "run", "", parent.ARN
	s.commit(t, &workflow.Change{Key: parent.Key, MapRuns: []workflow.MapRun{{ARN: "run"}},
		Children: []workflow.Child{{ARN: child.ARN, Create: child, Blocks: block(1, 2, "c1")}, {ARN: child.ARN, End: end(child, asl.Succeeded, 0)}}})
	if err := s.PutDocument(t.Context(), workflow.Document{Kind: workflow.ResultsKind("run"), Key: "1", Revision: 1}, 0); err != nil {
		t.Fatal(err)
	}
	s.commit(t, &workflow.Change{Key: parent.Key, Update: end(parent, asl.Failed, time.Hour), Blocks: block(1, 1, "p"), Snapshot: []byte("S")})
	for i := range 250 {
		k := s.create(t, kept(fmt.Sprint(i)))
		if i >= 10 {
			s.commit(t, &workflow.Change{Key: k.Key, Blocks: block(1, 1, string(make([]byte, 10_000))), Update: end(k, asl.Succeeded, 2*time.Hour+time.Duration(i))})
		}
	}
	if n, err := s.Remove(t.Context(), begun().Add(time.Hour), 0); err != nil || n != 0 {
		t.Errorf("removed %d, %v", n, err)
	}
	if n, err := s.Remove(t.Context(), begun().Add(time.Hour+time.Second), 0); err != nil || n != 1 {
		t.Errorf("removed %d, %v", n, err)
	}
	for _, arn := range []string{parent.ARN, child.ARN} {
		if _, err := s.Find(t.Context(), arn); !errors.Is(err, workflow.ErrNotFound) {
			t.Errorf("%s is still there: %v", arn, err)
		}
	}
	if left, err := s.Documents(t.Context(), workflow.ResultsKind("run"), "", 0); err != nil || len(left) != 0 {
		t.Errorf("documents left: %v, %v", left, err)
	}
	if _, err := s.MapRun(t.Context(), "run"); !errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("the run is still there: %v", err)
	}
	// About half of what is there.
	n, err := s.Remove(t.Context(), time.Time{}, 1_300_000)
	if err != nil || n < 60 || n > 190 || count() != 250-n {
		t.Errorf("removed %d, %d are left, %v", n, count(), err)
	}
	if _, err := s.Find(t.Context(), kept("249").ARN); err != nil {
		t.Errorf("the newest went first: %v", err)
	}
	if _, err := s.Remove(t.Context(), time.Time{}, 1); err != nil || count() != 10 {
		t.Errorf("%d are left, where ten run, %v", count(), err)
	}
	// Names outlive what they named.
	again := &workflow.Change{Create: kept("249")}
	s.commit(t, again)
	late := &workflow.Change{Create: kept("248")}
	late.Create.Started = begun().Add(91 * 24 * time.Hour)
	s.commit(t, late)
	if !errors.Is(again.Err, workflow.ErrExists) || late.Err != nil {
		t.Errorf("names: %v, %v", again.Err, late.Err)
	}
	// One makes way for another whole.
	s.commit(t, &workflow.Change{Key: late.Key, Blocks: block(1, 1, "old"), Update: end(late.Create, asl.Succeeded, time.Hour)})
	next := &workflow.Change{Create: kept("248"), Replaces: late.Key, Blocks: block(1, 1, "new")}
	next.Create.Started = begun().Add(200 * 24 * time.Hour)
	s.commit(t, next)
	if got := s.journal(t, next.Key); next.Err != nil || !slices.Equal(got, []string{"0 ", "1 new"}) {
		t.Errorf("journal: %v, %v", got, next.Err)
	}
}

func testDocuments(t *testing.T, s *suite) {
	put := func(key string, revision, replaces int64, body string) error {
		return s.PutDocument(t.Context(), workflow.Document{Kind: "k", Key: key, Revision: revision, Body: []byte(body)}, replaces)
	}
	for _, key := range []string{"b", "a", "c"} {
		if err := put(key, 1, 0, key); err != nil {
			t.Fatal(err)
		}
	}
	if err := put("a", 1, 0, "again"); !errors.Is(err, workflow.ErrConflict) {
		t.Errorf("made twice: %v", err)
	}
	if err := put("a", 5, 2, "x"); !errors.Is(err, workflow.ErrConflict) {
		t.Errorf("over another revision: %v", err)
	}
	if err := put("d", 5, 2, "x"); !errors.Is(err, workflow.ErrConflict) {
		t.Errorf("over nothing: %v", err)
	}
	if err := put("a", 1, 1, "x"); err == nil {
		t.Error("a revision that does not grow was taken")
	}
	if err := put("a", 2, 1, "new"); err != nil {
		t.Error(err)
	}
	if d, err := s.another(t).Document(t.Context(), "k", "a"); err != nil || d.Revision != 2 || string(d.Body) != "new" {
		t.Errorf("got %+v, %v", d, err)
	}
	if _, err := s.Document(t.Context(), "other", "a"); !errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("another kind: %v", err)
	}
	for _, c := range []struct {
		after string
		limit int
		want  string
	}{{"", 0, "[a b c]"}, {"a", 1, "[b]"}, {"c", 0, "[]"}} {
		list, err := s.Documents(t.Context(), "k", c.after, c.limit)
		keys := []string{}
		for _, d := range list {
			keys = append(keys, d.Key)
		}
		if err != nil || fmt.Sprint(keys) != c.want {
			t.Errorf("after %q: %v, %v", c.after, keys, err)
		}
	}
	for range 2 {
		if err := s.DeleteDocument(t.Context(), "k", "a"); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Document(t.Context(), "k", "a"); !errors.Is(err, workflow.ErrNotFound) {
		t.Errorf("after its removal: %v", err)
	}
}

func testChanged(t *testing.T, s *suite) {
	other := s.another(t)
	changed := func(want bool) {
		t.Helper()
		if got, err := s.Changed(t.Context()); err != nil || got != want {
			t.Errorf("changed: %v, %v", got, err)
		}
	}
	changed(false)
	if err := other.PutDocument(t.Context(), workflow.Document{Kind: "k", Key: "a", Revision: 1}, 0); err != nil {
		t.Fatal(err)
	}
	changed(true)
	changed(false)
	s.create(t, kept("one"))
	changed(false)
}
