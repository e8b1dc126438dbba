// Package metrics words what a stage did as metrics of CloudWatch, in the
// embedded metric format: lines of JSON on standard output of a Lambda function,
// which CloudWatch Logs turns into metrics without a request of ours. It is pure.
//
// CloudWatch bills a metric by the hour in which it is sent, so there are few:
// Rows, Bytes and Duration of an object that was made, and Rejected and Failed
// where they are not zero. What was skipped sends nothing.
//
// The format is specified at
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
package metrics

import (
	"encoding/json"
	"strings"
	"time"

	"wplake/internal/lake"
)

// Namespace is that of all metrics.
const Namespace = "wplake"

// Names of metrics.
const (
	Rows     = "Rows"     // of an object that was made
	Bytes    = "Bytes"    // of an object that was made
	Duration = "Duration" // milliseconds, of an object that was made or failed
	Rejected = "Rejected" // rows; only where there are any
	Failed   = "Failed"   // 1 for an object that failed
)

// Names of dimensions. Rejected and Failed are sent by Lake alone as well: these
// are what alarms look at.
const (
	DimensionLake   = "Lake"   // the stack's name
	DimensionLayer  = "Layer"  // raw, bronze, silver
	DimensionObject = "Object" // e.g. posts
)

// Source says whose metrics they are.
type Source struct {
	Lake    string // the stack's name
	Run     string
	Request string // of Lambda
}

// metric is a metric's declaration.
type metric struct {
	Name string
	Unit string
}

// directive declares metrics under one set of dimensions.
type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metric
}

// Lines are the lines of a stage's report, without line ends.
func Lines(s Source, at time.Time, report lake.StageReport) [][]byte {
	var lines [][]byte
	for _, o := range report.Objects {
		if line := object(s, at, report.Stage, o); line != nil {
			lines = append(lines, line)
		}
	}
	if report.Error != nil {
		lines = append(lines, encode(s, at, map[string]any{
			"stage": report.Stage, "code": report.Error.Code, Failed: 1,
		}, []directive{byLake([]metric{{Failed, "Count"}})}))
	}
	return lines
}

// object is the line of an object, nil for none.
func object(s Source, at time.Time, stage string, o lake.ObjectReport) []byte {
	layer, crawled := strings.CutPrefix(stage, "crawl-")
	values := map[string]any{DimensionLayer: layer, DimensionObject: o.Object, "stage": stage, "status": o.Status}
	var own, all []metric
	switch {
	case o.Status == lake.StatusFailed:
		all = append(all, metric{Failed, "Count"})
		values[Failed] = 1
		if o.Error != nil {
			values["code"] = o.Error.Code
		}
	case o.Status == lake.StatusSkipped || crawled: // a table's rows are those of its object
		return nil
	default:
		own = append(own, metric{Rows, "Count"}, metric{Bytes, "Bytes"})
		values[Rows], values[Bytes], values["columns"] = o.Rows, o.Bytes, o.Columns
		if o.Rejected > 0 {
			all = append(all, metric{Rejected, "Count"})
			values[Rejected] = o.Rejected
		}
	}
	if !crawled {
		own = append(own, metric{Duration, "Milliseconds"})
		values[Duration] = o.DurationMS
	}
	directives := []directive{{
		Namespace: Namespace, Dimensions: [][]string{{DimensionLake, DimensionLayer, DimensionObject}}, Metrics: append(own, all...),
	}}
	if len(all) > 0 {
		directives = append(directives, byLake(all))
	}
	return encode(s, at, values, directives)
}

func byLake(metrics []metric) directive {
	return directive{Namespace: Namespace, Dimensions: [][]string{{DimensionLake}}, Metrics: metrics}
}

func encode(s Source, at time.Time, values map[string]any, directives []directive) []byte {
	values["_aws"] = map[string]any{"Timestamp": at.UnixMilli(), "CloudWatchMetrics": directives}
	values[DimensionLake] = s.Lake
	values["run"], values["requestId"] = s.Run, s.Request
	line, err := json.Marshal(values)
	if err != nil {
		panic(err) // plain data has no such error
	}
	return line
}
