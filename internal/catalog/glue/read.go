package glue

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"wplake/internal/catalog"
	"wplake/internal/lake"
)

// entry is a table as it was read, with what its stamps say.
type entry struct {
	catalog.Table
	glue    types.Table
	written bool        // by Put
	given   []string    // the names of the parameters that Put was given
	schema  schemaStamp // valid where current
	current bool        // the schema's stamp belongs to the columns as they are
}

// read makes a table of what Glue has, whoever made it.
func (c *Catalog) read(database string, g types.Table) entry {
	e := entry{glue: g, Table: catalog.Table{
		Database: cmp.Or(aws.ToString(g.DatabaseName), database), Name: aws.ToString(g.Name),
		Columns: columnsOf(g), Parameters: visible(g.Parameters),
	}}
	e.given, e.written = given(g.Parameters)
	var stamped bool
	e.schema, stamped = readSchema(g.Parameters)
	e.current = stamped && e.schema.digest == digest(e.Columns)
	switch {
	case e.current:
		e.Version = e.schema.version
	case stamped:
		e.Version = e.schema.version + 1 // somebody else changed the columns since
	default:
		e.Version = number(g) + 1 // Glue counts from 0
	}
	if g.CreateTime != nil {
		e.Created = g.CreateTime.UTC()
		e.Updated = e.Created
	}
	if g.UpdateTime != nil {
		e.Updated = g.UpdateTime.UTC()
	}
	if at := decodeTime(g.Parameters[ownUpdated]); !at.IsZero() && (e.current || !stamped) {
		e.Updated = at
	}
	if e.written {
		e.readOwn()
	} else {
		c.guess(&e)
	}
	return e
}

// readOwn reads the fields that Put wrote.
func (e *entry) readOwn() {
	p := e.glue.Parameters
	e.Layer, e.Object, e.Key = lake.Layer(p[ownLayer]), p[ownObject], p[ownKey]
	e.Rows, e.Bytes = whole(p[ownRows]), whole(p[ownBytes])
	for _, name := range e.given {
		// Whether a parameter without a value is kept is not documented.
		e.Parameters[name] = p[name]
	}
	e.Location = location(e.glue)
	if at := decodeTime(p[ownCreated]); !at.IsZero() {
		e.Created = at
	}
	if folder(p[ownLocation]) == e.Location {
		e.Location = p[ownLocation]
		return
	}
	e.Key = keyOf(e.Location) // somebody moved the table elsewhere
}

// guess reads the fields of a table that somebody else made: which object of
// which layer it is, where its name is what a crawler calls that object's table
// and its folder is that object's.
func (c *Catalog) guess(e *entry) {
	p := e.glue.Parameters
	e.Location = location(e.glue)
	e.Key = keyOf(e.Location)
	e.Rows, e.Bytes = whole(p["recordCount"]), whole(p["sizeKey"])
	e.Object = e.Name
	bucket, _, _ := strings.Cut(strings.TrimPrefix(e.Location, "s3://"), "/")
	object, found := strings.CutPrefix(strings.TrimSuffix(e.Key, "/"), e.Database+"/")
	if !found || !lake.ValidObjectName(object) || len(e.glue.PartitionKeys) > 0 {
		return
	}
	for _, l := range lake.TableLayers() {
		if e.Name != lake.TableName(l, object) || (c.o.Buckets[l] != "" && c.o.Buckets[l] != bucket) {
			continue
		}
		e.Layer, e.Object = l, object
		e.Key = lake.ObjectKey(l, e.Database, object)
	}
}

// location is a table's folder; "" for views and links.
func location(g types.Table) string {
	if g.StorageDescriptor == nil {
		return ""
	}
	return aws.ToString(g.StorageDescriptor.Location)
}

// keyOf is the key, within its bucket, that a location stands for.
func keyOf(location string) string {
	rest, ofS3 := strings.CutPrefix(location, "s3://")
	if !ofS3 {
		return ""
	}
	_, key, _ := strings.Cut(rest, "/")
	return key
}

// folder is the folder of an object in S3, as a table's location has to be;
// any other location is itself.
func folder(location string) string {
	if !strings.HasPrefix(location, "s3://") {
		return location
	}
	return location[:strings.LastIndexByte(location, '/')+1]
}

// columnsOf are a table's columns as SQL sees them, those that its folders
// stand for last.
func columnsOf(g types.Table) []lake.Column {
	var all []types.Column
	if g.StorageDescriptor != nil {
		all = g.StorageDescriptor.Columns
	}
	var columns []lake.Column
	for _, c := range slices.Concat(all, g.PartitionKeys) {
		columns = append(columns, lake.Column{Name: lower(aws.ToString(c.Name)), Type: typeOf(aws.ToString(c.Type))})
	}
	return columns
}

// lower lowers A to Z only: two columns that an engine tells apart stay apart.
func lower(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, name)
}

// number is the number of Glue's version, from 0.
func number(g types.Table) int {
	n, err := strconv.Atoi(aws.ToString(g.VersionId))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// whole reads a count; 0 where there is none.
func whole(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// same reports whether t is what Put wrote, or would write.
func (e *entry) same(t catalog.Table) bool {
	if !e.written || !e.current {
		return false
	}
	mine := make(map[string]string, len(e.given))
	for _, name := range e.given {
		mine[name] = e.Parameters[name]
	}
	return e.Layer == t.Layer && e.Object == t.Object && e.Location == t.Location && e.Key == t.Key &&
		e.Rows == t.Rows && e.Bytes == t.Bytes && slices.Equal(e.Columns, t.Columns) && maps.Equal(mine, t.Parameters) &&
		readable(e.glue)
}

// readable reports whether the table is still read as Parquet.
func readable(g types.Table) bool {
	s := g.StorageDescriptor
	return s != nil && s.SerdeInfo != nil && aws.ToString(s.SerdeInfo.SerializationLibrary) == parquetSerDe &&
		aws.ToString(s.InputFormat) == parquetInput
}
