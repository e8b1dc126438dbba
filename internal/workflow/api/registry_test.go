package api_test

import (
	"encoding/json"
	"strings"
	"testing"
)

const pass = `{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}`

const role = "arn:aws:iam::000000000000:role/lake"

// create makes a machine over the API and returns its ARN.
func (c *client) create(t *testing.T, name, definition string) string {
	t.Helper()
	return c.ok(t, "CreateStateMachine", object{"name": name, "definition": definition, "roleArn": role})["stateMachineArn"].(string)
}

func TestCreateStateMachine(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	first := c.ok(t, "CreateStateMachine", object{"name": "m", "definition": pass, "roleArn": role})
	if got := first["stateMachineArn"]; got != arnOf("m") {
		t.Fatalf("ARN %v", got)
	}
	again := c.ok(t, "CreateStateMachine", object{"name": "m", "definition": pass, "roleArn": "arn:aws:iam::000000000000:role/other"})
	if again["creationDate"] != first["creationDate"] {
		t.Errorf("the same machine was made twice: %v, %v", first, again)
	}
	for _, tt := range []struct {
		name    string
		request object
		code    string
		message string
	}{
		{"another definition", object{"name": "m", "definition": pass + " ", "roleArn": role}, "StateMachineAlreadyExists", "State Machine Already Exists: '" + arnOf("m") + "'"},
		{"another type", object{"name": "m", "definition": pass, "roleArn": role, "type": "EXPRESS"}, "StateMachineAlreadyExists", "State Machine Already Exists: '" + arnOf("m") + "'"},
		{"another configuration", object{"name": "m", "definition": pass, "roleArn": role, "tracingConfiguration": object{"enabled": true}}, "StateMachineAlreadyExists", "State Machine Already Exists: '" + arnOf("m") + "'"},
		{"published now", object{"name": "m", "definition": pass, "roleArn": role, "publish": true}, "StateMachineAlreadyExists", "State Machine Already Exists: '" + arnOf("m") + "'"},
		{"a bad name", object{"name": "a b", "definition": pass, "roleArn": role}, "InvalidName", "Invalid Name: 'a b'"},
		{"a description without publication", object{"name": "n", "definition": pass, "roleArn": role, "versionDescription": "x"}, "ValidationException", "Version description can only be set when publish is true"},
		{"a definition that is none", object{"name": "n", "definition": `{"StartAt":"A"}`, "roleArn": role}, "InvalidDefinition", "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'"},
		{"express with a token", object{"name": "n", "type": "EXPRESS", "roleArn": role, "definition": `{"StartAt":"Publish","States":{"Publish":{"Type":"Task","Resource":"arn:aws:states:::sns:publish.waitForTaskToken","Parameters":{"TopicArn":"t","Message.$":"$$.Task.Token"},"End":true}}}`}, "InvalidDefinition", "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Express state machine does not support '.waitForTaskToken' service integration  at /States/Publish/Resource'"},
		{"a level without destination", object{"name": "n", "definition": pass, "roleArn": role, "loggingConfiguration": object{"level": "ALL"}}, "InvalidLoggingConfiguration", "Invalid Logging Configuration: Must specify exactly one Log Destination."},
		{"no definition and a long name", object{"name": strings.Repeat("a", 81), "roleArn": role}, "ValidationException", "2 validation errors detected: Value '" + strings.Repeat("a", 81) + "' at 'name' failed to satisfy constraint: Member must have length less than or equal to 80; Value null at 'definition' failed to satisfy constraint: Member must not be null"},
		{"no such type", object{"name": "n", "definition": pass, "roleArn": role, "type": "FAST"}, "ValidationException", "1 validation error detected: Value 'FAST' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [STANDARD, EXPRESS]"},
		{"a reserved tag", object{"name": "n", "definition": pass, "roleArn": role, "tags": []object{{"key": "aws:x", "value": "1"}}}, "ValidationException", "'aws:x' is not the key of a tag: those that begin with aws: are not for people"},
		{"a name that is a number", object{"name": 7, "definition": pass, "roleArn": role}, "SerializationException", "The member 'name' cannot be a number"},
	} {
		if code, message := c.refused(t, "CreateStateMachine", tt.request); code != tt.code || message != tt.message {
			t.Errorf("%s: %s: %s\nwant %s: %s", tt.name, code, message, tt.code, tt.message)
		}
	}
}

