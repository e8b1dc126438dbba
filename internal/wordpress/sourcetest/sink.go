// Package sourcetest is the suite that every driver of the port to a WordPress
// site passes, and a sink for tests.
package sourcetest

import (
	"bytes"
	"errors"
	"io"

	"wplake/internal/jsonarray"
	"wplake/internal/lake"
)

// Sink is a wordpress.Sink that keeps the bytes in memory and judges them when
// they are complete. It is not for concurrent use.
type Sink struct {
	Attempts int   // how often Reset was called
	Fail     error // what Write returns, for tests of a full disk; nil: nothing fails

	bytes    bytes.Buffer
	rows     int
	complete bool
}

// Write takes bytes.
func (s *Sink) Write(p []byte) (int, error) {
	if s.Fail != nil {
		return 0, s.Fail
	}
	return s.bytes.Write(p)
}

// Reset forgets all bytes.
func (s *Sink) Reset() error {
	s.Attempts++
	s.bytes.Reset()
	s.rows, s.complete = 0, false
	return nil
}

// Complete judges the bytes.
func (s *Sink) Complete() error {
	in := jsonarray.NewReader(bytes.NewReader(s.bytes.Bytes()))
	for {
		row, err := in.Next()
		switch {
		case errors.Is(err, io.EOF):
			s.rows, s.complete = int(in.Rows()), true
			return nil
		case err != nil:
			return err
		case row.Fault == lake.RowDuplicateKey:
			return &lake.Error{Code: lake.SourceDuplicateKey, Message: row.Detail, Hint: "give one of them another name"}
		case row.Fault != "":
			return &lake.Error{Code: lake.SourceInvalidJSON, Message: row.Detail, Hint: "JSON is UTF-8"}
		}
	}
}

// Bytes returns the object, or nil when it is not complete.
func (s *Sink) Bytes() []byte {
	if !s.complete {
		return nil
	}
	return bytes.Clone(s.bytes.Bytes())
}

// Rows returns how many rows the object has.
func (s *Sink) Rows() int { return s.rows }
