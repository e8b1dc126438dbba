package glue

import (
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"wplake/internal/catalog"
	"wplake/internal/lake"
)

// How a crawler says that a table is of Parquet files.
const (
	externalTable = "EXTERNAL_TABLE"
	parquetSerDe  = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
	parquetInput  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
	parquetOutput = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
)

// checkTable refuses what cannot be a table of Glue.
func checkTable(t catalog.Table) error {
	if t.Database == "" || t.Name == "" {
		return &lake.Error{
			Code: lake.Internal, Message: fmt.Sprintf("a table needs a database and a name, not %q and %q", t.Database, t.Name),
		}
	}
	for name := range t.Parameters {
		if strings.HasPrefix(name, ownPrefix) {
			return &lake.Error{Code: lake.Internal, Message: fmt.Sprintf("the parameter %s of the table %s is the catalog's own", name, t.Name)}
		}
	}
	place := folder(t.Location)
	if strings.HasPrefix(place, "s3://") && !strings.HasSuffix(place, "/"+t.Object+"/") {
		// Athena reads all that is in a table's folder.
		return &lake.Error{
			Code:    lake.CatalogFailed,
			Message: fmt.Sprintf("%s does not lie in a folder of its own, so it cannot be a table", t.Location),
			Hint:    fmt.Sprintf("move it to %s/%s", t.Object, t.Location[strings.LastIndexByte(t.Location, '/')+1:]),
		}
	}
	return nil
}

// mine refuses to write t over a table of somebody else's that is not what a
// crawler makes of the same object.
func (e *entry) mine(t catalog.Table) error {
	if e.written {
		return nil
	}
	why := e.special()
	if why == "" && strings.TrimSuffix(e.Location, "/") != strings.TrimSuffix(folder(t.Location), "/") {
		why = "is of " + e.Location
	}
	if why == "" {
		return nil
	}
	return &lake.Error{
		Code:    lake.CatalogFailed,
		Message: fmt.Sprintf("the table %s.%s is somebody else's: it %s, not of %s; it is left as it was", t.Database, t.Name, why, t.Location),
		Hint:    "remove or rename it, then run `wplake crawl`",
	}
}

// special says what makes a table one that cannot be written back as it was
// read; "" for tables of plain files.
func (e *entry) special() string {
	g := e.glue
	switch {
	case g.TargetTable != nil:
		return "is a link to a table of another database or account"
	case strings.Contains(aws.ToString(g.TableType), "VIEW"):
		return "is a view"
	case g.Parameters["table_type"] != "":
		return "is a table of " + g.Parameters["table_type"]
	case len(g.PartitionKeys) > 0:
		return "has partitions"
	}
	return ""
}

// describe puts the table's description into in as a crawler writes it. What
// people added to the table before (old; nil for none) is kept: comments, and
// parameters that Put was not given.
func describe(in *types.TableInput, t catalog.Table, old *entry) {
	in.Name, in.TableType = &t.Name, aws.String(externalTable)
	in.PartitionKeys = []types.Column{}
	s := types.StorageDescriptor{
		Columns: []types.Column{}, Location: aws.String(folder(t.Location)),
		InputFormat: aws.String(parquetInput), OutputFormat: aws.String(parquetOutput), NumberOfBuckets: -1,
		SerdeInfo:     &types.SerDeInfo{SerializationLibrary: aws.String(parquetSerDe), Parameters: map[string]string{"serialization.format": "1"}},
		BucketColumns: []string{}, SortColumns: []types.Order{}, Parameters: map[string]string{},
	}
	before := make(map[string]types.Column)
	if old != nil && old.glue.StorageDescriptor != nil {
		for _, c := range old.glue.StorageDescriptor.Columns {
			before[lower(aws.ToString(c.Name))] = c
		}
		maps.Copy(s.Parameters, old.glue.StorageDescriptor.Parameters)
		for _, name := range old.given {
			delete(s.Parameters, name)
		}
	}
	for name, value := range t.Parameters {
		// A crawler writes its findings both here and with the table.
		if !strings.HasPrefix(name, catalog.ProvenancePrefix) {
			s.Parameters[name] = value
		}
	}
	for _, c := range t.Columns {
		was := before[c.Name]
		s.Columns = append(s.Columns, types.Column{
			Name: aws.String(c.Name), Type: aws.String(string(c.Type)), Comment: was.Comment, Parameters: was.Parameters,
		})
	}
	in.StorageDescriptor = &s
}
