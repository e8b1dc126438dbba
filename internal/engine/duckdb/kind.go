package duckdb

import (
	"fmt"
	"strings"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"wplake/internal/lake"
)

// kind is a DuckDB type, read once for a result's column.
type kind struct {
	id       bindings.Type
	storage  bindings.Type // of decimals and enums
	width    uint8         // of decimals
	scale    uint8         // of decimals
	length   int           // of arrays of fixed length
	labels   []string      // of enums
	names    []string      // of a struct's fields
	children []*kind       // of nested types; a map's are its key and its value
	nested   bool          // lies within another type
}

// kindOf reads a logical type.
func kindOf(t bindings.LogicalType) (*kind, error) {
	k := &kind{id: bindings.GetTypeId(t)}
	switch k.id {
	case bindings.TypeDecimal:
		k.width, k.scale = bindings.DecimalWidth(t), bindings.DecimalScale(t)
		k.storage = bindings.DecimalInternalType(t)
	case bindings.TypeEnum:
		k.storage = bindings.EnumInternalType(t)
		for i := range bindings.EnumDictionarySize(t) {
			k.labels = append(k.labels, bindings.EnumDictionaryValue(t, bindings.IdxT(i)))
		}
	case bindings.TypeList:
		return k, k.add("", bindings.ListTypeChildType(t))
	case bindings.TypeArray:
		k.length = int(bindings.ArrayTypeArraySize(t))
		return k, k.add("", bindings.ArrayTypeChildType(t))
	case bindings.TypeMap:
		if err := k.add("", bindings.MapTypeKeyType(t)); err != nil {
			return nil, err
		}
		return k, k.add("", bindings.MapTypeValueType(t))
	case bindings.TypeStruct:
		for i := range bindings.StructTypeChildCount(t) {
			if err := k.add(bindings.StructTypeChildName(t, i), bindings.StructTypeChildType(t, i)); err != nil {
				return nil, err
			}
		}
	case bindings.TypeUnion:
		for i := range bindings.UnionTypeMemberCount(t) {
			if err := k.add(bindings.UnionTypeMemberName(t, i), bindings.UnionTypeMemberType(t, i)); err != nil {
				return nil, err
			}
		}
	}
	if k.lakeType() == "" {
		return nil, fmt.Errorf("DuckDB's type %d has no counterpart", k.id)
	}
	return k, nil
}

// add reads and destroys a nested type.
func (k *kind) add(name string, t bindings.LogicalType) error {
	defer bindings.DestroyLogicalType(&t)
	child, err := kindOf(t)
	if err != nil {
		return err
	}
	child.setNested()
	k.names = append(k.names, name)
	k.children = append(k.children, child)
	return nil
}

func (k *kind) setNested() {
	k.nested = true
	for _, c := range k.children {
		c.setNested()
	}
}

// lakeType is the kind in the spelling of the Glue Data Catalog, "" where
// there is none. What Glue does not know takes the type that holds all of its
// values, or string.
func (k *kind) lakeType() lake.Type {
	switch k.id {
	case bindings.TypeBoolean:
		return lake.Boolean
	case bindings.TypeTinyInt:
		return "tinyint"
	case bindings.TypeSmallInt, bindings.TypeUTinyInt:
		return "smallint"
	case bindings.TypeInteger, bindings.TypeUSmallInt, bindings.TypeSQLNull:
		return lake.Int
	case bindings.TypeBigInt, bindings.TypeUInteger:
		return lake.Bigint
	case bindings.TypeUBigInt:
		return "decimal(20,0)"
	case bindings.TypeHugeInt, bindings.TypeUHugeInt:
		return "decimal(38,0)"
	case bindings.TypeFloat:
		return "float"
	case bindings.TypeDouble:
		return lake.Double
	case bindings.TypeDecimal:
		return lake.Type(fmt.Sprintf("decimal(%d,%d)", k.width, k.scale))
	case bindings.TypeDate:
		return lake.Date
	case bindings.TypeTimestamp, bindings.TypeTimestampS, bindings.TypeTimestampMS, bindings.TypeTimestampNS, bindings.TypeTimestampTZ:
		return lake.Timestamp
	case bindings.TypeVarchar, bindings.TypeEnum, bindings.TypeUUID, bindings.TypeBit, bindings.TypeBigNum,
		bindings.TypeTime, bindings.TypeTimeTZ, bindings.TypeTimeNS, bindings.TypeInterval, bindings.TypeUnion:
		return lake.String
	case bindings.TypeBlob, bindings.TypeGeometry:
		return "binary"
	case bindings.TypeList, bindings.TypeArray:
		return "array<" + k.children[0].lakeType() + ">"
	case bindings.TypeMap:
		return "map<" + k.children[0].lakeType() + "," + k.children[1].lakeType() + ">"
	case bindings.TypeStruct:
		fields := make([]string, len(k.children))
		for i, c := range k.children {
			fields[i] = k.names[i] + ":" + string(c.lakeType())
		}
		return lake.Type("struct<" + strings.Join(fields, ",") + ">")
	}
	return ""
}
