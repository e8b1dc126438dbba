package local

import (
	"testing"

	"wplake/internal/store"
)

// FuzzParseAttribute: what stands in an attribute is believed only where size
// and time agree, and nothing in it can break the reader.
func FuzzParseAttribute(f *testing.F) {
	f.Add([]byte(`{"size":3,"mtime_ns":5,"metadata":{"a":"b"}}`), int64(3), int64(5))
	f.Add([]byte(`{"size":3,"mtime_ns":5,"metadata":null}`), int64(3), int64(5))
	f.Add([]byte(`{"size":"3"}`), int64(3), int64(0))
	f.Add([]byte(`[`), int64(0), int64(0))
	f.Fuzz(func(t *testing.T, value []byte, size, modified int64) {
		if parseAttribute(value, size, modified) != nil && parseAttribute(value, size+1, modified) != nil {
			t.Error("believed with two sizes")
		}
	})
}

// FuzzPlace: no key leads out of the bucket's directory.
func FuzzPlace(f *testing.F) {
	f.Add("a/b.json")
	f.Add("../x")
	f.Add("a/../../x")
	b := New("/root", "bucket", nil)
	f.Fuzz(func(t *testing.T, key string) {
		if store.CheckKey(key) == nil && b.place(key) != "/root/bucket/"+key {
			t.Errorf("%q leads to %s", key, b.place(key))
		}
	})
}
