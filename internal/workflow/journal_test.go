package workflow

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/asl"
)

func ptr(s string) *string { return &s }

func someEvents() []asl.Event {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)
	return []asl.Event{
		{ID: 1, Type: "ExecutionStarted", Time: at, Input: map[string]any{"b": json.Number("1.50"), "a": []any{nil, true, "é<&>\u2028"}}, HasInput: true, RoleARN: "role", MapRun: "run"},
		{ID: 2, Type: "TaskStateEntered", Time: at, State: "T", HasInput: true},
		{ID: 3, Previous: 2, Type: "TaskScheduled", Time: at.Add(time.Second), Resource: "do", Service: "test", Timeout: 5, Heartbeat: 2, Input: "x", HasInput: true},
		{ID: 4, Previous: 3, Type: "ActivityStarted", Time: at, Worker: "w"},
		{ID: 5, Previous: 4, Type: "TaskFailed", Time: at, Error: ptr(""), Cause: ptr("because")},
		{ID: 6, Previous: 3, Type: "MapStateStarted", Time: at, Length: 3},
		{ID: 7, Previous: 6, Type: "MapIterationStarted", Time: at, State: "M", Index: 2},
		{ID: 8, Previous: 7, Type: "PassStateExited", Time: at, State: "P", Output: false, HasOutput: true, Assigned: map[string]string{"v": "1", "u": "{}"}},
		{ID: 9, Previous: 8, Type: "EvaluationFailed", Time: at, State: "P", Location: "Output"},
		{ID: 10, Previous: 9, Type: "ExecutionRedriven", Time: at, Redrives: 4},
	}
}

func TestEventsComeBack(t *testing.T) {
	t.Parallel()
	want := someEvents()
	var e encoder
	var id, at int64
	for i := range want {
		e.event(&want[i], &id, &at)
	}
	var p packer
	_, raw, err := splitBlock(p.block(nil, e.b))
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeEvents(raw)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("events (-want +got):\n%s%v", diff, err)
	}
}

func someRecord() record {
	limit, share := int64(3), 2.5
	return record{at: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), seed: [16]byte{1, 2, 15: 3}, seeded: true, ops: []operation{
		{kind: opStep, budget: 500},
		{kind: opDeliver, effect: "e1", answer: asl.Answer{Kind: asl.Done, Output: map[string]any{"a": json.Number("1")}}},
		{kind: opDeliver, effect: "e2", answer: asl.Answer{Kind: asl.TaskTimeout, Error: ptr("E"), Cause: ptr("")}},
		{kind: opDeliver, effect: "e3", answer: asl.Answer{Kind: asl.Started, Worker: "w"}},
		{kind: opDeliver, effect: "e4", answer: asl.Answer{Kind: asl.Done, Page: &asl.Page{Next: "n", Items: []asl.Item{
			{Value: "v", Key: "k", Keyed: true, Source: "s3://b/k"}, {Value: nil},
		}}}},
		{kind: opDeliver, effect: "e5", answer: asl.Answer{Kind: asl.Done, Page: &asl.Page{}}},
		{kind: opAbort, err: ptr("x")},
		{kind: opTimeOut},
		{kind: opRedrive},
		{kind: opMapRun, mapRun: "run", update: asl.MapRunUpdate{MaxConcurrency: &limit, ToleratedFailurePercentage: &share}},
	}}
}

func TestRecordsComeBack(t *testing.T) {
	t.Parallel()
	want := someRecord()
	var e encoder
	e.record(&want)
	var p packer
	raw, _, err := splitBlock(p.block(e.b, nil))
	if err != nil {
		t.Fatal(err)
	}
	d := decoder{b: raw}
	got := d.record()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(record{}, operation{})); d.err != nil || diff != "" || len(d.b) != 0 {
		t.Errorf("record (-want +got):\n%s%v, %d bytes left", diff, d.err, len(d.b))
	}
}

func TestBlocks(t *testing.T) {
	t.Parallel()
	var p packer
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(rand.N(256))
	}
	for _, want := range [][]byte{nil, []byte("a"), []byte(strings.Repeat("again and ", 10_000)), noise} {
		b := p.pack(want)
		got, err := unpack(b)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes came back as %d, %v", len(want), len(got), err)
		}
		if len(b) > len(want)+1 {
			t.Errorf("%d bytes take %d", len(want), len(b))
		}
		for _, cut := range []int{0, len(b) / 2} {
			if got, err := unpack(b[:cut]); err == nil && bytes.Equal(got, want) && len(want) > 0 {
				t.Errorf("%d of %d bytes were enough", cut, len(b))
			}
		}
	}
}

func TestChanceIsRepeated(t *testing.T) {
	t.Parallel()
	rec := record{at: time.Unix(1, 0)}
	first := host{record: &rec, arn: "a"}
	second := host{record: &rec, arn: "a"}
	for range 2 {
		a, b := first.UUID()+first.TaskToken("e1"), second.UUID()+second.TaskToken("e1")
		if a != b || first.Random() != second.Random() {
			t.Errorf("%s and %s", a, b)
		}
	}
	other := record{at: rec.at}
	if x := (&host{record: &other, arn: "a"}); x.UUID() == (&host{record: &rec, arn: "a"}).UUID() {
		t.Error("two records have the same chance")
	}
	if arn, effect, ok := parseToken(first.TaskToken("e7")); arn != "a" || effect != "e7" || !ok {
		t.Errorf("a token of %s %s, %v", arn, effect, ok)
	}
}

// FuzzBlock: whatever the disk gives back, reading it ends, and what was
// written can be read.
func FuzzBlock(f *testing.F) {
	var e encoder
	rec := someRecord()
	e.record(&rec)
	var v encoder
	var id, at int64
	for _, x := range someEvents() {
		v.event(&x, &id, &at)
	}
	var p packer
	f.Add(p.block(e.b, v.b))
	f.Add(p.block(nil, v.b))
	f.Add([]byte{0, 1, 2})
	f.Add([]byte{1, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		raw, events, err := splitBlock(b)
		if err != nil {
			return
		}
		d := decoder{b: raw}
		got := d.record()
		if d.err == nil && len(got.ops) > 0 {
			var e encoder
			e.record(&got)
			again := decoder{b: e.b}
			if second := again.record(); again.err != nil || len(second.ops) != len(got.ops) {
				t.Errorf("%d operations came back as %d, %v", len(got.ops), len(second.ops), again.err)
			}
		}
		list, err := decodeEvents(events)
		if err != nil {
			return
		}
		var e encoder
		var id, at int64
		for i := range list {
			e.event(&list[i], &id, &at)
		}
		second, err := decodeEvents(e.b)
		if err != nil || len(second) != len(list) {
			t.Errorf("%d events came back as %d, %v", len(list), len(second), err)
		}
	})
}
