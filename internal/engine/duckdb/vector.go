package duckdb

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unsafe"

	bindings "github.com/duckdb/duckdb-go-bindings"
)

// vector is a column of a chunk: DuckDB's own memory, valid as long as the
// chunk is. DuckDB documents the layout of each type in its C interface.
type vector struct {
	*kind
	data     unsafe.Pointer
	validity unsafe.Pointer // a bit a row, 1 = not NULL; nil where nothing is NULL
	children []vector       // a struct's fields; a list's items; a map's entries; a union's tag and members
}

// over lays the kind over a vector.
func (k *kind) over(v bindings.Vector) vector {
	out := vector{kind: k, data: bindings.VectorGetData(v), validity: bindings.VectorGetValidity(v)}
	switch k.id {
	case bindings.TypeList:
		out.children = []vector{k.children[0].over(bindings.ListVectorGetChild(v))}
	case bindings.TypeArray:
		out.children = []vector{k.children[0].over(bindings.ArrayVectorGetChild(v))}
	case bindings.TypeMap:
		entries := bindings.ListVectorGetChild(v)
		out.children = []vector{
			k.children[0].over(bindings.StructVectorGetChild(entries, 0)),
			k.children[1].over(bindings.StructVectorGetChild(entries, 1)),
		}
	case bindings.TypeStruct:
		for i, c := range k.children {
			out.children = append(out.children, c.over(bindings.StructVectorGetChild(v, bindings.IdxT(i))))
		}
	case bindings.TypeUnion:
		tag := &kind{id: bindings.TypeUTinyInt, nested: true}
		out.children = []vector{tag.over(bindings.StructVectorGetChild(v, 0))}
		for i, c := range k.children {
			out.children = append(out.children, c.over(bindings.StructVectorGetChild(v, bindings.IdxT(i+1))))
		}
	}
	return out
}

// at reads the fixed-size value of a row.
func at[T any](v *vector, row int) T {
	var zero T
	return *(*T)(unsafe.Add(v.data, uintptr(row)*unsafe.Sizeof(zero)))
}

func (v *vector) isNull(row int) bool {
	if v.validity == nil {
		return false
	}
	word := *(*uint64)(unsafe.Add(v.validity, row/64*8))
	return word&(1<<(row%64)) == 0
}

// text copies the bytes of a row: length, then either up to 12 bytes in place
// or, at offset 8, a pointer.
func (v *vector) text(row int) string {
	p := unsafe.Add(v.data, row*16)
	n := *(*uint32)(p)
	if n <= 12 {
		return strings.Clone(unsafe.String((*byte)(unsafe.Add(p, 4)), n))
	}
	return strings.Clone(unsafe.String(*(**byte)(unsafe.Add(p, 8)), n))
}

type hugeint struct {
	low  uint64
	high int64
}

func (h hugeint) big() *big.Int {
	i := big.NewInt(h.high)
	return i.Lsh(i, 64).Or(i, new(big.Int).SetUint64(h.low))
}

type uhugeint struct{ low, high uint64 }

func (h uhugeint) big() *big.Int {
	i := new(big.Int).SetUint64(h.high)
	return i.Lsh(i, 64).Or(i, new(big.Int).SetUint64(h.low))
}

type listEntry struct{ offset, length uint64 }

type interval struct {
	months, days int32
	micros       int64
}