func TestDescribeStateMachine(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	definition := `{"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"x":1,"other":2},"Next":"B"},` +
		`"B":{"Type":"Map","ItemsPath":"$x","ItemProcessor":{"StartAt":"C","States":{"C":{"Type":"Pass","QueryLanguage":"JSONata","Output":"{% $x + $sum([1]) + $other.y %}","End":true}}},"End":true}}}`
	machine := c.create(t, "m", definition)
	got := c.ok(t, "DescribeStateMachine", object{"stateMachineArn": machine})
	delete(got, "creationDate")
	want := object{
		"stateMachineArn": machine, "name": "m", "status": "ACTIVE", "type": "STANDARD", "definition": definition, "roleArn": role,
		"loggingConfiguration": object{"level": "OFF", "includeExecutionData": false}, "tracingConfiguration": object{"enabled": false},
		"encryptionConfiguration": object{"type": "AWS_OWNED_KEY"}, "variableReferences": object{"B": []string{"x"}, "C": []string{"other", "x"}},
	}
	same(t, got, want)
	if got := c.ok(t, "DescribeStateMachine", object{"stateMachineArn": strings.Replace(machine, "000000000000", "[REDACTED]", 1), "includedData": "METADATA_ONLY"}); got["definition"] != "" || got["stateMachineArn"] != machine {
		t.Errorf("without data: %v", got)
	}
	for asked, want := range map[string]string{
		"not_a_valid_arn":                   "InvalidArn: Invalid Arn: 'Invalid ARN prefix: not_a_valid_arn'",
		arnOf("none"):                       "StateMachineDoesNotExist: State Machine Does Not Exist: '" + arnOf("none") + "'",
		arnOf("m:1"):                        "StateMachineDoesNotExist: State Machine Does Not Exist: '" + arnOf("m:1") + "'",
		arnOf("m:PROD"):                     "StateMachineDoesNotExist: State Machine Does Not Exist: '" + arnOf("m:PROD") + "'",
		"arn:aws:states:r:0:activity:a":     "InvalidArn: Invalid Arn: 'Resource type not valid in this context: activity'",
		"arn:aws:lambda:r:0:function:f":     "InvalidArn: Invalid Arn: 'Invalid service in ARN: lambda'",
		"arn:aws:states:r:0:stateMachine:":  "InvalidArn: Invalid Arn: 'Resource name not valid: arn:aws:states:r:0:stateMachine:'",
		"arn:aws:states:r:0:stateMachine:m": "",
	} {
		code, message := c.refused(t, "DescribeStateMachine", object{"stateMachineArn": asked})
		if got := code + ": " + message; got != want && (want != "" || code != "") {
			t.Errorf("%s: %s\nwant %s", asked, got, want)
		}
	}
}

