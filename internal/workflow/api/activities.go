package api

import (
	"context"
	"encoding/json"

	"wplake/internal/asl/source"
	"wplake/internal/workflow"
)

type createActivityRequest struct {
	Name string         `json:"name"`
	Tags []workflow.Tag `json:"tags"`
}

func (s *Server) createActivity(ctx context.Context, r createActivityRequest) (any, error) {
	a, err := s.o.Registry.CreateActivity(ctx, r.Name, r.Tags)
	return reply{"activityArn": a.ARN, "creationDate": stamp(a.Created)}, err
}

type activityRequest struct {
	ARN    string `json:"activityArn"`
	Worker string `json:"workerName"`
}

func (s *Server) deleteActivity(ctx context.Context, r activityRequest) (any, error) {
	return reply{}, s.o.Registry.DeleteActivity(ctx, r.ARN)
}

func (s *Server) describeActivity(ctx context.Context, r activityRequest) (any, error) {
	a, err := s.o.Registry.Activity(ctx, r.ARN)
	return reply{
		"activityArn": a.ARN, "name": a.Name, "creationDate": stamp(a.Created),
		"encryptionConfiguration": reply{"type": "AWS_OWNED_KEY"},
	}, err
}

func (s *Server) listActivities(ctx context.Context, r paging) (any, error) {
	const request = "activities"
	after, err := s.at(request, r.NextToken)
	if err != nil {
		return nil, err
	}
	list, next, err := s.o.Registry.Activities(ctx, after, r.limit())
	if err != nil {
		return nil, err
	}
	items := make([]reply, 0, len(list))
	for _, a := range list {
		items = append(items, reply{"activityArn": a.ARN, "name": a.Name, "creationDate": stamp(a.Created)})
	}
	return s.next(reply{"activities": items}, request, next), nil
}

// activityTask waits for a task, and answers without one when there was none.
func (s *Server) activityTask(ctx context.Context, r activityRequest) (any, error) {
	a, err := s.o.Registry.Activity(ctx, r.ARN)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Poll)
	defer cancel()
	go func() {
		select {
		case <-s.stopping:
			cancel()
		case <-ctx.Done():
		}
	}()
	token, input, err := s.o.Engine.ActivityTask(ctx, a.ARN, r.Worker)
	if err != nil && ctx.Err() == nil {
		return nil, err
	}
	if token == "" {
		return reply{}, nil
	}
	return reply{"taskToken": token, "input": string(input)}, nil
}

type taskRequest struct {
	Token  string  `json:"taskToken"`
	Output string  `json:"output"`
	Error  *string `json:"error"`
	Cause  *string `json:"cause"`
}

func (s *Server) taskSuccess(ctx context.Context, r taskRequest) (any, error) {
	if _, err := source.Read([]byte(r.Output)); err != nil {
		return nil, workflow.Errorf(workflow.InvalidOutput, "Invalid Output: '%s'", reason(err))
	}
	return reply{}, s.o.Engine.SendTaskSuccess(ctx, r.Token, json.RawMessage(r.Output))
}

func (s *Server) taskFailure(ctx context.Context, r taskRequest) (any, error) {
	return reply{}, s.o.Engine.SendTaskFailure(ctx, r.Token, r.Error, r.Cause)
}

func (s *Server) taskHeartbeat(ctx context.Context, r taskRequest) (any, error) {
	return reply{}, s.o.Engine.SendTaskHeartbeat(ctx, r.Token)
}

type tagRequest struct {
	ARN  string         `json:"resourceArn"`
	Tags []workflow.Tag `json:"tags"`
	Keys []string       `json:"tagKeys"`
}

func (s *Server) tag(ctx context.Context, r tagRequest) (any, error) {
	return reply{}, s.o.Registry.AddTags(ctx, r.ARN, r.Tags)
}

func (s *Server) untag(ctx context.Context, r tagRequest) (any, error) {
	return reply{}, s.o.Registry.RemoveTags(ctx, r.ARN, r.Keys)
}

func (s *Server) listTags(ctx context.Context, r tagRequest) (any, error) {
	tags, err := s.o.Registry.Tags(ctx, r.ARN)
	if tags == nil {
		tags = []workflow.Tag{}
	}
	return reply{"tags": tags}, err
}
