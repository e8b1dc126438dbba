package config

import "time"

// Ref is a value that may refer to something outside the file.
type Ref string

// ByteSize is a number of bytes; in the file 512MB, 1GB, 64KB (powers of 1000) or MiB, GiB (powers of 1024).
type ByteSize int64

// Duration is a time span; in the file 30s, 5m, 1h30m.
type Duration time.Duration
