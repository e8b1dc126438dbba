package template

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"wplake/internal/lake"
)

// widget is a graph of the dashboard. Its metrics are found when it is looked
// at: objects come and go without a deployment.
type widget struct {
	title   string
	metrics []string // each a JSON array
	sum     string   // statistic
	stacked bool
	text    string // instead of metrics
}

// dashboard shows rows, rejected rows, bytes and time by object and layer, and
// how executions ended.
func (b *builder) dashboard() {
	if !b.c.AWS.Dashboard {
		return
	}
	b.section = "Dashboard"
	var widgets []string
	x, y := 0, 0
	for _, w := range b.widgets() {
		width, height := 12, 6
		if w.text != "" {
			width, height = 24, 2
		}
		widgets = append(widgets, w.json(x, y, width, height))
		if x += width; x >= 24 {
			x, y = 0, y+height
		}
	}
	var body bytes.Buffer
	raw := `{"start": "-P14D", "widgets": [` + strings.Join(widgets, ",") + `]}`
	if err := json.Indent(&body, []byte(raw), "", "  "); err != nil {
		panic(fmt.Sprintf("the dashboard's own text: %v", err))
	}
	b.add("Dashboard", "AWS::CloudWatch::Dashboard", "Series are found by SEARCH, so that new objects appear by themselves",
		object("DashboardName", b.c.AWS.Stack, "DashboardBody", substituted(body.String())))
}

func (b *builder) widgets() []widget {
	by := func(metric string, layers ...lake.Layer) []string {
		var all []string
		for i, l := range layers {
			search := fmt.Sprintf(`SEARCH('{%s,Lake,Layer,Object} Lake="%s" Layer="%s" MetricName="%s"', 'Sum', 3600)`, Namespace, b.c.AWS.Stack, l, metric)
			all = append(all, fmt.Sprintf(`[{"expression": "%s", "label": "%s ${!PROP('Dim.Object')}", "id": "%s%d"}]`,
				strings.ReplaceAll(search, `"`, `\"`), l, strings.ToLower(metric), i))
		}
		return all
	}
	states := func(metric string) string {
		return fmt.Sprintf(`["AWS/States", "%s", "StateMachineArn", "${%s}"]`, metric, b.machine.id)
	}
	all := []widget{
		{text: "# " + b.c.AWS.Stack + "\nThe lake of the site " + b.c.Site + ". Objects that failed are told by the layers' topics; `wplake doctor --home aws` walks through all of it."},
		{title: "Executions", sum: "Sum", metrics: []string{states("ExecutionsSucceeded"), states("ExecutionsFailed"), states("ExecutionsTimedOut"), states("ExecutionsAborted")}},
		{title: "Rows by object", sum: "Sum", metrics: by("Rows", lake.Bronze, lake.Silver)},
		{title: "Rejected rows by object", sum: "Sum", stacked: true, metrics: by("Rejected", lake.Bronze, lake.Silver)},
		{title: "Bytes by object", sum: "Sum", metrics: by("Bytes", layers()...)},
		{title: "Duration by object (ms)", sum: "Sum", metrics: by("Duration", layers()...)},
	}
	functions := widget{title: "Functions: longest invocation (ms)", sum: "Maximum"}
	for _, name := range b.functionNames() {
		functions.metrics = append(functions.metrics, fmt.Sprintf(`["AWS/Lambda", "Duration", "FunctionName", "%s"]`, lake.FunctionName(name)))
	}
	return append(all, functions)
}

func (w widget) json(x, y, width, height int) string {
	place := fmt.Sprintf(`"x": %d, "y": %d, "width": %d, "height": %d`, x, y, width, height)
	if w.text != "" {
		return fmt.Sprintf(`{"type": "text", %s, "properties": {"markdown": "%s"}}`, place, quoted(w.text))
	}
	return fmt.Sprintf(`{"type": "metric", %s, "properties": {"title": "%s", "region": "${AWS::Region}", "view": "timeSeries", "stacked": %t, "stat": "%s", "period": 3600, "metrics": [%s]}}`,
		place, quoted(w.title), w.stacked, w.sum, strings.Join(w.metrics, ","))
}