// value gives the value of a row as engine.Rows promises it.
func (v *vector) value(row int) (any, error) {
	if v.isNull(row) {
		return nil, nil
	}
	switch v.id {
	case bindings.TypeBoolean:
		return at[bool](v, row), nil
	case bindings.TypeTinyInt:
		return int64(at[int8](v, row)), nil
	case bindings.TypeSmallInt:
		return int64(at[int16](v, row)), nil
	case bindings.TypeInteger, bindings.TypeSQLNull:
		return int64(at[int32](v, row)), nil
	case bindings.TypeBigInt:
		return at[int64](v, row), nil
	case bindings.TypeUTinyInt:
		return int64(at[uint8](v, row)), nil
	case bindings.TypeUSmallInt:
		return int64(at[uint16](v, row)), nil
	case bindings.TypeUInteger:
		return int64(at[uint32](v, row)), nil
	case bindings.TypeUBigInt:
		return new(big.Int).SetUint64(at[uint64](v, row)), nil
	case bindings.TypeHugeInt:
		return at[hugeint](v, row).big(), nil
	case bindings.TypeUHugeInt:
		return at[uhugeint](v, row).big(), nil
	case bindings.TypeFloat:
		// By its shortest text, so that 0.1 stays 0.1 and does not become 0.10000000149.
		f := at[float32](v, row)
		return strconv.ParseFloat(strconv.FormatFloat(float64(f), 'g', -1, 32), 64)
	case bindings.TypeDouble:
		return at[float64](v, row), nil
	case bindings.TypeDecimal:
		return v.decimal(row)
	case bindings.TypeVarchar:
		return v.text(row), nil
	case bindings.TypeBlob, bindings.TypeGeometry:
		return []byte(v.text(row)), nil
	case bindings.TypeEnum:
		return v.label(row)
	case bindings.TypeUUID:
		return v.uuid(row), nil
	case bindings.TypeBit:
		return bitText(v.text(row)), nil
	case bindings.TypeBigNum:
		return bigNum(v.text(row)), nil
	case bindings.TypeInterval:
		return intervalText(at[interval](v, row)), nil
	}
	if t, ok := v.moment(row); ok {
		return t, nil
	}
	return v.compound(row)
}

