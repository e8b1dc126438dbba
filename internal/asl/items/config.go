package items

import (
	"errors"
	"fmt"
	"strings"

	"wplake/internal/asl"
)

// The formats of objects.
const (
	jsonFile  = "JSON"
	jsonLines = "JSONL"
	csvFile   = "CSV"
	parquet   = "PARQUET"
)

// The kinds of manifests.
const (
	inventory = "S3_INVENTORY"
	athena    = "ATHENA_DATA"
)

// Config is what an ItemReader says, read and checked.
type Config struct {
	Bucket, Key, Version string
	// List tells that the objects below Prefix are listed; Flatten that they
	// are read then, and are not the items themselves.
	List    bool
	Prefix  string
	Flatten bool
	// Type is JSON, JSONL, CSV or PARQUET.
	Type string
	// Manifest is S3_INVENTORY or ATHENA_DATA when the object lists others, and
	// "" otherwise.
	Manifest string
	// Pointer leads to the items in a JSON file (RFC 6901).
	Pointer string
	// Delimiter separates the fields of a CSV file; Header are the names of its
	// fields, nil when its first row has them.
	Delimiter byte
	Header    []string
}

// metadata tells that what S3 tells of objects are the items.
func (c *Config) metadata() bool { return c.List && !c.Flatten }

// Configure reads an ItemReader's resource, arguments and ReaderConfig.
func Configure(r asl.Resource, arguments, config any) (Config, error) {
	a, _ := arguments.(map[string]any)
	s, _ := config.(map[string]any)
	c := Config{Bucket: text(a, "Bucket"), Key: text(a, "Key"), Version: text(a, "VersionId"), Prefix: text(a, "Prefix"),
		Type: text(s, "InputType"), Manifest: text(s, "ManifestType"), Pointer: text(s, "ItemsPointer")}
	if r.Service != "s3" || r.Action != "getObject" && r.Action != "listObjectsV2" {
		return c, fmt.Errorf("an ItemReader cannot read with %s", r.ARN)
	}
	if c.Bucket == "" {
		return c, errors.New("the ItemReader names no Bucket")
	}
	c.List = r.Action == "listObjectsV2"
	switch t := text(s, "Transformation"); t {
	case "", "NONE":
	case "LOAD_AND_FLATTEN":
		c.Flatten = c.List
	default:
		return c, fmt.Errorf("unknown Transformation %q", t)
	}
	if c.metadata() {
		return c, nil
	}
	if !c.List && c.Key == "" {
		return c, errors.New("the ItemReader names no Key")
	}
	if err := c.format(); err != nil {
		return c, err
	}
	return c, c.csv(s)
}

// format checks InputType and ManifestType.
func (c *Config) format() error {
	if c.Type == "MANIFEST" || c.Manifest == inventory {
		c.Manifest, c.Type = inventory, csvFile
		return nil
	}
	if c.Manifest != "" && c.Manifest != athena {
		return fmt.Errorf("unknown ManifestType %q", c.Manifest)
	}
	switch c.Type {
	case jsonLines, csvFile, parquet:
		return nil
	case jsonFile:
		if c.Manifest == "" {
			return nil
		}
	case "":
		return errors.New("the ReaderConfig has no InputType")
	}
	return fmt.Errorf("the InputType %q cannot be read here", c.Type)
}

// delimiters are the values of CSVDelimiter.
func delimiter(name string) (byte, bool) {
	switch name {
	case "", "COMMA":
		return ',', true
	case "PIPE":
		return '|', true
	case "SEMICOLON":
		return ';', true
	case "SPACE":
		return ' ', true
	case "TAB":
		return '\t', true
	}
	return 0, false
}

// csv reads what is about CSV files.
func (c *Config) csv(s map[string]any) error {
	if c.Type != csvFile {
		return nil
	}
	var ok bool
	if c.Delimiter, ok = delimiter(text(s, "CSVDelimiter")); !ok {
		return fmt.Errorf("unknown CSVDelimiter %q", text(s, "CSVDelimiter"))
	}
	if c.Manifest == inventory {
		// Its header is in the manifest.
		return nil
	}
	switch l := text(s, "CSVHeaderLocation"); l {
	case "FIRST_ROW":
		return nil
	case "GIVEN":
		names, _ := s["CSVHeaders"].([]any)
		c.Header = make([]string, len(names))
		for i, n := range names {
			if c.Header[i], ok = n.(string); !ok {
				return errors.New("CSVHeaders must be a list of texts")
			}
		}
		if len(names) == 0 {
			return errors.New("CSVHeaderLocation is GIVEN, but CSVHeaders gives none")
		}
		return checkHeader(c.Header)
	default:
		return fmt.Errorf("unknown CSVHeaderLocation %q", l)
	}
}

func checkHeader(names []string) error {
	if len(strings.Join(names, ",")) > MaxHeader {
		return fmt.Errorf("the header has more than %d bytes", MaxHeader)
	}
	return nil
}

func text(m map[string]any, key string) string {
	s, _ := m[key].(string)
	return s
}
