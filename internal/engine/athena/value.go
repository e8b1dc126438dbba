package athena

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"wplake/internal/lake"
)

// columnOf names a column's type as the Glue Data Catalog does. Athena tells
// nothing of what is in an array, a map or a row, so these are string, as are
// types that the catalog does not know.
func columnOf(c types.ColumnInfo) lake.Column {
	out := lake.Column{Name: aws.ToString(c.Label), Type: lake.String}
	if out.Name == "" {
		out.Name = aws.ToString(c.Name)
	}
	switch t := strings.ToLower(aws.ToString(c.Type)); t {
	case "boolean", "tinyint", "smallint", "bigint", "double", "date", "timestamp":
		out.Type = lake.Type(t)
	case "integer", "int":
		out.Type = lake.Int
	case "float", "real":
		out.Type = "float"
	case "varbinary", "binary":
		out.Type = "binary"
	case "timestamp with time zone":
		out.Type = lake.Timestamp
	case "decimal":
		out.Type = lake.Type(fmt.Sprintf("decimal(%d,%d)", c.Precision, c.Scale))
	}
	return out
}

// value reads a value from Athena's text for it, nil for NULL.
func value(text *string, c lake.Column) (any, error) {
	if text == nil {
		return nil, nil
	}
	v, err := parse(*text, c.Type)
	if err != nil {
		return nil, &lake.Error{
			Code: lake.EngineFailed, Message: fmt.Sprintf("Athena answered %q in column %s, which is no %s", shorten(*text), c.Name, c.Type), Err: err,
		}
	}
	return v, nil
}

func shorten(s string) string {
	if len(s) > 100 {
		return s[:100] + "…"
	}
	return s
}

func parse(s string, t lake.Type) (any, error) {
	switch t {
	case lake.Boolean:
		return strconv.ParseBool(s)
	case "tinyint", "smallint", lake.Int, lake.Bigint:
		return strconv.ParseInt(s, 10, 64)
	case "float":
		// The nearest number of 32 bits is what the text stands for.
		return strconv.ParseFloat(s, 32)
	case lake.Double:
		return strconv.ParseFloat(s, 64)
	case lake.Date:
		return time.Parse(time.DateOnly, s)
	case lake.Timestamp:
		return moment(s)
	case "binary":
		return hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	}
	return s, nil
}

// moment reads 2026-01-02 03:04:05.678, perhaps with a zone's offset or name
// behind it. A time without a zone is given in UTC.
func moment(s string) (time.Time, error) {
	const plain = "2006-01-02 15:04:05.999999999"
	if len(s) > 10 && s[10] == 'T' {
		s = s[:10] + " " + s[11:]
	}
	if len(s) > 19 {
		at, zone, zoned := strings.Cut(s[11:], " ")
		if zoned {
			if t, err := time.Parse(plain+" -07:00", s); err == nil {
				return t.UTC(), nil
			}
			where, err := time.LoadLocation(zone)
			if err != nil {
				return time.Time{}, err
			}
			t, err := time.ParseInLocation(plain, s[:11]+at, where)
			return t.UTC(), err
		}
	}
	return time.Parse(plain, s)
}
