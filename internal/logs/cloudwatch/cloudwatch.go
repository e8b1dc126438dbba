// Package cloudwatch reads the log of a deployed lake: what its functions and
// its state machines wrote to CloudWatch Logs.
package cloudwatch

import (
	"context"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
	"wplake/internal/logs"
)

// late is how long after its time an event may still appear: following looks
// so far back.
const late = 30 * time.Second

// Options configure a Reader.
type Options struct {
	Groups []string     // log groups; those that do not exist (yet) are empty
	Log    *slog.Logger // nil for none
	// Wait waits between two looks when following; nil for the clock.
	Wait func(ctx context.Context, d time.Duration) error
}

// Query chooses lines. Zero fields do not restrict.
type Query struct {
	Since, Until time.Time
	// Run is the run or execution. Lambda's own lines belong to the run for
	// which the function worked.
	Run   string
	Level slog.Level // and above; the zero value is info
	Text  string     // that the line holds, in any case
}

// Reader reads log groups. Its methods may be called concurrently. Memory is
// bounded by a page (1 MB) for each group.
type Reader struct {
	api *cloudwatchlogs.Client
	o   Options
}

// New makes a reader. No request is made.
func New(cfg aws.Config, o Options) *Reader {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Wait == nil {
		o.Wait = awsapi.Wait
	}
	return &Reader{api: cloudwatchlogs.NewFromConfig(cfg), o: o}
}

// Lines are the lines that there are, oldest first, those of all groups
// together.
func (r *Reader) Lines(ctx context.Context, q Query) iter.Seq2[logs.Line, error] {
	return func(yield func(logs.Line, error) bool) {
		c := chooser{q: q, known: map[string]bool{}}
		for e, err := range r.merged(ctx, q.Since, q.Until) {
			if err != nil {
				yield(logs.Line{}, err)
				return
			}
			if !c.take(e.line, yield) {
				return
			}
		}
	}
}

// Follow is Lines and goes on with those that are written then, until ctx ends
// or caughtUp, which is called whenever all has been read, returns false. It
// looks for new lines once an interval. Lines that CloudWatch shows late come
// late, each once.
func (r *Reader) Follow(ctx context.Context, q Query, interval time.Duration, caughtUp func() bool) iter.Seq2[logs.Line, error] {
	return func(yield func(logs.Line, error) bool) {
		c := chooser{q: q, known: map[string]bool{}}
		seen := map[string]time.Time{} // events of the last while, by ID
		from, newest := q.Since, q.Since
		for {
			for e, err := range r.merged(ctx, from, q.Until) {
				if err != nil && ctx.Err() != nil {
					return // Ctrl-C is how following ends
				}
				if err != nil {
					yield(logs.Line{}, err)
					return
				}
				if _, told := seen[e.id]; told {
					continue
				}
				seen[e.id] = e.at
				if e.at.After(newest) {
					newest = e.at
				}
				if !c.take(e.line, yield) {
					return
				}
			}
			if back := newest.Add(-late); back.After(from) {
				from = back
			}
			for id, at := range seen {
				if at.Before(from) {
					delete(seen, id)
				}
			}
			if !caughtUp() || r.o.Wait(ctx, interval) != nil {
				return
			}
		}
	}
}

// event is a line with what CloudWatch knows of it.
type event struct {
	id   string
	at   time.Time
	line logs.Line
}

// merged are the events of all groups in the order of their times.
func (r *Reader) merged(ctx context.Context, since, until time.Time) iter.Seq2[event, error] {
	return func(yield func(event, error) bool) {
		type head struct {
			event
			next func() (event, error, bool)
		}
		var heads []*head
		var failed error
		advance := func(h *head) bool {
			e, err, ok := h.next()
			h.event = e
			if err != nil {
				failed = err
			}
			return ok && err == nil
		}
		for _, group := range r.o.Groups {
			next, stop := iter.Pull2(r.events(ctx, group, since, until))
			defer stop()
			if h := (&head{next: next}); advance(h) {
				heads = append(heads, h)
			}
		}
		for failed == nil && len(heads) > 0 {
			first := slices.MinFunc(heads, func(a, b *head) int { return a.at.Compare(b.at) })
			if !yield(first.event, nil) {
				return
			}
			if !advance(first) {
				heads = slices.DeleteFunc(heads, func(h *head) bool { return h == first })
			}
		}
		if failed != nil {
			yield(event{}, failed)
		}
	}
}

// events are those of one group, oldest first.
func (r *Reader) events(ctx context.Context, group string, since, until time.Time) iter.Seq2[event, error] {
	return func(yield func(event, error) bool) {
		in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group}
		if !since.IsZero() {
			in.StartTime = aws.Int64(since.UnixMilli())
		}
		if !until.IsZero() {
			in.EndTime = aws.Int64(until.UnixMilli())
		}
		for {
			out, err := r.api.FilterLogEvents(ctx, in)
			if awsapi.Code(err) == "ResourceNotFoundException" {
				r.o.Log.DebugContext(ctx, "there is no such log group", "group", group)
				return
			}
			if err != nil {
				yield(event{}, awsapi.Failure(err, "read the log group "+group, "logs:FilterLogEvents", lake.ServiceFailed))
				return
			}
			for _, e := range out.Events {
				if !yield(eventOf(e, group), nil) {
					return
				}
			}
			if aws.ToString(out.NextToken) == "" {
				return
			}
			in.NextToken = out.NextToken
		}
	}
}

func eventOf(e types.FilteredLogEvent, group string) event {
	at := time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC()
	return event{
		id: group + " " + aws.ToString(e.LogStreamName) + " " + aws.ToString(e.EventId), at: at,
		line: parse(aws.ToString(e.Message), at, group[strings.LastIndexByte(group, '/')+1:]),
	}
}
