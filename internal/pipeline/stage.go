package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"wplake/internal/lake"
	"wplake/internal/store"
)

// task is one object that a stage has to deal with.
type task struct {
	object string
	weight int64 // bytes of the input: large ones are begun first
	small  bool  // its input has at most smallObject bytes
}

// smallObject is up to which size of its input, in bytes, an object takes so
// little memory that several may stand in the place of one.
const smallObject = 2 << 20

// forEach deals with the tasks, some side by side, and returns their reports in
// the order of the tasks. Neither an error nor a panic in one touches another.
//
// An object of any size has a place to itself, of which there are as many as
// parallel. What takes long with a small one is to wait for the bucket: up to
// d.Small of them share a place.
func forEach(ctx context.Context, d Deps, stage string, parallel int, tasks []task,
	deal func(ctx context.Context, object string, report *lake.ObjectReport) error,
) []lake.ObjectReport {
	reports := make([]lake.ObjectReport, len(tasks))
	order := make([]int, len(tasks))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(tasks[b].weight, tasks[a].weight) })

	var wg sync.WaitGroup
	share := max(d.Small, 1)
	slots := make(chan struct{}, max(parallel, 1)*share)
	for _, i := range order {
		needs := share
		if tasks[i].small {
			needs = 1
		}
		for range needs { // by this loop alone: nobody else waits for slots
			slots <- struct{}{}
		}
		wg.Go(func() {
			defer func() {
				for range needs {
					<-slots
				}
			}()
			began := d.Now()
			r := &reports[i]
			*r = lake.ObjectReport{Object: tasks[i].object, Status: lake.StatusSucceeded, Warnings: []string{}}
			if err := guarded(ctx, tasks[i].object, r, deal); err != nil {
				r.Status = lake.StatusFailed
				r.Error = lake.ProblemOf(err, lake.Internal)
				d.Log.Error("object failed", "stage", stage, "object", r.Object, "code", r.Error.Code, "error", r.Error.Message)
			}
			r.DurationMS = d.Now().Sub(began).Milliseconds()
			d.progress(Event{Stage: stage, Object: r.Object, Report: r})
		})
	}
	wg.Wait()
	return reports
}

// guarded calls deal and turns a cancelled context and a panic into errors.
func guarded(ctx context.Context, object string, r *lake.ObjectReport,
	deal func(context.Context, string, *lake.ObjectReport) error,
) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &lake.Error{
				Code:    lake.Internal,
				Message: fmt.Sprintf("%s: a defect of wplake: %v", object, p),
				Hint:    "please report it with this text: " + firstLines(string(debug.Stack()), 12),
			}
		}
	}()
	if ctx.Err() == nil {
		if err = deal(ctx, object, r); err == nil {
			return nil // also where the context has just ended
		}
	}
	if ctx.Err() != nil {
		return &lake.Error{
			Code: lake.Interrupted, Message: object + ": interrupted; the object is as it was",
			Hint: "run again: what was finished is kept", Err: ctx.Err(),
		}
	}
	return err
}

func firstLines(text string, n int) string {
	lines := strings.SplitN(text, "\n", n+1)
	return strings.Join(lines[:min(n, len(lines))], " | ")
}

// progress tells about an event, if anybody listens.
func (d Deps) progress(e Event) {
	if d.Progress != nil {
		d.Progress(e)
	}
}

// scratch makes a temporary folder for one object; the caller removes it.
func (d Deps) scratch(object string) (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp(d.Scratch, object+"-")
	if err != nil {
		return "", nil, store.Failure("create a temporary folder in", d.Scratch, err)
	}
	return dir, func() {
		if err := os.RemoveAll(dir); err != nil {
			d.Log.Warn("temporary files are left", "folder", dir, "error", err)
		}
	}, nil
}

// inputs lists the objects of a layer that the request wants, and a report for
// each that was asked for by name and is not there.
func inputs(ctx context.Context, d Deps, l lake.Layer, req Request) (tasks []task, keys map[string]store.Info, missing []lake.ObjectReport, err error) {
	infos, err := d.Buckets[l].List(ctx, d.Config.Dataset+"/")
	if err != nil {
		return nil, nil, nil, err
	}
	keys = map[string]store.Info{}
	var there []string
	for _, info := range infos {
		object, ok := lake.ObjectOfKey(l, d.Config.Dataset, info.Key)
		if ok && !slices.Contains(there, object) {
			there = append(there, object)
		}
		if !ok || !req.wants(object) {
			continue
		}
		if _, twice := keys[object]; twice && info.Key != lake.ObjectKey(l, d.Config.Dataset, object) {
			continue // the object at its proper place wins
		}
		if _, twice := keys[object]; !twice {
			tasks = append(tasks, task{object: object, weight: req.weight(info.Size), small: info.Size <= smallObject})
		}
		keys[object] = info
	}
	hint := "the objects are: " + strings.Join(there, ", ")
	if len(there) == 0 {
		hint = "there are none yet: `wplake run` makes them, if the source has them"
	}
	for _, name := range req.Objects {
		if _, ok := keys[name]; ok {
			continue
		}
		missing = append(missing, lake.ObjectReport{
			Object: name, Status: lake.StatusFailed, Warnings: []string{},
			Error: &lake.Problem{
				Code:    lake.ObjectMissing,
				Message: fmt.Sprintf("there is no %s object %q in %s", l, name, d.Buckets[l].URI(d.Config.Dataset)),
				Hint:    hint,
			},
		})
	}
	return tasks, keys, missing, nil
}

// finish completes a stage's report.
func (d Deps) finish(s *lake.StageReport) {
	s.Count()
	d.Log.Info(fmt.Sprintf("WordPress API %s process complete: %d Successful | %d Failed.", stageTitle(s.Stage), s.Succeeded, s.Failed))
}

func stageTitle(stage string) string {
	return strings.ToUpper(stage[:1]) + stage[1:]
}

// failed is the report of a stage that could not run at all.
func (d Deps) failed(stage string, err error) lake.StageReport {
	s := lake.StageReport{Stage: stage, Objects: []lake.ObjectReport{}, Error: lake.ProblemOf(err, lake.StorageFailed)}
	d.finish(&s)
	return s
}

func objectNames(tasks []task) []string {
	names := make([]string, 0, len(tasks))
	for _, t := range tasks {
		names = append(names, t.object)
	}
	return names
}
