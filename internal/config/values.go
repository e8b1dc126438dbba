package config

import (
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Ref is a value that may refer to something outside the file. Its text forms
// (String, JSON, a log line) show references as they are and hide everything
// else that could be a secret, so a Config may be printed; whoever needs the
// value asks a Resolver. In Go, string(ref) is the text of the file.
type Ref string

// hidden stands in for a secret.
const hidden = "***"

// IsReference reports whether the value stands elsewhere: in the environment,
// a parameter or a file.
func (r Ref) IsReference() bool {
	return strings.HasPrefix(string(r), paramPrefix) || strings.HasPrefix(string(r), filePrefix) ||
		len(environmentNames(string(r))) > 0
}

// String is the value with references as they are, and of what is literal no
// more than tells no secret: of a web address scheme, host and path, of all
// else ***.
func (r Ref) String() string {
	s := string(r)
	if s == "" || strings.HasPrefix(s, paramPrefix) || strings.HasPrefix(s, filePrefix) {
		return s
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		var b strings.Builder
		for part := range references(s) {
			switch {
			case part.name != "":
				b.WriteString("${" + part.name + "}")
			case !strings.HasSuffix(b.String(), hidden):
				b.WriteString(hidden)
			}
		}
		return b.String()
	}
	if u.User != nil {
		u.User = url.User(hidden)
	}
	if u.RawQuery != "" {
		u.RawQuery = hidden
	}
	u.Fragment, u.RawFragment = "", ""
	return strings.ReplaceAll(u.String(), url.QueryEscape(hidden), hidden)
}

// GoString is String, so that %#v tells no secret.
func (r Ref) GoString() string { return strconv.Quote(r.String()) }

// MarshalText is String, for JSON and YAML.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// LogValue is String, for log lines.
func (r Ref) LogValue() slog.Value { return slog.StringValue(r.String()) }

// ByteSize is a number of bytes; in the file 512MB, 1GB, 64KB (powers of 1000) or MiB, GiB (powers of 1024).
type ByteSize int64

// byteUnit is a unit of size.
type byteUnit struct {
	name   string
	factor int64
}

// byteUnits lists the units, the largest first, decimal before binary.
func byteUnits() []byteUnit {
	return []byteUnit{
		{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3},
		{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1},
	}
}

// ParseByteSize reads a size such as 512MB, 1.5GiB or 1048576.
func ParseByteSize(s string) (ByteSize, error) {
	wrong := fmt.Errorf("%q is not a size (write 512MB, 2GB or 256MiB)", s)
	text := strings.TrimSpace(s)
	digits := strings.TrimRight(text, "KMGTBikmgtb ")
	unit := strings.TrimSpace(text[len(digits):])
	factor := int64(0)
	for _, u := range byteUnits() {
		if strings.EqualFold(u.name, unit) || unit == "" && u.name == "B" {
			factor = u.factor
		}
	}
	if factor == 0 || digits == "" || strings.ContainsAny(digits, "eExXpP_+-") {
		return 0, wrong
	}
	if whole, err := strconv.ParseInt(digits, 10, 64); err == nil {
		if whole > math.MaxInt64/factor {
			return 0, fmt.Errorf("%q is more than a size can be", s)
		}
		return ByteSize(whole * factor), nil
	}
	value, err := strconv.ParseFloat(digits, 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		return 0, wrong
	}
	if value*float64(factor) >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is more than a size can be", s)
	}
	return ByteSize(value * float64(factor)), nil
}

// String is the size in the largest unit that gives a whole number.
func (b ByteSize) String() string {
	if b == 0 {
		return "0B"
	}
	for _, u := range byteUnits() {
		if int64(b)%u.factor == 0 {
			return strconv.FormatInt(int64(b)/u.factor, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10) + "B"
}

// MarshalText is String, for JSON and YAML.
func (b ByteSize) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads what ParseByteSize reads.
func (b *ByteSize) UnmarshalText(text []byte) error {
	v, err := ParseByteSize(string(text))
	if err != nil {
		return err
	}
	*b = v
	return nil
}

// Duration is a time span; in the file 30s, 5m, 1h30m.
type Duration time.Duration

// ParseDuration reads a time span such as 30s, 5m or 1h30m.
func ParseDuration(s string) (Duration, error) {
	d, err := time.ParseDuration(strings.TrimSpace(s))
	if err != nil {
		return 0, fmt.Errorf("%q is not a time span (write 30s, 5m or 1h30m)", s)
	}
	return Duration(d), nil
}

// String is the time span without units that are zero: 15m rather than 15m0s.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText is String, for JSON and YAML.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = v
	return nil
}
