package api

import (
	"context"

	"wplake/internal/workflow"
)

type routeJSON struct {
	Version string `json:"stateMachineVersionArn"`
	Weight  int    `json:"weight"`
}

func toRoutes(list []routeJSON) []workflow.Route {
	var routes []workflow.Route
	for _, r := range list {
		routes = append(routes, workflow.Route{VersionARN: r.Version, Weight: r.Weight})
	}
	return routes
}

type createAliasRequest struct {
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Routing     []routeJSON `json:"routingConfiguration"`
}

func (s *Server) createAlias(ctx context.Context, r createAliasRequest) (any, error) {
	c, err := s.o.Registry.CreateAlias(ctx, r.Name, r.Description, toRoutes(r.Routing))
	return reply{"stateMachineAliasArn": c.ARN, "creationDate": stamp(c.Time)}, err
}

type updateAliasRequest struct {
	ARN         string      `json:"stateMachineAliasArn"`
	Description *string     `json:"description"`
	Routing     []routeJSON `json:"routingConfiguration"`
}

func (s *Server) updateAlias(ctx context.Context, r updateAliasRequest) (any, error) {
	t, err := s.o.Registry.UpdateAlias(ctx, r.ARN, r.Description, toRoutes(r.Routing))
	return reply{"updateDate": stamp(t)}, err
}

type aliasRequest struct {
	ARN string `json:"stateMachineAliasArn"`
}

func (s *Server) deleteAlias(ctx context.Context, r aliasRequest) (any, error) {
	return reply{}, s.o.Registry.DeleteAlias(ctx, r.ARN)
}

func (s *Server) describeAlias(ctx context.Context, r aliasRequest) (any, error) {
	a, err := s.o.Registry.DescribeAlias(ctx, r.ARN)
	if err != nil {
		return nil, err
	}
	routing := make([]routeJSON, 0, len(a.Routing))
	for _, r := range a.Routing {
		routing = append(routing, routeJSON{Version: r.VersionARN, Weight: r.Weight})
	}
	out := reply{
		"stateMachineAliasArn": a.ARN, "name": a.Name, "routingConfiguration": routing,
		"creationDate": stamp(a.Created), "updateDate": stamp(a.Updated),
	}
	out.text("description", a.Description)
	return out, nil
}

func (s *Server) listAliases(ctx context.Context, r ofMachineRequest) (any, error) {
	request := "aliases " + r.ARN
	after, err := s.at(request, r.NextToken)
	if err != nil {
		return nil, err
	}
	list, next, err := s.o.Registry.Aliases(ctx, r.ARN, after, r.limit())
	if err != nil {
		return nil, err
	}
	items := make([]reply, 0, len(list))
	for _, a := range list {
		items = append(items, reply{"stateMachineAliasArn": a.ARN, "creationDate": stamp(a.Created)})
	}
	return s.next(reply{"stateMachineAliases": items}, request, next), nil
}
