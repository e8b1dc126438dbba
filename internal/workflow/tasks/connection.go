package tasks

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"wplake/internal/params"
	"wplake/internal/workflow"
)

// ConnectionPrefix is where the parameters are that hold connections of
// http:invoke: arn:aws:events:…:connection/NAME/… is the parameter
// /connections/NAME. Its value is JSON with AuthorizationType and
// AuthParameters, as EventBridge's CreateConnection takes them.
const ConnectionPrefix = "/connections/"

// connection is what a request gets of a connection: its secrets.
type connection struct {
	headers map[string]string
	query   map[string]string
	secrets []string
}

var connectionName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// connectionOf is the name of a connection in its ARN, "" where it is none.
func connectionOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "events" {
		return ""
	}
	rest, ok := strings.CutPrefix(parts[5], "connection/")
	name, _, _ := strings.Cut(rest, "/")
	if !ok || !connectionName.MatchString(name) {
		return ""
	}
	return name
}

// keyValue is a header or a query parameter of a connection.
type keyValue struct{ Key, Value string }

// definition is the value of a connection's parameter.
type definition struct {
	AuthorizationType string
	AuthParameters    struct {
		BasicAuthParameters      *struct{ Username, Password string }
		ApiKeyAuthParameters     *struct{ ApiKeyName, ApiKeyValue string } //nolint:revive // AWS's spelling
		InvocationHttpParameters struct {                                  //nolint:revive // AWS's spelling
			HeaderParameters, QueryStringParameters []keyValue
		}
	}
}

// connection reads a connection. Errors are those that Step Functions has for
// connections, and never hold what is in it.
func (t *Tasks) connection(ctx context.Context, arn string) (connection, error) {
	name := connectionOf(arn)
	missing := &workflow.TaskError{
		Name:  "Events.ConnectionResource.NotFound",
		Cause: "there is no connection " + arn + ": at home it is the parameter " + ConnectionPrefix + name,
	}
	if name == "" {
		return connection{}, missing
	}
	p, err := t.o.Params.Get(ctx, ConnectionPrefix+name)
	if errors.Is(err, params.ErrNotFound) {
		return connection{}, missing
	}
	if err != nil {
		return connection{}, &workflow.TaskError{Name: "Events.ConnectionResource.AccessDenied", Cause: failureText(err)}
	}
	var d definition
	invalid := func(why string) (connection, error) {
		return connection{}, &workflow.TaskError{
			Name:  "Events.ConnectionResource.InvalidConnectionState",
			Cause: "the parameter " + ConnectionPrefix + name + " is no connection: " + why,
		}
	}
	if json.Unmarshal([]byte(p.Value), &d) != nil {
		return invalid("it is not JSON of AuthorizationType and AuthParameters")
	}
	c := connection{headers: map[string]string{}, query: map[string]string{}}
	for _, h := range d.AuthParameters.InvocationHttpParameters.HeaderParameters {
		c.headers[h.Key] = h.Value
		c.secrets = append(c.secrets, h.Value)
	}
	for _, q := range d.AuthParameters.InvocationHttpParameters.QueryStringParameters {
		c.query[q.Key] = q.Value
		c.secrets = append(c.secrets, q.Value, url.QueryEscape(q.Value))
	}
	basic, key := d.AuthParameters.BasicAuthParameters, d.AuthParameters.ApiKeyAuthParameters
	switch {
	case d.AuthorizationType == "BASIC" && basic != nil:
		pair := base64.StdEncoding.EncodeToString([]byte(basic.Username + ":" + basic.Password))
		c.headers["Authorization"] = "Basic " + pair
		c.secrets = append(c.secrets, basic.Password, pair)
	case d.AuthorizationType == "API_KEY" && key != nil && key.ApiKeyName != "":
		c.headers[key.ApiKeyName] = key.ApiKeyValue
		c.secrets = append(c.secrets, key.ApiKeyValue)
	default:
		return invalid("AuthorizationType is BASIC or API_KEY, with its parameters; OAuth is not to be had at home")
	}
	return c, nil
}

var errRedirects = errors.New("too many redirects")

// redirect follows redirects. What the connection holds, and a request's body
// and headers, go to the address that was asked for only: another host gets
// none of them, and a body that would have to go there ends the following.
func (c connection) redirect(next *http.Request, via []*http.Request) error {
	if len(via) > httpRedirects {
		return errRedirects
	}
	first := via[0].URL
	if next.URL.Scheme == first.Scheme && strings.EqualFold(next.URL.Host, first.Host) {
		return nil
	}
	if next.Body != nil && next.Body != http.NoBody {
		return http.ErrUseLastResponse
	}
	agent := next.Header.Get("User-Agent")
	next.Header = http.Header{"User-Agent": {agent}} //nolint:gosec // no header but this one is left
	return nil
}

// scrub removes the connection's secrets from a text.
func (c connection) scrub(s string) string { return Scrub(s, c.secrets) }
