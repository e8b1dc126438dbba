package config

import (
	"reflect"
	"regexp"
	"slices"
	"strings"

	"wplake/internal/lake"
	"wplake/internal/transform"
	"wplake/internal/typing"
)

func stepType() reflect.Type   { return reflect.TypeFor[transform.Step]() }
func maskType() reflect.Type   { return reflect.TypeFor[transform.Mask]() }
func columnType() reflect.Type { return reflect.TypeFor[lake.Type]() }
func refType() reflect.Type    { return reflect.TypeFor[Ref]() }

// enumOf lists the values that a type allows, or nil when it allows any.
func enumOf(t reflect.Type) []string {
	switch t {
	case reflect.TypeFor[SourceKind]():
		return []string{string(SourceSample), string(SourceEndpoints)}
	case reflect.TypeFor[OnDelete]():
		return []string{string(Keep), string(Mark), string(Drop)}
	case reflect.TypeFor[Drift]():
		return []string{string(Evolve), string(Freeze), string(Reject)}
	case reflect.TypeFor[Unmapped]():
		return []string{string(UnmappedFail), string(UnmappedPass)}
	case reflect.TypeFor[Runtime]():
		return []string{string(RuntimeLambda), string(RuntimePythonShell)}
	case reflect.TypeFor[Architecture]():
		return []string{string(ArchitectureX86), string(ArchitectureARM)}
	case reflect.TypeFor[Interrupted]():
		return []string{string(InterruptedRetry), string(InterruptedFail)}
	case reflect.TypeFor[ScheduleMode]():
		return []string{string(ScheduleEnabled), string(ScheduleDisabled)}
	case reflect.TypeFor[Missed]():
		return []string{string(MissedOnce), string(MissedSkip), string(MissedAll)}
	case reflect.TypeFor[Overlap]():
		return []string{string(OverlapSkip), string(OverlapQueue), string(OverlapAllow)}
	case reflect.TypeFor[transform.Profile]():
		var names []string
		for _, p := range transform.Profiles() {
			names = append(names, string(p))
		}
		return names
	case reflect.TypeFor[transform.MaskMethod]():
		return []string{string(transform.MaskHash), string(transform.MaskRedact), string(transform.MaskNull), string(transform.MaskEmail)}
	}
	return nil
}

// typeNames lists the types without arguments that a place takes: those of
// bronze's columns, or the few more that a step can cast to.
func typeNames(cast bool) []string {
	names := []string{
		string(lake.Bigint), string(lake.Int), string(lake.Double), string(lake.Boolean),
		string(lake.String), string(lake.Timestamp), string(lake.Date),
	}
	if cast {
		names = append(names, "smallint", "tinyint")
	}
	return names
}

// suggestType is suggest for types, which have other names elsewhere.
func suggestType(text string, cast bool) string {
	elsewhere := map[string]lake.Type{
		"text": lake.String, "varchar": lake.String, "char": lake.String,
		"integer": lake.Int, "smallint": lake.Int, "tinyint": lake.Int, "long": lake.Bigint,
		"float": lake.Double, "real": lake.Double, "bool": lake.Boolean, "datetime": lake.Timestamp,
	}
	if t, ok := elsewhere[strings.ToLower(text)]; ok {
		return " (did you mean " + string(t) + "?)"
	}
	return suggest(text, typeNames(cast))
}

// decimalType is the form of decimals, for editors.
var decimalType = regexp.MustCompile(`^decimal\(([0-9]{1,2}),([0-9]{1,2})\)$`)

// validType reports whether text is a column type.
func validType(text string, cast bool) bool {
	return typing.Supported(lake.Type(text)) || cast && slices.Contains(typeNames(cast), text)
}
