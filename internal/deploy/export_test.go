package deploy

import (
	"reflect"
	"strings"

	"wplake/internal/config"
)

// TooNew reports whether Lambda's runtime lacks a version of a library.
func TooNew(version string) bool {
	_, yes := tooNew(version)
	return yes
}

// ReferencesOf lists the paths of all values of a definition that may be
// references.
func ReferencesOf(c config.Config) []string {
	var paths []string
	var walk func(t reflect.Type, path string)
	walk = func(t reflect.Type, path string) {
		switch {
		case t == reflect.TypeFor[config.Ref]():
			paths = append(paths, strings.TrimPrefix(path, "."))
		case t.Kind() == reflect.Struct:
			for i := range t.NumField() {
				name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
				walk(t.Field(i).Type, path+"."+name)
			}
		case t.Kind() == reflect.Map, t.Kind() == reflect.Slice, t.Kind() == reflect.Pointer:
			walk(t.Elem(), path)
		}
	}
	walk(reflect.TypeOf(c), "")
	return paths
}
