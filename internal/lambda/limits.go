package lambda

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"wplake/internal/lake"
	"wplake/internal/pipeline"
	"wplake/internal/store"
)

// memoryLimit is what the process may take, in bytes: what the definition says,
// but not more than the function's memory, given in MiB as Lambda's environment
// does, leaves beside what Lambda itself and the kernel need (an eighth, 32 to
// 256 MiB). Without the function's memory the definition's limit stands.
func memoryLimit(definition int64, function string) int64 {
	size, err := strconv.ParseInt(function, 10, 64)
	if err != nil || size <= 0 {
		return definition
	}
	size = min(size, 1<<20) << 20
	left := size - min(max(size/8, 32<<20), 256<<20)
	if definition <= 0 {
		return left
	}
	return min(definition, left)
}

// margin is the part of the time that is left which stages do not get: for
// stopping, telling people and answering. A twentieth, 3 to 10 seconds, but
// never more than half.
func margin(left time.Duration) time.Duration {
	return min(max(left/20, 3*time.Second), 10*time.Second, left/2)
}

// scratchPrefix begins the names of the processes' folders for temporary files.
// Each process has its own: in Lambda it is alone, in an emulator it is not.
const scratchPrefix = "wplake-function-"

func scratchName(pid int) string { return scratchPrefix + strconv.Itoa(pid) }

// sweep removes from the folder for temporary files those of processes that are
// no more: Lambda keeps the folder when it begins anew after a process has died.
func sweep(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, scratchPrefix+"*"))
	if err != nil {
		return err
	}
	for _, old := range left {
		pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(old), scratchPrefix))
		if err != nil || alive(pid) {
			continue // not ours, or at work
		}
		if err := os.RemoveAll(old); err != nil && !errors.Is(err, fs.ErrPermission) { // another user's is not in the way
			return store.Failure("remove", old, err)
		}
	}
	return nil
}

// emptied makes the folder if there is none, and removes all that is in it:
// what an invocation left that was killed.
func emptied(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return store.Failure("create", dir, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return store.Failure("read", dir, err)
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return store.Failure("empty", dir, err)
		}
	}
	return nil
}

// storageHint is what to do when the scratch folder is too small.
func storageHint(now int) string {
	return fmt.Sprintf("raise aws.functions.storage_mb (now %d, at most 10240) and deploy; with source.endpoints.parallel: 1 objects do not share the room", now)
}

// memoryHint is what to do when memory is too small.
func memoryHint(now int) string {
	return fmt.Sprintf("raise aws.functions.memory_mb (now %d, at most 10240), and engine.memory_limit with it, and deploy", now)
}

// maxTimeout is the longest that Lambda lets a function run.
const maxTimeout = 15 * time.Minute

// timeHint is what to do when an object needs more time than an invocation has.
func timeHint(stage string, now time.Duration) string {
	hint := fmt.Sprintf("raise aws.functions.timeout (now %s, at most %s) or aws.functions.memory_mb, with which the processor grows, and deploy", now, maxTimeout)
	if now >= maxTimeout {
		hint = fmt.Sprintf("raise aws.functions.memory_mb, with which the processor grows, and deploy; the time-out is %s already, Lambda's longest", now)
	}
	if stage == pipeline.StageRaw {
		hint += "; with source.endpoints.parallel: 1 objects do not share the time"
	}
	return hint
}

// remedied gives what failed for a function's limits the remedy that helps there.
func (h *handler) remedied(p *lake.Problem) *lake.Problem {
	if p == nil {
		return nil
	}
	told := *p
	switch p.Code {
	case lake.StorageFull:
		told.Hint = storageHint(h.config.AWS.Functions.Storage)
	case lake.OutOfMemory:
		told.Hint = memoryHint(h.config.AWS.Functions.Memory)
	}
	return &told
}

// room is the scratch folder's.
func (h *handler) room() *pipeline.Room {
	return &pipeline.Room{Free: freeSpace, Hint: storageHint(h.config.AWS.Functions.Storage)}
}