// decimal gives a decimal's exact text.
func (v *vector) decimal(row int) (string, error) {
	var unscaled *big.Int
	switch v.storage {
	case bindings.TypeSmallInt:
		unscaled = big.NewInt(int64(at[int16](v, row)))
	case bindings.TypeInteger:
		unscaled = big.NewInt(int64(at[int32](v, row)))
	case bindings.TypeBigInt:
		unscaled = big.NewInt(at[int64](v, row))
	case bindings.TypeHugeInt:
		unscaled = at[hugeint](v, row).big()
	default:
		return "", fmt.Errorf("a decimal is stored as DuckDB's type %d", v.storage)
	}
	digits, scale := new(big.Int).Abs(unscaled).String(), int(v.scale)
	if scale > 0 {
		if len(digits) <= scale {
			digits = strings.Repeat("0", scale-len(digits)+1) + digits
		}
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if unscaled.Sign() < 0 {
		return "-" + digits, nil
	}
	return digits, nil
}

// label gives an enum's label.
func (v *vector) label(row int) (string, error) {
	var i uint64
	switch v.storage {
	case bindings.TypeUTinyInt:
		i = uint64(at[uint8](v, row))
	case bindings.TypeUSmallInt:
		i = uint64(at[uint16](v, row))
	default:
		i = uint64(at[uint32](v, row))
	}
	if i >= uint64(len(v.labels)) {
		return "", fmt.Errorf("an enum has no label %d", i)
	}
	return v.labels[i], nil
}

// uuid gives the usual text; DuckDB flips the first bit so that UUIDs sort.
func (v *vector) uuid(row int) string {
	h := at[hugeint](v, row)
	high := uint64(h.high) ^ (1 << 63)
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", high>>32, high>>16&0xffff, high&0xffff, h.low>>48, h.low&(1<<48-1))
}

// moment gives a date or a time. Within a nested type, where no column type
// tells a date from a time stamp, it gives their text.
func (v *vector) moment(row int) (any, bool) {
	layout := "2006-01-02 15:04:05.999999999"
	var t time.Time
	switch v.id {
	case bindings.TypeDate:
		days := at[int32](v, row)
		if s, ok := infinite(int64(days), math.MaxInt32); ok {
			return s, true
		}
		t, layout = time.Unix(int64(days)*86400, 0), time.DateOnly
	case bindings.TypeTimestamp, bindings.TypeTimestampTZ, bindings.TypeTimestampS, bindings.TypeTimestampMS, bindings.TypeTimestampNS:
		ticks := at[int64](v, row)
		if s, ok := infinite(ticks, math.MaxInt64); ok {
			return s, true
		}
		switch v.id {
		case bindings.TypeTimestampS:
			t = time.Unix(ticks, 0)
		case bindings.TypeTimestampMS:
			t = time.UnixMilli(ticks)
		case bindings.TypeTimestampNS:
			t = time.Unix(0, ticks)
		default:
			t = time.UnixMicro(ticks)
		}
	case bindings.TypeTime:
		return clock(at[int64](v, row) * 1000), true
	case bindings.TypeTimeNS:
		return clock(at[int64](v, row)), true
	case bindings.TypeTimeTZ:
		// 40 bits of microseconds, then 24 bits of 15:59:59 minus the offset.
		bits := at[uint64](v, row)
		offset := 16*3600 - 1 - int(bits&(1<<24-1))
		return clock(int64(bits>>24)*1000) + time.Unix(0, 0).In(time.FixedZone("", offset)).Format("-07:00"), true
	default:
		return nil, false
	}
	t = t.UTC()
	if v.nested {
		return t.Format(layout), true
	}
	return t, true
}

// infinite tells DuckDB's two infinite moments.
func infinite(ticks, highest int64) (string, bool) {
	switch ticks {
	case highest:
		return "infinity", true
	case -highest:
		return "-infinity", true
	}
	return "", false
}

// clock writes a time of day.
func clock(nanos int64) string {
	return time.Unix(0, nanos).UTC().Format("15:04:05.999999999")
}

// compound gives the value of a nested type.
func (v *vector) compound(row int) (any, error) {
	switch v.id {
	case bindings.TypeList:
		e := at[listEntry](v, row)
		return v.items(int(e.offset), int(e.length))
	case bindings.TypeArray:
		return v.items(row*v.length, v.length)
	case bindings.TypeMap:
		e := at[listEntry](v, row)
		out := make(map[string]any, e.length)
		for i := int(e.offset); i < int(e.offset+e.length); i++ {
			key, err := v.children[0].value(i)
			if err != nil {
				return nil, err
			}
			if out[fmt.Sprint(key)], err = v.children[1].value(i); err != nil {
				return nil, err
			}
		}
		return out, nil
	case bindings.TypeStruct:
		out := make(map[string]any, len(v.children))
		for i := range v.children {
			value, err := v.children[i].value(row)
			if err != nil {
				return nil, err
			}
			out[v.names[i]] = value
		}
		return out, nil
	case bindings.TypeUnion:
		tag := int(at[uint8](&v.children[0], row))
		if tag+1 >= len(v.children) {
			return nil, fmt.Errorf("a union has no member %d", tag)
		}
		value, err := v.children[tag+1].value(row)
		if value == nil || err != nil {
			return nil, err
		}
		return fmt.Sprint(value), nil
	}
	return nil, fmt.Errorf("DuckDB's type %d cannot be read", v.id)
}

func (v *vector) items(from, n int) ([]any, error) {
	out := make([]any, n)
	for i := range out {
		var err error
		if out[i], err = v.children[0].value(from + i); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// bitText writes a bit string: the first byte is the number of unused leading
// bits of the second.
func bitText(s string) string {
	if len(s) < 2 {
		return ""
	}
	var b strings.Builder
	for i := int(s[0]); i < (len(s)-1)*8; i++ {
		b.WriteByte('0' + s[1+i/8]>>(7-i%8)&1)
	}
	return b.String()
}

// bigNum writes a whole number of any length: a header of three bytes whose
// first bit is the sign, then the magnitude, complemented where negative.
func bigNum(s string) string {
	if len(s) < 4 {
		return "0"
	}
	magnitude := []byte(s[3:])
	if s[0]&0x80 != 0 {
		return new(big.Int).SetBytes(magnitude).String()
	}
	for i := range magnitude {
		magnitude[i] = ^magnitude[i]
	}
	return "-" + new(big.Int).SetBytes(magnitude).String()
}

// intervalText writes an interval as DuckDB does.
func intervalText(v interval) string {
	var parts []string
	add := func(n int64, unit string) {
		if n == 0 {
			return
		}
		if n != 1 && n != -1 {
			unit += "s"
		}
		parts = append(parts, fmt.Sprintf("%d %s", n, unit))
	}
	add(int64(v.months/12), "year")
	add(int64(v.months%12), "month")
	add(int64(v.days), "day")
	if v.micros != 0 || len(parts) == 0 {
		sign, micros := "", v.micros
		if micros < 0 {
			sign, micros = "-", -micros
		}
		t := fmt.Sprintf("%s%02d:%02d:%02d", sign, micros/3_600_000_000, micros/60_000_000%60, micros/1_000_000%60)
		if f := micros % 1_000_000; f != 0 {
			t += strings.TrimRight(fmt.Sprintf(".%06d", f), "0")
		}
		parts = append(parts, t)
	}
	return strings.Join(parts, " ")
}
