package pipeline

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"testing"
	"time"

	"wplake/internal/lake"
)

// TestPlaces: a large object has a place to itself; small ones share it.
func TestPlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                string
		parallel, share     int
		small, large        int
		mostSmall, mostHuge int
	}{
		{"one at a time", 1, 0, 6, 3, 1, 1},
		{"small ones share", 1, 4, 9, 3, 4, 1},
		{"two places", 2, 4, 20, 5, 8, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var tasks []task
			for range c.small {
				tasks = append(tasks, task{object: "small", small: true})
			}
			for range c.large {
				tasks = append(tasks, task{object: "large", weight: 1})
			}
			var mu sync.Mutex
			now, most := map[string]int{}, map[string]int{}
			d := Deps{Log: slog.New(slog.DiscardHandler), Now: time.Now, Small: c.share}
			reports := forEach(t.Context(), d, "bronze", c.parallel, tasks, func(_ context.Context, object string, _ *lake.ObjectReport) error {
				mu.Lock()
				defer mu.Unlock()
				now[object]++
				most[object] = max(most[object], now[object])
				if units := now["small"] + max(c.share, 1)*now["large"]; units > c.parallel*max(c.share, 1) {
					t.Errorf("%d small and %d large at once", now["small"], now["large"])
				}
				mu.Unlock()
				runtime.Gosched() // lets others begin
				mu.Lock()
				now[object]--
				return nil
			})
			if len(reports) != len(tasks) || most["small"] > c.mostSmall || most["large"] > c.mostHuge {
				t.Errorf("%d reports of %d, at most %v at once", len(reports), len(tasks), most)
			}
		})
	}
}
