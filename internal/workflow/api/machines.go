package api

import (
	"context"
	"encoding/json"
	"strconv"

	"wplake/internal/workflow"
)

type createRequest struct {
	Name       string               `json:"name"`
	Definition string               `json:"definition"`
	RoleARN    string               `json:"roleArn"`
	Type       workflow.MachineType `json:"type"`
	Tags       []workflow.Tag       `json:"tags"`
	settings
}

// settings are what creating and updating share.
type settings struct {
	Logging     json.RawMessage `json:"loggingConfiguration"`
	Tracing     json.RawMessage `json:"tracingConfiguration"`
	Encryption  json.RawMessage `json:"encryptionConfiguration"`
	Publish     bool            `json:"publish"`
	Description *string         `json:"versionDescription"`
}

func (s settings) split() (workflow.Settings, workflow.Publication) {
	given := func(m json.RawMessage) json.RawMessage {
		if string(m) == "null" {
			return nil
		}
		return m
	}
	return workflow.Settings{Logging: given(s.Logging), Tracing: given(s.Tracing), Encryption: given(s.Encryption)},
		workflow.Publication{Publish: s.Publish, Description: s.Description}
}

func (s *Server) createStateMachine(ctx context.Context, r createRequest) (any, error) {
	in := workflow.MachineInput{Name: r.Name, Definition: r.Definition, RoleARN: r.RoleARN, Type: r.Type, Tags: r.Tags}
	in.Settings, in.Publication = r.split()
	c, err := s.o.Registry.CreateMachine(ctx, in)
	if err != nil {
		return nil, err
	}
	out := reply{"stateMachineArn": c.ARN, "creationDate": stamp(c.Time)}
	out.text("stateMachineVersionArn", c.Version)
	return out, nil
}

type updateRequest struct {
	ARN        string  `json:"stateMachineArn"`
	Definition *string `json:"definition"`
	RoleARN    *string `json:"roleArn"`
	settings
}

func (s *Server) updateStateMachine(ctx context.Context, r updateRequest) (any, error) {
	in := workflow.MachineUpdate{ARN: r.ARN, Definition: r.Definition, RoleARN: r.RoleARN}
	in.Settings, in.Publication = r.split()
	u, err := s.o.Registry.UpdateMachine(ctx, in)
	if err != nil {
		return nil, err
	}
	out := reply{"updateDate": stamp(u.Time)}
	out.text("revisionId", u.RevisionID)
	out.text("stateMachineVersionArn", u.Version)
	return out, nil
}

type machineRequest struct {
	ARN      string `json:"stateMachineArn"`
	Included string `json:"includedData"`
}

func (s *Server) deleteStateMachine(ctx context.Context, r machineRequest) (any, error) {
	return reply{}, s.o.Registry.DeleteMachine(ctx, r.ARN)
}

func (s *Server) describeStateMachine(ctx context.Context, r machineRequest) (any, error) {
	d, err := s.o.Registry.DescribeMachine(ctx, r.ARN)
	if err != nil {
		return nil, err
	}
	out := machineReply(d.StateMachine, r.Included)
	out["stateMachineArn"] = d.Asked
	out["type"] = d.Type
	out["creationDate"] = stamp(d.Created)
	out["status"] = "ACTIVE"
	if d.Deleting {
		out["status"] = "DELETING"
	}
	out.text("description", d.Comment)
	return out, nil
}

// machineReply tells of a machine what DescribeStateMachine and
// DescribeStateMachineForExecution share.
func machineReply(m workflow.StateMachine, included string) reply {
	out := reply{"name": m.Name, "roleArn": m.RoleARN, "definition": m.Definition}
	out.text("revisionId", m.RevisionID)
	for key, value := range map[string]json.RawMessage{
		"loggingConfiguration": m.Logging, "tracingConfiguration": m.Tracing, "encryptionConfiguration": m.Encryption,
	} {
		if value != nil {
			out[key] = value
		}
	}
	if included == metadataOnly {
		out["definition"] = ""
		return out
	}
	if names := variableReferences(m.Definition); len(names) > 0 {
		out["variableReferences"] = names
	}
	return out
}

func (s *Server) listStateMachines(ctx context.Context, r paging) (any, error) {
	const request = "machines"
	after, err := s.at(request, r.NextToken)
	if err != nil {
		return nil, err
	}
	list, next, err := s.o.Registry.Machines(ctx, after, r.limit())
	if err != nil {
		return nil, err
	}
	items := make([]reply, 0, len(list))
	for _, m := range list {
		items = append(items, reply{"stateMachineArn": m.ARN, "name": m.Name, "type": m.Type, "creationDate": stamp(m.Created)})
	}
	return s.next(reply{"stateMachines": items}, request, next), nil
}

type publishRequest struct {
	ARN         string `json:"stateMachineArn"`
	RevisionID  string `json:"revisionId"`
	Description string `json:"description"`
}

func (s *Server) publishVersion(ctx context.Context, r publishRequest) (any, error) {
	c, err := s.o.Registry.PublishVersion(ctx, r.ARN, r.RevisionID, r.Description)
	return reply{"stateMachineVersionArn": c.Version, "creationDate": stamp(c.Time)}, err
}

type versionRequest struct {
	ARN string `json:"stateMachineVersionArn"`
}

func (s *Server) deleteVersion(ctx context.Context, r versionRequest) (any, error) {
	return reply{}, s.o.Registry.DeleteVersion(ctx, r.ARN)
}

type ofMachineRequest struct {
	ARN string `json:"stateMachineArn"`
	paging
}

func (s *Server) listVersions(ctx context.Context, r ofMachineRequest) (any, error) {
	request := "versions " + r.ARN
	at, err := s.at(request, r.NextToken)
	if err != nil {
		return nil, err
	}
	below, _ := strconv.Atoi(at) // "" is 0
	list, next, err := s.o.Registry.Versions(ctx, r.ARN, below, r.limit())
	if err != nil {
		return nil, err
	}
	items := make([]reply, 0, len(list))
	for _, v := range list {
		items = append(items, reply{"stateMachineVersionArn": v.Version, "creationDate": stamp(v.Time)})
	}
	at = ""
	if next > 0 {
		at = strconv.Itoa(next)
	}
	return s.next(reply{"stateMachineVersions": items}, request, at), nil
}
