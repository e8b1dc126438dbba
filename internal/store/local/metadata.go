package local

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"syscall"
)

// attributeName is the extended attribute that carries an object's metadata,
// so that it is replaced together with the object and cannot disagree with it.
const attributeName = "user.wplake"

// attributeLimit is a size in bytes above which a file system that says "no
// space" may mean the attribute and not the disk (ext4 has one block for all).
const attributeLimit = 2048

// attribute is the content of the extended attribute. Size and mtime are those
// of the file when it was committed: when they are not the file's any more,
// somebody has written to it, and the metadata is not about it.
type attribute struct {
	Size     int64             `json:"size"`     // bytes
	Modified int64             `json:"mtime_ns"` // nanoseconds since 1970
	Metadata map[string]string `json:"metadata"`
}

// writeMetadata attaches metadata to a file that will not be written to any
// more. It returns what was kept, which is nil where the file system keeps none.
func (b *Bucket) writeMetadata(f *os.File, info fs.FileInfo, metadata map[string]string) (map[string]string, error) {
	value, err := json.Marshal(attribute{Size: info.Size(), Modified: info.ModTime().UnixNano(), Metadata: metadata})
	if err != nil {
		return nil, err
	}
	err = setAttribute(f, value)
	switch {
	case err == nil:
		return maps.Clone(metadata), nil
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, fs.ErrPermission),
		errors.Is(err, syscall.E2BIG), errors.Is(err, syscall.ERANGE),
		errors.Is(err, syscall.ENOSPC) && len(value) > attributeLimit:
		b.warnMetadata.Do(func() {
			b.log.Warn("the file system keeps no metadata with objects; they are treated as written by somebody else",
				"bucket", b.dir, "cause", err)
		})
		return nil, nil
	}
	return nil, err
}

// readMetadata returns a file's metadata, or nil where it has none that is
// about its present content.
func (b *Bucket) readMetadata(f *os.File, info fs.FileInfo) map[string]string {
	value, err := getAttribute(f)
	if err != nil || len(value) == 0 {
		return nil
	}
	return parseAttribute(value, info.Size(), info.ModTime().UnixNano())
}

func parseAttribute(value []byte, size, modified int64) map[string]string {
	var a attribute
	if json.Unmarshal(value, &a) != nil || a.Size != size || a.Modified != modified {
		return nil
	}
	return a.Metadata
}
