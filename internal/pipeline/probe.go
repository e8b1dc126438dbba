package pipeline

import (
	"context"
	"errors"

	"wplake/internal/wordpress"
)

// probeBytes is how much of an object a probe looks at.
const probeBytes = 256 << 10

// errEnough ends a probe that has seen enough.
var errEnough = errors.New("enough was seen")

// Probe looks at the beginning of an object at the source and keeps nothing.
// It returns nil when the object is, so far, an array of objects; else the
// error that a fetch would give.
func Probe(ctx context.Context, source wordpress.Source, object wordpress.Object) error {
	sink := &probeSink{}
	err := source.Fetch(ctx, object, sink)
	sink.end()
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// probeSink judges the first bytes of an object. It implements wordpress.Sink.
type probeSink struct {
	check *checker
	bytes int64
}

func (s *probeSink) Reset() error {
	s.end()
	s.check, s.bytes = newChecker(), 0
	return nil
}

func (s *probeSink) Write(p []byte) (int, error) {
	if s.check == nil {
		s.check = newChecker()
	}
	if _, err := s.check.pipe.Write(p); err != nil {
		return 0, s.check.judge()
	}
	s.bytes += int64(len(p))
	if s.bytes >= probeBytes {
		return 0, errEnough
	}
	return len(p), nil
}

func (s *probeSink) Complete() error {
	if s.check == nil {
		s.check = newChecker()
	}
	return s.check.judge()
}

// end lets the checker's reader end.
func (s *probeSink) end() {
	if s.check != nil {
		_ = s.check.judge() // the verdict was given, or is of no interest
	}
}
