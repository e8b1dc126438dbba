package pipeline

import "encoding/json"

// Input is what an execution's input, or the event of a stage function, asks
// of the stages.
type Input struct {
	Objects    []string `json:"objects,omitempty"`
	Only       []string `json:"only,omitempty"` // stages
	Full       bool     `json:"full,omitempty"`
	AcceptLoss bool     `json:"accept_loss,omitempty"`
	RunID      string   `json:"run_id,omitempty"` // of the run that the stage belongs to
	Stage      string   `json:"stage,omitempty"`  // for functions that do more than one
}

// InputOf reads an input, a JSON value. What is no request, such as an event
// that started the machine, asks for everything.
func InputOf(input any) Input {
	var in Input
	text, err := json.Marshal(input)
	if err != nil || json.Unmarshal(text, &in) != nil {
		return Input{}
	}
	return in
}
