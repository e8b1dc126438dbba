//go:build linux

package pipeline

import (
	"strings"
	"testing"

	"wplake/internal/lake"
)

// An object that turns out too large says how much of it had come.
func TestRoomThatRunsOut(t *testing.T) {
	t.Parallel()
	for name, room := range map[string]*Room{"bounded": {Hint: "more storage"}, "at home": nil} {
		s := &rawSink{object: "posts", path: "/dev/full", room: room, progress: func(int64) {}}
		_, err := s.Write([]byte("["))
		e := lake.AsError(err, lake.Internal)
		if e.Code != lake.StorageFull || room != nil && (e.Hint != "more storage" || !strings.Contains(e.Message, "posts has more than the 0.0 MiB")) {
			t.Errorf("%s: %+v", name, e)
		}
		_ = s.close()
	}
}
