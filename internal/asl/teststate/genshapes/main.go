// Command genshapes writes the table of the answers of AWS services that mocked
// results are held against. It reads the service models of botocore
// (Apache-2.0), of which it keeps the facts of each answer: the names of its
// fields, their types, which are required, and their bounds.
//
//	go run ./internal/asl/teststate/genshapes -models …/site-packages/botocore/data -o internal/asl/teststate/shapes.json.gz
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// services are those whose answers are kept, with the operations to keep, or
// all of them.
func services() map[string][]string {
	return map[string][]string{
		"athena": nil, "dynamodb": nil, "events": nil, "kms": nil, "lambda": nil, "s3": nil, "scheduler": nil,
		"secretsmanager": nil, "sns": nil, "sqs": nil, "stepfunctions": nil, "sts": nil, "redshift-data": nil,
		"glue": {
			"JobRun", "Crawler", "DataQualityR", "GetTable", "GetPartition", "GetDatabase", "GetWorkflowRun", "StartWorkflowRun",
		},
		"ssm":        {"Parameter", "SendCommand", "CommandInvocation"},
		"cloudwatch": {"PutMetric", "GetMetric"},
		"logs":       {"PutLogEvents", "CreateLog", "StartQuery", "GetQueryResults", "FilterLogEvents", "GetLogEvents"},
		"batch":      {"SubmitJob"},
		"ecs":        {"RunTask", "StopTask", "DescribeTasks"},
	}
}

// corrections are bounds that Step Functions holds to although the models have
// widened them since.
func corrections() map[string]float64 { return map[string]float64{"MemorySize": 10240} }

type model struct {
	Operations map[string]struct {
		Output *reference `json:"output"`
	} `json:"operations"`
	Shapes map[string]modelShape `json:"shapes"`
}

type reference struct {
	Shape string `json:"shape"`
}

type modelShape struct {
	Type     string               `json:"type"`
	Members  map[string]reference `json:"members"`
	Member   reference            `json:"member"`
	Value    reference            `json:"value"`
	Required []string             `json:"required"`
	Min      *float64             `json:"min"`
	Max      *float64             `json:"max"`
	Enum     []string             `json:"enum"`
}

// shape is a modelShape as the table has it; see package teststate.
type shape struct {
	Kind     string         `json:"k"`
	Min      *float64       `json:"n,omitempty"`
	Max      *float64       `json:"x,omitempty"`
	Enum     []string       `json:"e,omitempty"`
	Item     *int           `json:"i,omitempty"`
	Fields   map[string]int `json:"f,omitempty"`
	Texts    string         `json:"t,omitempty"` // names of fields that are any text
	Numbers  string         `json:"d,omitempty"` // names of fields that are any number
	Required []string       `json:"r,omitempty"`
}

func (s *shape) plain() bool { return s.Min == nil && s.Max == nil && s.Enum == nil }

type table struct {
	Answers map[string]int `json:"answers"`
	Shapes  []shape        `json:"shapes"`

	leaves map[string]int
}

func main() {
	models := flag.String("models", "", "folder with the models of botocore")
	out := flag.String("o", "shapes.json.gz", "file to write")
	flag.Parse()
	if err := run(*models, *out); err != nil {
		fmt.Fprintln(os.Stderr, "genshapes:", err)
		os.Exit(1)
	}
}

func run(models, out string) error {
	t := &table{Answers: map[string]int{}, leaves: map[string]int{}}
	all := services()
	names := make([]string, 0, len(all))
	for s := range all {
		names = append(names, s)
	}
	slices.Sort(names)
	for _, s := range names {
		if err := t.service(models, s, all[s]); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(text); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	fmt.Printf("%d answers, %d shapes, %d bytes\n", len(t.Answers), len(t.Shapes), b.Len())
	return os.WriteFile(out, b.Bytes(), 0o644) //nolint:gosec // a file of the sources, for all to read
}

func (t *table) service(models, name string, keep []string) error {
	files, err := filepath.Glob(filepath.Join(models, name, "*", "service-2.json.gz"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no model: %w", err)
	}
	slices.Sort(files)
	f, err := os.Open(files[len(files)-1])
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	var m model
	if err := json.NewDecoder(z).Decode(&m); err != nil {
		return err
	}
	operations := make([]string, 0, len(m.Operations))
	for op, o := range m.Operations {
		wanted := func(part string) bool { return strings.Contains(op, part) }
		if o.Output != nil && (keep == nil || slices.ContainsFunc(keep, wanted)) {
			operations = append(operations, op)
		}
	}
	slices.Sort(operations)
	known := map[string]int{}
	for _, op := range operations {
		t.Answers[name+":"+op] = t.shape(&m, m.Operations[op].Output.Shape, known)
	}
	return nil
}

// shape takes a shape of a model into the table and tells where it is.
func (t *table) shape(m *model, name string, known map[string]int) int {
	if at, ok := known[name]; ok {
		return at
	}
	from := m.Shapes[name]
	s := shape{Min: from.Min, Max: from.Max, Enum: from.Enum}
	if limit, ok := corrections()[name]; ok && s.Max != nil {
		s.Max = &limit
	}
	if s.Min != nil && *s.Min == 0 {
		s.Min = nil
	}
	switch from.Type {
	case "structure":
		s.Kind = "o"
	case "list":
		s.Kind = "l"
	case "map":
		s.Kind = "m"
	case "boolean":
		s.Kind = "b"
	case "integer", "long", "float", "double", "bigdecimal":
		s.Kind = "n"
	default:
		s.Kind = "s"
	}
	if s.Kind != "o" && s.Kind != "l" && s.Kind != "m" {
		text, _ := json.Marshal(s)
		at, ok := t.leaves[string(text)]
		if !ok {
			at = len(t.Shapes)
			t.Shapes = append(t.Shapes, s)
			t.leaves[string(text)] = at
		}
		known[name] = at
		return at
	}
	at := len(t.Shapes)
	t.Shapes = append(t.Shapes, s)
	known[name] = at
	switch s.Kind {
	case "l":
		i := t.shape(m, from.Member.Shape, known)
		s.Item = &i
	case "m":
		i := t.shape(m, from.Value.Shape, known)
		s.Item = &i
	default:
		s.Fields = map[string]int{}
		members := make([]string, 0, len(from.Members))
		for f := range from.Members {
			members = append(members, f)
		}
		slices.Sort(members)
		var texts, numbers []string
		for _, f := range members {
			at := t.shape(m, from.Members[f].Shape, known)
			switch inner := t.Shapes[at]; {
			case inner.Kind == "s" && inner.plain():
				texts = append(texts, title(f))
			case inner.Kind == "n" && inner.plain():
				numbers = append(numbers, title(f))
			default:
				s.Fields[title(f)] = at
			}
		}
		s.Texts, s.Numbers = strings.Join(texts, " "), strings.Join(numbers, " ")
		for _, f := range from.Required {
			s.Required = append(s.Required, title(f))
		}
	}
	t.Shapes[at] = s
	return at
}

// title is a field's name as Step Functions has it: it begins with a capital.
func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
