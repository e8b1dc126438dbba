package asl

import (
	"slices"
	"strings"
	"unicode"

	"wplake/internal/asl/source"
)

// mapField judges the fields that a Map alone has.
func (v *validator) mapField(p *place, name string, value *source.Value) {
	at := p.at + "/" + name
	switch name {
	case "ItemProcessor", "Iterator":
		v.processor(p, at, value)
	case "MaxConcurrency", "ToleratedFailureCount":
		v.setting(p, at, value, 0, 0)
	case "ToleratedFailurePercentage":
		if p.language == JSONata && value.Is(source.String) {
			v.onlyExpression(p, at, value)
			return
		}
		v.real(at, value, 0, 100)
	case "Label":
		v.label(at, value)
	case "ItemReader":
		v.itemReader(p, at, value)
	case "ItemBatcher":
		v.itemBatcher(p, at, value)
	case "ResultWriter":
		v.resultWriter(p, at, value)
	}
}

func (v *validator) processor(p *place, at string, value *source.Value) {
	if !v.typed(at, value, source.Object) {
		return
	}
	if c := value.Get("ProcessorConfig"); c != nil {
		v.processorConfig(at+"/ProcessorConfig", c)
	}
	v.inner(p, at, value, "Comment", "StartAt", "States", "ProcessorConfig")
}

func (v *validator) processorConfig(at string, c *source.Value) {
	if !v.typed(at, c, source.Object) {
		return
	}
	mode := c.Get("Mode")
	distributed := mode.Str() == "DISTRIBUTED"
	if distributed {
		v.fields(at, c, "Mode", "ExecutionType")
		v.required(at, c, "ExecutionType")
	} else {
		v.fields(at, c, "Mode")
	}
	if mode != nil {
		v.enum(at+"/Mode", mode, "INLINE", "DISTRIBUTED")
	}
	if distributed && v.express {
		v.schema(at+"/Mode", "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines")
	}
	if t := c.Get("ExecutionType"); t != nil && distributed {
		v.enum(at+"/ExecutionType", t, "STANDARD", "EXPRESS")
	}
}

func (v *validator) label(at string, value *source.Value) {
	if !v.typed(at, value, source.String) {
		return
	}
	label := value.Text
	switch {
	case label == "":
		v.add(CodeLabel, at, "Label name cannot be empty")
	case utf16Length(label) > 40:
		v.add(CodeLabel, at, "Label name '"+label+"' exceeds the 40-character limit allowed by the service")
	case strings.ContainsFunc(label, forbiddenInLabels):
		v.add(CodeLabel, at, "Label name '"+label+"' contains invalid characters")
	case v.labels[label]:
		v.add(CodeDuplicateLabel, at, "Duplicate Label name: "+label)
	}
	v.labels[label] = true
}

func forbiddenInLabels(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("?*<>{}[]:;,\\|^~$#%&`\"", r)
}

// counted judges a number of a part of a Map, or its path.
func (v *validator) counted(p *place, at string, object *source.Value, name string, most int64) {
	v.atMostOne(at, object, name, name+"Path")
	if n := object.Get(name); n != nil {
		v.setting(p, at+"/"+name, n, 0, most)
	}
	if path := object.Get(name + "Path"); path != nil && p.language == JSONPath {
		v.referencePath(at+"/"+name+"Path", path)
	}
}

func (v *validator) itemBatcher(p *place, at string, value *source.Value) {
	if !v.typed(at, value, source.Object) {
		return
	}
	v.fields(at, value, "BatchInput", "MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath")
	v.ofLanguage(at, value, p.language)
	v.counted(p, at, value, "MaxItemsPerBatch", 0)
	v.counted(p, at, value, "MaxInputBytesPerBatch", 0)
	if input := value.Get("BatchInput"); input != nil {
		v.part(p, at+"/BatchInput", input)
	}
}

// part judges a template inside a field of a Map.
func (v *validator) part(p *place, at string, value *source.Value) {
	if p.language == JSONata {
		v.expressions(p, at, "", value)
		return
	}
	v.payload(at, value)
}

// arguments is what a reader or writer hands over: Parameters or Arguments.
func arguments(l QueryLanguage) string {
	if l == JSONata {
		return "Arguments"
	}
	return "Parameters"
}

