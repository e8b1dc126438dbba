package deploy

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"wplake/internal/config"
	"wplake/internal/lake"
)

// bootstrapName is what Lambda's custom runtimes start.
const bootstrapName = "bootstrap"

// Lambda's bounds on a package, in bytes.
const (
	maxZipped   = 50 << 20
	maxUnzipped = 250 << 20
)

// PackageInput says what goes into a package.
type PackageInput struct {
	Config     config.Config
	Dir        string // the definition's folder
	Definition string // path of the definition
	Program    string // path of the binary that becomes bootstrap
	Cache      string // folder that keeps what was compressed; "" for none
	Slow       func() // told before half a minute of compressing; may be nil
}

// PackedFile is a file within a package.
type PackedFile struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"` // uncompressed
}

// File is a package: what a Lambda function's code is made of. Equal files
// give equal bytes.
type File struct {
	Zip    []byte
	SHA256 string // of Zip, hexadecimal
	Files  []PackedFile
}

// Key is the package's place in the artifacts bucket, by its content, in the
// folder of the stack.
func (f File) Key(stack string) string { return stack + "/packages/" + f.SHA256 + ".zip" }

// Package packs the binary as bootstrap, the definition as wplake.yaml and the
// files that it names into a zip; for a silver job also the loader and the
// libraries that the binary needs, in the folder glue. It is deterministic: sorted, without times.
// Errors are *lake.Error: ConfigInvalid where the definition or the binary
// cannot work on AWS, StorageFailed where a file cannot be read.
func Package(ctx context.Context, in PackageInput) (File, error) {
	if err := checkReferences(in.Config); err != nil {
		return File{}, err
	}
	names, err := filesOf(in.Config)
	if err != nil {
		return File{}, err
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	w.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(to, flate.BestCompression)
	})
	var f File
	n, err := packProgram(ctx, w, in)
	if err != nil {
		return File{}, err
	}
	f.Files = append(f.Files, PackedFile{bootstrapName, n})
	for _, name := range append([]string{config.FileName}, names...) {
		from := filepath.Join(in.Dir, filepath.FromSlash(name))
		if name == config.FileName {
			from = in.Definition
		}
		data, err := readBounded(from)
		if err != nil {
			return File{}, unreadable(from, err)
		}
		if err := pack(w, name, 0o644, bytes.NewReader(data)); err != nil {
			return File{}, err
		}
		f.Files = append(f.Files, PackedFile{name, int64(len(data))})
	}
	if in.Config.Silver.Runtime == config.RuntimePythonShell {
		packed, err := packLibraries(w, in.Program)
		if err != nil {
			return File{}, err
		}
		f.Files = append(f.Files, packed...)
	}
	if err := w.Close(); err != nil {
		return File{}, err
	}
	f.Zip = out.Bytes()
	sum := sha256.Sum256(f.Zip)
	f.SHA256 = hex.EncodeToString(sum[:])
	return f, f.checkSize()
}

// checkSize holds the package to Lambda's bounds.
func (f File) checkSize() error {
	var total int64
	for _, file := range f.Files {
		total += file.Bytes
	}
	if len(f.Zip) <= maxZipped && total <= maxUnzipped {
		return nil
	}
	return &lake.Error{
		Code: lake.ConfigInvalid,
		Message: fmt.Sprintf("the package is too large for Lambda: %.1f MiB zipped and %.1f MiB unzipped, where %d and %d are allowed",
			float64(len(f.Zip))/(1<<20), float64(total)/(1<<20), maxZipped>>20, maxUnzipped>>20),
		Hint: "take a stripped binary (`make build`) with --bootstrap FILE",
	}
}

// packProgram packs the binary and returns its size.
func packProgram(ctx context.Context, w *zip.Writer, in PackageInput) (n int64, err error) {
	program, err := os.Open(in.Program)
	if err != nil {
		return 0, unreadable(in.Program, err)
	}
	defer func() { err = errors.Join(err, program.Close()) }()
	if err := checkBootstrap(program, in.Program, in.Config.AWS.Functions.Architecture); err != nil {
		return 0, err
	}
	info, err := program.Stat()
	if err != nil {
		return 0, unreadable(in.Program, err)
	}
	if info.Size() > maxUnzipped {
		return 0, File{Files: []PackedFile{{bootstrapName, info.Size()}}}.checkSize()
	}
	content, err := io.ReadAll(io.NewSectionReader(program, 0, info.Size()))
	if err != nil {
		return 0, unreadable(in.Program, err)
	}
	err = packSmall(ctx, w, in, bootstrapName, content)
	if ctx.Err() != nil {
		return 0, &lake.Error{Code: lake.Interrupted, Message: "interrupted while packing", Hint: "nothing was changed: run it again", Err: ctx.Err()}
	}
	return info.Size(), err
}

// packLibraries packs what the silver job starts the binary with.
func packLibraries(w *zip.Writer, program string) ([]PackedFile, error) {
	libraries, err := jobLibraries(program)
	if err != nil {
		return nil, err
	}
	var packed []PackedFile
	for _, l := range libraries {
		data, err := l.read()
		if err != nil {
			return nil, err
		}
		name, mode := librariesFolder+"/"+l.name, fs.FileMode(0o644)
		if l.name == loaderName {
			mode = 0o755
		}
		if err := pack(w, name, mode, bytes.NewReader(data)); err != nil {
			return nil, err
		}
		packed = append(packed, PackedFile{name, int64(len(data))})
	}
	return packed, nil
}

// pack writes one file with a fixed time.
func pack(w *zip.Writer, name string, mode fs.FileMode, from io.Reader) error {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	h.SetMode(mode)
	to, err := w.CreateHeader(h)
	if err != nil {
		return fmt.Errorf("pack %s: %w", name, err)
	}
	if _, err := io.Copy(to, from); err != nil {
		return unreadable(name, err)
	}
	return nil
}

func unreadable(name string, err error) error {
	return &lake.Error{
		Code: lake.StorageFailed, Message: name + " cannot be packed: " + err.Error(), Err: err,
		Hint: "the definition's files are packed with it: put the file there, or take its name out of the definition",
	}
}
