package glue

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"wplake/internal/catalog"
	"wplake/internal/lake"
)

// ownPrefix begins the parameters in which this driver keeps what Glue has no
// place for. No parameter of catalog.Table begins so: those of an object's
// provenance begin with wplake and a dot.
const ownPrefix = "wplake_"

// The parameters of a table that Put wrote.
const (
	ownLayer      = ownPrefix + "layer"
	ownObject     = ownPrefix + "object"
	ownLocation   = ownPrefix + "location" // of the object; the table's own is its folder
	ownKey        = ownPrefix + "key"
	ownRows       = ownPrefix + "rows"
	ownBytes      = ownPrefix + "bytes"
	ownParameters = ownPrefix + "parameters" // a JSON array: the names of those parameters that Put was given
	ownCreated    = ownPrefix + "created"    // RFC 3339, UTC
	ownUpdated    = ownPrefix + "updated"
	ownRun        = ownPrefix + "run" // that wrote last
)

// The parameters of a schema that Put or Record stamped.
const (
	ownVersion    = ownPrefix + "version"
	ownSchema     = ownPrefix + "schema"      // a digest of the columns, by which others' changes are found out
	ownSchemaRun  = ownPrefix + "schema_run"  // that made the version
	ownSchemaTime = ownPrefix + "schema_time" // when
	ownChanges    = ownPrefix + "changes"     // a JSON array; absent where it would be too long
)

// maxParameter is the longest value of a parameter, in bytes (512,000), less
// some for characters that Glue counts otherwise.
const maxParameter = 500_000

// digest tells schemas apart.
func digest(columns []lake.Column) string {
	h := sha256.New()
	for _, c := range columns {
		h.Write([]byte(c.Name + "\x00" + string(c.Type) + "\x00"))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// stampTable puts a table's own fields into parameters.
func stampTable(p map[string]string, t catalog.Table, runID string) error {
	names, err := json.Marshal(append([]string{}, slices.Sorted(maps.Keys(t.Parameters))...))
	if err != nil {
		return err
	}
	maps.Copy(p, t.Parameters)
	maps.Copy(p, map[string]string{
		ownLayer: string(t.Layer), ownObject: t.Object, ownLocation: t.Location, ownKey: t.Key,
		ownRows: strconv.FormatInt(t.Rows, 10), ownBytes: strconv.FormatInt(t.Bytes, 10),
		ownParameters: string(names), ownCreated: encodeTime(t.Created), ownUpdated: encodeTime(t.Updated), ownRun: runID,
	})
	return nil
}

// stampSchema puts a version of the schema into parameters. It reports false
// where the changes are too many to be kept.
func stampSchema(p map[string]string, v catalog.Version) (kept bool, err error) {
	maps.Copy(p, map[string]string{
		ownVersion: strconv.Itoa(v.Version), ownSchema: digest(v.Columns),
		ownSchemaRun: v.RunID, ownSchemaTime: encodeTime(v.Time),
	})
	changes, err := json.Marshal(append([]catalog.Change{}, v.Changes...))
	if err != nil {
		return false, err
	}
	if len(changes) > maxParameter {
		delete(p, ownChanges)
		return false, nil
	}
	p[ownChanges] = string(changes)
	return true, nil
}

// schemaStamp is what parameters say of a schema.
type schemaStamp struct {
	version int
	digest  string
	runID   string
	time    time.Time
	changes []catalog.Change // nil where they are not kept
}

// readSchema reads what stampSchema wrote; false for tables that have no stamp.
func readSchema(p map[string]string) (schemaStamp, bool) {
	version, err := strconv.Atoi(p[ownVersion])
	if err != nil || version < 1 {
		return schemaStamp{}, false
	}
	s := schemaStamp{version: version, digest: p[ownSchema], runID: p[ownSchemaRun], time: decodeTime(p[ownSchemaTime])}
	if json.Unmarshal([]byte(p[ownChanges]), &s.changes) != nil {
		s.changes = nil // then they are found by comparing the schemas
	}
	return s, true
}

// given are the names of the parameters that Put was given; false where it did
// not write the table.
func given(p map[string]string) ([]string, bool) {
	var names []string
	if json.Unmarshal([]byte(p[ownParameters]), &names) != nil {
		return nil, false
	}
	return names, true
}

// visible are all parameters but the driver's own.
func visible(p map[string]string) map[string]string {
	found := make(map[string]string, len(p))
	for key, value := range p {
		if !strings.HasPrefix(key, ownPrefix) {
			found[key] = value
		}
	}
	return found
}

func encodeTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// decodeTime is the zero time for what encodeTime did not write.
func decodeTime(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}
