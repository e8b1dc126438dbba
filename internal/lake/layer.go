// Package lake is the vocabulary of a WordPress lakehouse: its layers, the
// names of objects and tables, what a run reports, and the codes of what can
// go wrong. It is pure (no I/O, no clock) and imports nothing else of wplake.
package lake

import (
	"fmt"
	"regexp"
	"strings"
)

// Layer is one stage of refinement of the data.
type Layer string

// The layers that hold objects, in the order in which data moves.
const (
	Raw    Layer = "raw"    // verbatim JSON, as the source gave it
	Bronze Layer = "bronze" // typed Parquet
	Silver Layer = "silver" // cleaned and conformed Parquet
)

// Layers lists all layers in the order in which data moves through them.
func Layers() []Layer { return []Layer{Raw, Bronze, Silver} }

// TableLayers lists the layers whose objects are tables in the catalog.
func TableLayers() []Layer { return []Layer{Bronze, Silver} }

// Extension is the suffix of the layer's objects, without the dot.
func (l Layer) Extension() string {
	if l == Raw {
		return "json"
	}
	return "parquet"
}

// ParseLayer turns a name that a person typed into a Layer.
func ParseLayer(s string) (Layer, error) {
	for _, l := range Layers() {
		if string(l) == s {
			return l, nil
		}
	}
	return "", fmt.Errorf("unknown layer %q (one of raw, bronze, silver)", s)
}

// ObjectKey is the key of an object within its layer's bucket:
// <dataset>/<object>/<object>.<json|parquet>.
func ObjectKey(l Layer, dataset, object string) string {
	return dataset + "/" + object + "/" + object + "." + l.Extension()
}

// RejectsPrefix begins the keys of a dataset's rejects objects, and of nothing else.
func RejectsPrefix(dataset string) string { return dataset + "_rejects/" }

// RejectsKey is the key of the Parquet object that keeps the rows which a
// layer could not take. It lies outside <dataset>/, so that nothing which
// lists or crawls the dataset takes it for a table of the site.
func RejectsKey(dataset, object string) string {
	return RejectsPrefix(dataset) + object + "/" + object + ".parquet"
}

// ObjectOfKey is the inverse of ObjectKey: it returns the object's name when
// key is an object of that layer and dataset. Like the reference pipeline it
// takes the name from the last path segment up to its last dot, so
// <dataset>/posts.json is taken as well.
func ObjectOfKey(l Layer, dataset, key string) (object string, ok bool) {
	rest, found := strings.CutPrefix(key, dataset+"/")
	if !found {
		return "", false
	}
	base := rest[strings.LastIndexByte(rest, '/')+1:]
	object, found = strings.CutSuffix(base, "."+l.Extension())
	if !found || !ValidObjectName(object) {
		return "", false
	}
	return object, true
}

// TableName is the name of an object's table in the catalog, as a Glue crawler
// with the layer's name as its prefix would make it: the prefix as it is, the
// rest in lower case with every character but letters, digits and _ made _.
func TableName(l Layer, object string) string {
	return string(l) + "-" + strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			return r
		}
		return '_'
	}, object)
}

var objectName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

// ValidObjectName reports whether s can name an object: 1 to 128 letters,
// digits, '_', '-' and '.', not beginning with '-' or '.'.
func ValidObjectName(s string) bool { return objectName.MatchString(s) }
