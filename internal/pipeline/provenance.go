package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"strconv"
	"time"

	"wplake/internal/engine"
)

// Keys of the provenance that every object carries: in the footer of a Parquet
// object, in the metadata of a raw one.
const (
	keyRun      = "wplake.run_id"        // the run that made the object
	keyCreated  = "wplake.created"       // when, RFC 3339, UTC
	keyInput    = "wplake.input"         // what it was made from: the input's identity
	keyRules    = "wplake.rules"         // hash of the rules it was made by
	keyRowsIn   = "wplake.rows_in"       // rows of the input
	keyRejected = "wplake.rows_rejected" // rows that are in the rejects object instead
	keyAbsent   = "wplake.absent"        // columns that the source no longer sends, a JSON array
	keyKeys     = "wplake.keys"          // bronze: the source's key of each column that is called otherwise, a JSON object
	keyContent  = "wplake.content"       // raw: SHA-256 of the bytes
)

// provenance is what an object says of itself.
type provenance struct {
	RunID    string
	Created  time.Time
	Input    string
	Rules    string
	RowsIn   int64
	Rejected int64
	Absent   []string
	Keys     map[string]string
}

// metadata is the provenance as an object carries it.
func (p provenance) metadata() map[string]string {
	m := map[string]string{
		keyRun:      p.RunID,
		keyCreated:  p.Created.UTC().Format(time.RFC3339),
		keyInput:    p.Input,
		keyRules:    p.Rules,
		keyRowsIn:   strconv.FormatInt(p.RowsIn, 10),
		keyRejected: strconv.FormatInt(p.Rejected, 10),
	}
	if len(p.Absent) > 0 {
		m[keyAbsent] = jsonText(p.Absent)
	}
	if len(p.Keys) > 0 {
		m[keyKeys] = jsonText(p.Keys)
	}
	return m
}

// madeFrom reports whether a Parquet object was made from that input by those
// rules.
func madeFrom(p engine.Parquet, input, rules string) bool {
	return p.Metadata[keyInput] == input && p.Metadata[keyRules] == rules
}

// rejectedRows returns how many rows an object says were rejected.
func rejectedRows(metadata map[string]string) int64 {
	n, err := strconv.ParseInt(metadata[keyRejected], 10, 64)
	if err != nil {
		return 0 // not ours: nothing was rejected by us
	}
	return n
}

// hashOf returns a stable hash of plain data.
func hashOf(rules any) string {
	sum := sha256.Sum256([]byte(jsonText(rules)))
	return hex.EncodeToString(sum[:])
}

// jsonText is plain data of ours as JSON.
func jsonText(data any) string {
	text, err := json.Marshal(data)
	if err != nil {
		panic(err) // plain data has no such error
	}
	return string(text)
}

// hashFile returns the SHA-256 of a file's bytes, in hexadecimal.
func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // read only
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
