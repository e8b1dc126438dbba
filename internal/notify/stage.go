package notify

import (
	"fmt"
	"slices"
	"strings"

	"wplake/internal/lake"
)

// maxBody bounds the body of a stage's message, in bytes: what the strictest
// of the services (4096 characters, the subject included) takes.
const maxBody = 3500

// layerOf is the layer that a stage belongs to: bronze for bronze and crawl-bronze.
func layerOf(stage string) lake.Layer { return lake.Layer(strings.TrimPrefix(stage, "crawl-")) }

// RunMessages makes the alerts of a whole run: at most one a layer, a layer's
// crawl included. previous is the run before, or nil when there was none.
func RunMessages(now lake.RunReport, previous *lake.RunReport) []Message {
	var messages []Message
	for _, l := range lake.Layers() {
		stage, ok := layerReport(now, l)
		if !ok {
			continue
		}
		var before *lake.StageReport
		if previous != nil {
			if b, ok := layerReport(*previous, l); ok {
				before = &b
			}
		}
		if m, ok := StageMessage(stage, before, now.RunID); ok {
			messages = append(messages, m)
		}
	}
	return messages
}

// layerReport makes one report of all of a layer's stages. An object that
// failed in one of them has failed.
func layerReport(run lake.RunReport, l lake.Layer) (lake.StageReport, bool) {
	merged, found := lake.StageReport{Stage: string(l)}, false
	for _, s := range run.Stages {
		if layerOf(s.Stage) != l {
			continue
		}
		found = true
		if merged.Error == nil {
			merged.Error = s.Error
		}
		for _, o := range s.Objects {
			i := slices.IndexFunc(merged.Objects, func(m lake.ObjectReport) bool { return m.Object == o.Object })
			switch {
			case i < 0:
				merged.Objects = append(merged.Objects, o)
			case merged.Objects[i].Status != lake.StatusFailed && o.Status == lake.StatusFailed:
				merged.Objects[i] = o
			}
		}
	}
	merged.Count()
	return merged, found
}

// StageMessage makes the alert of one stage of a run: one message when
// something failed, however often it failed before; one message when all that
// failed in the previous report is well again; otherwise none (false). A stage
// that was only interrupted by a person is no reason for an alert.
func StageMessage(now lake.StageReport, previous *lake.StageReport, runID string) (Message, bool) {
	layer := layerOf(now.Stage)
	name := "data_wordpressapi_" + string(layer)
	switch {
	case onlyInterrupted(now):
		return Message{}, false
	case now.Error != nil:
		return Message{Topic: lake.TopicName(layer), Subject: name + ": Failed", Body: failedBody(now, runID)}, true
	case now.Failed > 0:
		return Message{Topic: lake.TopicName(layer), Subject: name + ": Ran With Failures", Body: failedBody(now, runID)}, true
	case previous != nil && recovered(now, *previous):
		body := fmt.Sprintf("Run %s: %s. All that failed in the run before is well again: %s.\n",
			runID, score(now), strings.Join(failedNames(*previous), ", "))
		return Message{Topic: lake.TopicName(layer), Subject: name + ": Recovered", Body: body}, true
	}
	return Message{}, false
}

// score counts as the stages do.
func score(s lake.StageReport) string {
	return fmt.Sprintf("%d Successful | %d Failed", s.Succeeded, s.Failed)
}

// onlyInterrupted reports whether whatever failed did so because the run was
// told to stop.
func onlyInterrupted(s lake.StageReport) bool {
	if s.Failed == 0 || s.Error != nil && s.Error.Code != lake.Interrupted {
		return false
	}
	for _, o := range s.Objects {
		if o.Status == lake.StatusFailed && (o.Error == nil || o.Error.Code != lake.Interrupted) {
			return false
		}
	}
	return true
}

// recovered reports whether the previous report has failures, all of which the
// present one covers and has well.
func recovered(now, previous lake.StageReport) bool {
	if previous.Failed == 0 || onlyInterrupted(previous) {
		return false
	}
	for _, o := range previous.Objects {
		if o.Status == lake.StatusFailed && !slices.ContainsFunc(now.Objects, func(n lake.ObjectReport) bool { return n.Object == o.Object }) {
			return false
		}
	}
	return true
}

// failedNames lists what failed.
func failedNames(s lake.StageReport) []string {
	var names []string
	if s.Error != nil {
		names = append(names, "the stage as a whole")
	}
	for _, o := range s.Objects {
		if o.Status == lake.StatusFailed {
			names = append(names, o.Object)
		}
	}
	return names
}

// failedBody lists each failure with its cause and remedy.
func failedBody(s lake.StageReport, runID string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Run %s: %s.\n", runID, score(s))
	if s.Error != nil {
		b.WriteString(entry("The stage could not run", s.Error))
	}
	left := 0
	for _, o := range s.Objects {
		if o.Status != lake.StatusFailed {
			continue
		}
		text := entry(o.Object, o.Error)
		if left > 0 || b.Len()+len(text) > maxBody {
			left++
			continue
		}
		b.WriteString(text)
	}
	if left > 0 {
		fmt.Fprintf(&b, "\nand %d more: see the run's report\n", left)
	}
	return b.String()
}

// entry is a failure's paragraph.
func entry(what string, p *lake.Problem) string {
	if p == nil {
		return "\n" + what + ": failed without saying why\n"
	}
	text := fmt.Sprintf("\n%s: %s (%s)\n", what, shorten(strings.TrimPrefix(p.Message, what+": ")), p.Code)
	if p.Hint != "" {
		text += "  what to do: " + shorten(p.Hint) + "\n"
	}
	return text
}

// shorten cuts a text that would leave no room for others.
func shorten(s string) string {
	const most = 800 // characters; a few of them still fit into maxBody
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most]) + "…"
}