func TestUpdateStateMachine(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	machine := c.create(t, "m", pass)
	changed := `{"Comment":"2","StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}`
	first := c.ok(t, "UpdateStateMachine", object{"stateMachineArn": machine, "definition": changed})
	if first["revisionId"] == nil {
		t.Fatal("an update made no revision")
	}
	same := c.ok(t, "UpdateStateMachine", object{"stateMachineArn": machine, "definition": changed, "roleArn": role})
	if same["revisionId"] != first["revisionId"] {
		t.Error("an update that changes nothing made a revision")
	}
	logged := c.ok(t, "UpdateStateMachine", object{"stateMachineArn": machine, "loggingConfiguration": object{
		"level": "ALL", "destinations": []object{{"cloudWatchLogsLogGroup": object{"logGroupArn": "arn:aws:logs:eu-west-1:000000000000:log-group:g:*"}}},
	}})
	d := c.ok(t, "DescribeStateMachine", object{"stateMachineArn": machine})
	if logged["revisionId"] == first["revisionId"] || d["revisionId"] != logged["revisionId"] || d["definition"] != changed {
		t.Errorf("after an update of the logging: %v", d)
	}
	for _, tt := range []struct{ request, want string }{
		{`{"stateMachineArn":"M"}`, "MissingRequiredParameter: Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified"},
		{`{"stateMachineArn":"M","definition":null,"roleArn":null}`, "MissingRequiredParameter: Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified"},
		{`{"stateMachineArn":"M:1","roleArn":"r"}`, "StateMachineDoesNotExist: State Machine Does Not Exist: 'M:1'"},
		{`{"stateMachineArn":"M","versionDescription":"d","roleArn":"r"}`, "ValidationException: Version description can only be set when publish is true"},
		{`{"stateMachineArn":"M","definition":"{}"}`, "InvalidDefinition: Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /'"},
	} {
		code, message := c.refused(t, "UpdateStateMachine", json.RawMessage(strings.ReplaceAll(tt.request, `"M`, `"`+machine)))
		if got := code + ": " + message; got != strings.ReplaceAll(tt.want, "'M", "'"+machine) {
			t.Errorf("%s: %s", tt.request, got)
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	made := c.ok(t, "CreateStateMachine", object{"name": "m", "definition": pass, "roleArn": role, "publish": true, "versionDescription": "first"})
	machine := made["stateMachineArn"].(string)
	if made["stateMachineVersionArn"] != machine+":1" {
		t.Fatalf("created: %v", made)
	}
	if p := c.ok(t, "PublishStateMachineVersion", object{"stateMachineArn": machine, "revisionId": "INITIAL"}); p["stateMachineVersionArn"] != machine+":1" {
		t.Errorf("published again: %v", p)
	}
	if u := c.ok(t, "UpdateStateMachine", object{"stateMachineArn": machine, "publish": true}); u["stateMachineVersionArn"] != machine+":1" || u["revisionId"] != nil {
		t.Errorf("published without a change: %v", u)
	}
	if d := c.ok(t, "DescribeStateMachine", object{"stateMachineArn": machine + ":1"}); d["description"] != "first" || d["stateMachineArn"] != machine+":1" {
		t.Errorf("described: %v", d)
	}
	u := c.ok(t, "UpdateStateMachine", object{"stateMachineArn": machine, "roleArn": "other", "publish": true, "versionDescription": "second"})
	if u["stateMachineVersionArn"] != machine+":2" {
		t.Errorf("updated: %v", u)
	}
	if d := c.ok(t, "DescribeStateMachine", object{"stateMachineArn": machine + ":1"}); d["roleArn"] != role {
		t.Errorf("a version changed with its machine: %v", d)
	}
	code, message := c.refused(t, "PublishStateMachineVersion", object{"stateMachineArn": machine, "revisionId": "x"})
	if want := "Failed to publish the State Machine version for revision x. The current State Machine revision is " + u["revisionId"].(string) + "."; code != "ConflictException" || message != want {
		t.Errorf("another revision: %s: %s", code, message)
	}
	// A number is not used twice.
	c.ok(t, "DeleteStateMachineVersion", object{"stateMachineVersionArn": machine + ":2"})
	c.ok(t, "DeleteStateMachineVersion", object{"stateMachineVersionArn": machine + ":2"})
	if p := c.ok(t, "PublishStateMachineVersion", object{"stateMachineArn": machine}); p["stateMachineVersionArn"] != machine+":3" {
		t.Errorf("published after a deletion: %v", p)
	}
	for range 5 {
		c.ok(t, "UpdateStateMachine", object{"stateMachineArn": machine, "roleArn": "r" + u["revisionId"].(string), "publish": true})
		u = c.ok(t, "DescribeStateMachine", object{"stateMachineArn": machine})
	}
	var got []string
	for _, v := range c.all(t, "ListStateMachineVersions", object{"stateMachineArn": machine, "maxResults": 2}, "stateMachineVersions") {
		got = append(got, strings.TrimPrefix(v["stateMachineVersionArn"].(string), machine+":"))
	}
	if strings.Join(got, " ") != "8 7 6 5 4 3 1" {
		t.Errorf("listed: %v", got)
	}
}

func TestAliases(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	machine := c.create(t, "m", pass)
	c.ok(t, "PublishStateMachineVersion", object{"stateMachineArn": machine})
	c.ok(t, "UpdateStateMachine", object{"stateMachineArn": machine, "roleArn": "two", "publish": true})
	route := func(version string, weight int) object {
		return object{"stateMachineVersionArn": machine + version, "weight": weight}
	}
	alias := func(name string, routing ...object) object {
		return object{"name": name, "routingConfiguration": routing}
	}
	made := c.ok(t, "CreateStateMachineAlias", alias("PROD", route(":1", 100)))
	if again := c.ok(t, "CreateStateMachineAlias", alias("PROD", route(":1", 100))); again["creationDate"] != made["creationDate"] || again["stateMachineAliasArn"] != machine+":PROD" {
		t.Errorf("made again: %v, %v", made, again)
	}
	const pattern = `Member must satisfy regular expression pattern: ^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$`
	for _, tt := range []struct {
		request object
		want    string
	}{
		{alias("PROD", route(":2", 100)), "ConflictException: Failed to create alias because an alias with the same name and a different routing configuration already exists."},
		{alias("x", route("", 100)), "ValidationException: Routing configuration must contain state machine version ARNs. Received: [M]"},
		{alias("x", route("", 50), route(":2", 50)), "ValidationException: Routing configuration must contain state machine version ARNs. Received: [M, M:2]"},
		{alias("x", route(":1", 50), route(":1", 50)), "ValidationException: Routing configuration must contain distinct state machine version ARNs. Received: [M:1, M:1]"},
		{alias("x", route(":1", 70), route(":2", 29)), "ValidationException: Sum of routing configuration weights must equal 100. Received: [70, 29]"},
		{alias("x", route(":1", 101)), "ValidationException: 1 validation error detected: Value '101' at 'routingConfiguration.1.member.weight' failed to satisfy constraint: Member must have value less than or equal to 100"},
		{alias("x", route(":1", 50), route(":2", 30), route(":3", 20)), "ValidationException: 1 validation error detected: Value '[RoutingConfigurationListItem(stateMachineVersionArn=M:1, weight=50), RoutingConfigurationListItem(stateMachineVersionArn=M:2, weight=30), RoutingConfigurationListItem(stateMachineVersionArn=M:3, weight=20)]' at 'routingConfiguration' failed to satisfy constraint: Member must have length less than or equal to 2"},
		{alias("x", route(":9", 100)), "ResourceNotFound: Request references a resource that does not exist."},
		{alias("123", route(":1", 100)), "ValidationException: 1 validation error detected: Value '123' at 'name' failed to satisfy constraint: " + pattern},
		{alias("A B", route(":1", 100)), "ValidationException: 1 validation error detected: Value 'A B' at 'name' failed to satisfy constraint: " + pattern},
		{alias(strings.Repeat("A", 81), route(":1", 100)), "ValidationException: 1 validation error detected: Value '" + strings.Repeat("A", 81) + "' at 'name' failed to satisfy constraint: Member must have length less than or equal to 80"},
	} {
		code, message := c.refused(t, "CreateStateMachineAlias", tt.request)
		if got := strings.ReplaceAll(code+": "+message, machine, "M"); got != tt.want {
			t.Errorf("%v:\n%s\nwant\n%s", tt.request, got, tt.want)
		}
	}
	c.ok(t, "UpdateStateMachineAlias", object{"stateMachineAliasArn": machine + ":PROD", "description": "d", "routingConfiguration": []object{route(":1", 10), route(":2", 90)}})
	d := c.ok(t, "DescribeStateMachineAlias", object{"stateMachineAliasArn": machine + ":PROD"})
	delete(d, "creationDate")
	delete(d, "updateDate")
	same(t, d, object{"stateMachineAliasArn": machine + ":PROD", "name": "PROD", "description": "d", "routingConfiguration": []object{route(":1", 10), route(":2", 90)}})
	if m := c.ok(t, "DescribeStateMachine", object{"stateMachineArn": machine + ":PROD"}); m["roleArn"] != "two" {
		t.Errorf("an alias does not lead to the version that gets the most: %v", m)
	}
	code, message := c.refused(t, "DeleteStateMachineVersion", object{"stateMachineVersionArn": machine + ":2"})
	if code != "ConflictException" || message != "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [PROD]" {
		t.Errorf("a version with an alias: %s: %s", code, message)
	}
	for _, name := range []string{"b", "a"} {
		c.ok(t, "CreateStateMachineAlias", alias(name, route(":1", 100)))
	}
	list := func(arn string) string {
		var names []string
		for _, a := range c.all(t, "ListStateMachineAliases", object{"stateMachineArn": arn, "maxResults": 1}, "stateMachineAliases") {
			names = append(names, strings.TrimPrefix(a["stateMachineAliasArn"].(string), machine+":"))
		}
		return strings.Join(names, " ")
	}
	if got := list(machine) + ", " + list(machine+":2"); got != "PROD b a, PROD" {
		t.Errorf("listed: %s", got)
	}
	c.ok(t, "DeleteStateMachineAlias", object{"stateMachineAliasArn": machine + ":PROD"})
	c.ok(t, "DeleteStateMachineAlias", object{"stateMachineAliasArn": machine + ":PROD"})
	for _, name := range []string{"DescribeStateMachineAlias", "UpdateStateMachineAlias"} {
		if code, _ := c.refused(t, name, object{"stateMachineAliasArn": machine + ":PROD", "description": "x"}); code != "ResourceNotFound" {
			t.Errorf("%s of a deleted alias: %s", name, code)
		}
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	machine := c.ok(t, "CreateStateMachine", object{"name": "m", "definition": pass, "roleArn": role, "tags": []object{{"key": "key1", "value": "value1"}}})["stateMachineArn"].(string)
	activity := c.ok(t, "CreateActivity", object{"name": "a"})["activityArn"].(string)
	for _, arn := range []string{machine, activity} {
		c.ok(t, "TagResource", object{"resourceArn": arn, "tags": []object{{"key": "key2", "value": ""}, {"key": "key1", "value": "new"}}})
		c.ok(t, "UntagResource", object{"resourceArn": arn, "tagKeys": []string{"key2", "none"}})
		same(t, c.ok(t, "ListTagsForResource", object{"resourceArn": arn}), object{"tags": []object{{"key": "key1", "value": "new"}}})
	}
	var many []object
	for i := range 51 {
		many = append(many, object{"key": strings.Repeat("k", i+1), "value": ""})
	}
	if code, _ := c.refused(t, "TagResource", object{"resourceArn": machine, "tags": many}); code != "TooManyTags" {
		t.Errorf("51 tags: %s", code)
	}
	if code, message := c.refused(t, "TagResource", object{"resourceArn": machine + ":1", "tags": many[:1]}); code != "ResourceNotFound" || message != "Resource not found: '"+machine+":1'" {
		t.Errorf("tags of a version: %s: %s", code, message)
	}
}

func TestActivities(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	first := c.ok(t, "CreateActivity", object{"name": "activity.name"})
	if again := c.ok(t, "CreateActivity", object{"name": "activity.name"}); again["creationDate"] != first["creationDate"] {
		t.Error("the same activity was made twice")
	}
	arn := first["activityArn"].(string)
	d := c.ok(t, "DescribeActivity", object{"activityArn": arn})
	same(t, d, object{"activityArn": arn, "name": "activity.name", "creationDate": first["creationDate"], "encryptionConfiguration": object{"type": "AWS_OWNED_KEY"}})
	for _, bad := range []string{"activity name", "a<b", "a\x7f", "\x00a", "a:b", "a/b", "a`b", "a\"b"} {
		if code, message := c.refused(t, "CreateActivity", object{"name": bad}); code != "InvalidName" || message != "Invalid Name: '"+bad+"'" {
			t.Errorf("%q: %s: %s", bad, code, message)
		}
	}
	for _, name := range []string{"b", "c"} {
		c.ok(t, "CreateActivity", object{"name": name})
	}
	if got := c.all(t, "ListActivities", object{"maxResults": 1}, "activities"); len(got) != 3 || got[0]["name"] != "activity.name" || got[2]["name"] != "c" {
		t.Errorf("listed: %v", got)
	}
	c.ok(t, "DeleteActivity", object{"activityArn": arn})
	c.ok(t, "DeleteActivity", object{"activityArn": arn})
	for _, name := range []string{"DescribeActivity", "GetActivityTask"} {
		if code, message := c.refused(t, name, object{"activityArn": arn}); code != "ActivityDoesNotExist" || message != "Activity Does Not Exist: '"+arn+"'" {
			t.Errorf("%s: %s: %s", name, code, message)
		}
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	var want []string
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		want = append(want, c.create(t, name, pass))
	}
	for _, size := range []int{0, 1, 2, 4, 5, 1000} {
		var got []string
		for _, m := range c.all(t, "ListStateMachines", object{"maxResults": size}, "stateMachines") {
			got = append(got, m["stateMachineArn"].(string))
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("pages of %d: %v", size, got)
		}
	}
	token := c.ok(t, "ListStateMachines", object{"maxResults": 1})["nextToken"]
	for _, tt := range []struct {
		operation string
		request   object
		want      string
	}{
		{"ListStateMachines", object{"nextToken": "nonsense"}, "InvalidToken: Invalid Token: 'Invalid token'"},
		{"ListActivities", object{"nextToken": token}, "InvalidToken: Invalid Token: 'Invalid token'"},
		{"ListStateMachines", object{"maxResults": 1001}, "ValidationException: 1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000"},
		{"ListStateMachines", object{"maxResults": -1}, "ValidationException: 1 validation error detected: Value '-1' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 0"},
		{"ListStateMachines", object{"nextToken": strings.Repeat("x", 1025)}, "ValidationException: 1 validation error detected: Value '" + strings.Repeat("x", 1025) + "' at 'nextToken' failed to satisfy constraint: Member must have length less than or equal to 1024"},
	} {
		code, message := c.refused(t, tt.operation, tt.request)
		if got := code + ": " + message; got != tt.want {
			t.Errorf("%s %v: %s", tt.operation, tt.request, got)
		}
	}
	c.clock.add(25 * 60)
	if code, _ := c.refused(t, "ListStateMachines", object{"nextToken": token}); code != "InvalidToken" {
		t.Errorf("a token of yesterday: %s", code)
	}
}
