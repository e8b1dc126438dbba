package api

import (
	"context"

	"wplake/internal/asl"
	"wplake/internal/asl/teststate"
	"wplake/internal/workflow"
)

type validateRequest struct {
	Definition string               `json:"definition"`
	Type       workflow.MachineType `json:"type"`
	Severity   string               `json:"severity"`
	MaxResults int                  `json:"maxResults"`
}

// mostDiagnostics is how many diagnostics are told at most.
const mostDiagnostics = 100

func (s *Server) validate(_ context.Context, r validateRequest) (any, error) {
	limit := r.MaxResults
	if limit == 0 {
		limit = mostDiagnostics
	}
	found := asl.Validate([]byte(r.Definition), r.Type == workflow.Express)
	out := reply{"result": "OK", "truncated": false}
	if asl.HasErrors(found) {
		out["result"] = "FAIL"
	}
	items := []reply{}
	for _, d := range found {
		if r.Severity != "WARNING" && d.Severity != asl.SeverityError {
			continue
		}
		if len(items) == limit {
			out["truncated"] = true
			break
		}
		item := reply{"severity": d.Severity, "code": d.Code, "message": d.Message}
		item.text("location", d.Location)
		items = append(items, item)
	}
	out["diagnostics"] = items
	return out, nil
}

func (s *Server) testState(ctx context.Context, r teststate.Request) (any, error) {
	return s.o.TestState(ctx, r)
}