// service is a resource without its partition.
func service(arn string) string {
	parts := strings.SplitN(arn, ":", 3)
	if len(parts) != 3 || parts[0] != "arn" || !strings.HasPrefix(parts[1], "aws") {
		return ""
	}
	return parts[2]
}

func (v *validator) itemReader(p *place, at string, value *source.Value) {
	if !v.typed(at, value, source.Object) {
		return
	}
	v.fields(at, value, "Resource", "Parameters", "Arguments", "ReaderConfig", "Comment")
	v.ofLanguage(at, value, p.language)
	v.required(at, value, "Resource")
	if r := value.Get("Resource"); r != nil && v.typed(at+"/Resource", r, source.String) {
		if s := service(r.Text); s != "states:::s3:getObject" && s != "states:::s3:listObjectsV2" {
			v.schema(at+"/Resource", "The field 'Resource' does not match any of the allowed values. Examples: [arn:<partition>:states:::s3:getObject, arn:<partition>:states:::s3:listObjectsV2]")
		}
	}
	if a := value.Get(arguments(p.language)); a != nil {
		v.part(p, at+"/"+arguments(p.language), a)
	}
	if c := value.Get("ReaderConfig"); c != nil {
		v.readerConfig(p, at+"/ReaderConfig", c)
	}
}

func (v *validator) readerConfig(p *place, at string, c *source.Value) {
	if !v.typed(at, c, source.Object) {
		return
	}
	kind := c.Get("InputType").Str()
	allowed := []string{"InputType", "MaxItems", "MaxItemsPath", "Transformation", "ItemsPointer", "ManifestType", "CSVDelimiter", "CSVHeaderLocation", "CSVHeaders"}
	if kind == "JSON" || kind == "JSONL" || kind == "PARQUET" {
		allowed = slices.DeleteFunc(allowed, func(name string) bool { return strings.HasPrefix(name, "CSV") })
	}
	v.fields(at, c, allowed...)
	v.ofLanguage(at, c, p.language)
	v.counted(p, at, c, "MaxItems", 100_000_000)
	if t := c.Get("InputType"); t != nil && v.typed(at+"/InputType", t, source.String) {
		if _, isExpression := jsonataSource(t.Text); !isExpression || p.language != JSONata {
			types := []string{"MANIFEST", "JSON", "CSV", "JSONL", "PARQUET"}
			if !slices.Contains(types, t.Text) {
				v.schema(at+"/InputType", "The field 'InputType' should have one of these values: [%s]", strings.Join(types, ", "))
			}
		}
	}
	if kind == "CSV" && !c.Has("CSVHeaderLocation") {
		v.schema(at, "The field 'CSVHeaderLocation' is required")
	}
	if l := c.Get("CSVHeaderLocation"); l != nil {
		v.enum(at+"/CSVHeaderLocation", l, "FIRST_ROW", "GIVEN")
		if l.Str() == "GIVEN" {
			v.required(at, c, "CSVHeaders")
		}
	}
	if h := c.Get("CSVHeaders"); h != nil {
		v.typed(at+"/CSVHeaders", h, source.Array)
	}
}

func (v *validator) resultWriter(p *place, at string, value *source.Value) {
	if !v.typed(at, value, source.Object) {
		return
	}
	v.fields(at, value, "Resource", "Parameters", "Arguments", "WriterConfig", "Comment")
	v.ofLanguage(at, value, p.language)
	if r := value.Get("Resource"); r != nil && v.typed(at+"/Resource", r, source.String) && service(r.Text) != "states:::s3:putObject" {
		v.schema(at+"/Resource", "The field 'Resource' does not match any of the allowed values. Examples: [arn:<partition>:states:::s3:putObject]")
	}
	if a := value.Get(arguments(p.language)); a != nil {
		v.part(p, at+"/"+arguments(p.language), a)
	}
	c := value.Get("WriterConfig")
	if c == nil || !v.typed(at+"/WriterConfig", c, source.Object) {
		return
	}
	v.fields(at+"/WriterConfig", c, "OutputType", "Transformation")
	if t := c.Get("OutputType"); t != nil {
		v.enum(at+"/WriterConfig/OutputType", t, "JSON", "JSONL")
	}
	if t := c.Get("Transformation"); t != nil {
		v.enum(at+"/WriterConfig/Transformation", t, "NONE", "COMPACT", "FLATTEN")
	}
}
