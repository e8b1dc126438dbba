package duckdb

import (
	"context"
	"errors"
	"testing"

	"wplake/internal/lake"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	const full = "Out of Memory Error: failed to offload data block of size 256.0 KiB (1.0 GiB/1.0 GiB used).\n" +
		"This limit was set by the 'max_temp_directory_size' setting."
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	r := &Reader{}
	for _, tc := range []struct {
		message string
		own     lake.Code // for wplake's own SQL
		person  lake.Code // for a person's
	}{
		{"Out of Memory Error: failed to pin block of size 256.0 KiB (99.9 MiB/100.0 MiB used)\n\nPossible solutions:", lake.OutOfMemory, lake.OutOfMemory},
		{"std::bad_alloc", lake.OutOfMemory, lake.OutOfMemory},
		{full, lake.StorageFull, lake.StorageFull},
		{`IO Error: Could not write to file "x": No space left on device`, lake.StorageFull, lake.StorageFull},
		{"IO Error: Could not read file", lake.EngineFailed, lake.EngineFailed},
		{"INTERNAL Error: Attempted to access index 1", lake.EngineFailed, lake.EngineFailed},
		{"Invalid Input Error: " + unsuccessful, lake.EngineFailed, lake.EngineFailed},
		{pendingCause("Invalid Input Error: " + unsuccessful + "\nError: " + full), lake.StorageFull, lake.StorageFull},
		{"INTERRUPT Error: Interrupted!", lake.Interrupted, lake.Interrupted},
		{"Permission Error: Cannot access file", lake.EngineFailed, lake.QueryRefused},
		{"Conversion Error: Could not convert string 'x' to INT32", lake.EngineFailed, lake.QueryInvalid},
		{"Binder Error: x", lake.EngineFailed, lake.QueryInvalid},
	} {
		if err := explain(t.Context(), errors.New(tc.message)); !lake.HasCode(err, tc.own) {
			t.Errorf("%s: %s, want %s", tc.message, lake.AsError(err, "").Code, tc.own)
		}
		if err := r.explain(t.Context(), "SELECT 1", errors.New(tc.message)); !lake.HasCode(err, tc.person) {
			t.Errorf("a person's: %s: %s, want %s", tc.message, lake.AsError(err, "").Code, tc.person)
		}
		if err := r.explain(cancelled, "SELECT 1", errors.New(tc.message)); !lake.HasCode(err, lake.Interrupted) {
			t.Errorf("cancelled: %s: %v", tc.message, err)
		}
	}
	if explain(t.Context(), nil) != nil {
		t.Error("no error was explained")
	}
}
