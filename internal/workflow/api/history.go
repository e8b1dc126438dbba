package api

import (
	"context"
	"strconv"

	"wplake/internal/asl"
)

type historyRequest struct {
	ARN     string `json:"executionArn"`
	Reverse bool   `json:"reverseOrder"`
	Data    *bool  `json:"includeExecutionData"`
	paging
}

func (s *Server) history(ctx context.Context, r historyRequest) (any, error) {
	own, err := s.execution(r.ARN)
	if err != nil {
		return nil, err
	}
	request := "history " + own + " " + strconv.FormatBool(r.Reverse)
	at, err := s.at(request, r.NextToken)
	if err != nil {
		return nil, err
	}
	after, _ := strconv.ParseInt(at, 10, 64) // "" is 0
	events, err := s.o.Engine.History(ctx, own, after, r.limit()+1, r.Reverse)
	if err != nil {
		return nil, asked(err, r.ARN)
	}
	next := ""
	if len(events) > r.limit() {
		events = events[:r.limit()]
		next = strconv.FormatInt(events[len(events)-1].ID, 10)
	}
	items := make([]reply, len(events))
	for i := range events {
		items[i] = EventJSON(&events[i], r.Data == nil || *r.Data)
	}
	return s.next(reply{"events": items}, request, next), nil
}

// EventJSON renders an event as GetExecutionHistory does; without data it has
// no inputs, outputs and variables.
func EventJSON(e *asl.Event, data bool) map[string]any {
	out := reply{"id": e.ID, "previousEventId": e.Previous, "type": e.Type, "timestamp": stamp(e.Time)}
	name, details := e.Details()
	if name == "" {
		return out
	}
	if !data {
		for _, key := range []string{"input", "inputDetails", "output", "outputDetails", "assignedVariables", "assignedVariablesDetails"} {
			delete(details, key)
		}
		if _, ok := details["parameters"]; ok {
			details["parameters"] = ""
		}
	}
	out[name] = details
	return out
}
