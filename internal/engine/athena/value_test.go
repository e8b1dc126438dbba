package athena

import (
	"testing"
	"time"

	"wplake/internal/lake"
)

// FuzzMoment reads back what it is written from, and takes any other text.
func FuzzMoment(f *testing.F) {
	for _, s := range []string{
		"2026-01-02 03:04:05.678", "2026-01-02 03:04:05", "2026-01-02T03:04:05.000 UTC", "2026-01-02 03:04:05.000 +01:30", "2026-01-02 03:04:05.0 Nowhere/Land", "2026-01-02", "",
	} {
		f.Add(s, int64(1))
	}
	f.Fuzz(func(t *testing.T, s string, ms int64) {
		if at, err := moment(s); err == nil && at.Location() != time.UTC {
			t.Fatalf("%q is in the zone %s", s, at.Location())
		}
		want := time.UnixMilli(ms % (4e9 * 1000)).UTC()
		if want.Year() < 1 || want.Year() > 9999 {
			return
		}
		text := want.Format("2006-01-02 15:04:05.000")
		if got, err := moment(text); err != nil || !got.Equal(want) {
			t.Fatalf("%q became %v, %v", text, got, err)
		}
		if got, err := moment(text + " UTC"); err != nil || !got.Equal(want) {
			t.Fatalf("%q in UTC became %v, %v", text, got, err)
		}
	})
}

func TestValueThatDoesNotFit(t *testing.T) {
	t.Parallel()
	for kind, text := range map[lake.Type]string{
		lake.Bigint: "9223372036854775808", lake.Boolean: "yes please", lake.Date: "2026-13-01", lake.Timestamp: "noon", "binary": "6", lake.Double: "1,5",
	} {
		if v, err := value(&text, lake.Column{Name: "c", Type: kind}); !lake.HasCode(err, lake.EngineFailed) {
			t.Errorf("%s %q: %v, %v", kind, text, v, err)
		}
		if v, err := value(nil, lake.Column{Name: "c", Type: kind}); v != nil || err != nil {
			t.Errorf("NULL as %s: %v, %v", kind, v, err)
		}
	}
}
