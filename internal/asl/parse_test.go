package asl_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"wplake/internal/asl"
)

func TestFaultsOfDefinitions(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, definition, want string }{
		{"no JSON", `{`, "INVALID_JSON_DESCRIPTION / not JSON"},
		{"two documents", `{}{}`, "INVALID_JSON_DESCRIPTION / something follows"},
		{"no object", `[]`, "SCHEMA_VALIDATION_FAILED / "},
		{"no start", `{"States":{"S":{"Type":"Succeed"}}}`, "SCHEMA_VALIDATION_FAILED / Missing required field 'StartAt'"},
		{"unknown start", `{"StartAt":"X","States":{"S":{"Type":"Succeed"}}}`, "MISSING_TRANSITION_TARGET /StartAt "},
		{"unknown next", one(`{"Type":"Pass","Next":"X"}`), "MISSING_TRANSITION_TARGET /States/S/Next "},
		{"unknown type", one(`{"Type":"Loop"}`), "SCHEMA_VALIDATION_FAILED /States/S/Type "},
		{"unknown field", one(`{"Type":"Pass","End":true,"Inputpath":"$"}`), "SCHEMA_VALIDATION_FAILED /States/S/Inputpath Field is not supported"},
		{"neither next nor end", one(`{"Type":"Pass"}`), "SCHEMA_VALIDATION_FAILED /States/S "},
		{"broken path", one(`{"Type":"Pass","Parameters":{"x.$":"$.a["},"End":true}`), "SCHEMA_VALIDATION_FAILED /States/S/Parameters/x.$ "},
		{"broken call", one(`{"Type":"Pass","Parameters":{"x.$":"States.Nope()"},"End":true}`), "SCHEMA_VALIDATION_FAILED /States/S/Parameters/x.$ "},
		{"broken expression", one(`{"Type":"Pass","QueryLanguage":"JSONata","Output":"{% 1 + %}","End":true}`), "SCHEMA_VALIDATION_FAILED /States/S/Output "},
		{"result path is no reference", one(`{"Type":"Pass","ResultPath":"$.a[*]","End":true}`), "SCHEMA_VALIDATION_FAILED /States/S/ResultPath "},
		{"no resource", one(`{"Type":"Task","Resource":"glue","End":true}`), "SCHEMA_VALIDATION_FAILED /States/S/Resource "},
		{"reserved variable", one(`{"Type":"Pass","Assign":{"states":1},"End":true}`), "SCHEMA_VALIDATION_FAILED /States/S/Assign/states "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := asl.Parse([]byte(tt.definition))
			var faults *asl.DefinitionError
			if !errors.As(err, &faults) {
				t.Fatalf("got %v", err)
			}
			d := slices.IndexFunc(faults.Diagnostics, func(d asl.Diagnostic) bool {
				return strings.HasPrefix(d.Code+" "+d.Location+" "+d.Message, tt.want)
			})
			if d < 0 {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestResources(t *testing.T) {
	t.Parallel()
	tests := map[string]asl.Resource{
		"arn:aws:lambda:eu-west-1:[REDACTED]:function:raw:$LATEST": {Kind: asl.LambdaResource},
		"arn:aws:states:eu-west-1:1:activity:a":                    {Kind: asl.ActivityResource},
		"arn:aws:states:::glue:startJobRun.sync":                   {Kind: asl.ServiceResource, Service: "glue", Action: "startJobRun", Pattern: asl.RunJob},
		"arn:aws:states:::states:startExecution.sync:2":            {Kind: asl.ServiceResource, Service: "states", Action: "startExecution", Pattern: asl.RunJobJSON},
		"arn:aws:states:::aws-sdk:glue:startCrawler":               {Kind: asl.ServiceResource, Service: "aws-sdk:glue", Action: "startCrawler"},
		"arn:aws:states:::sqs:sendMessage.waitForTaskToken":        {Kind: asl.ServiceResource, Service: "sqs", Action: "sendMessage", Pattern: asl.WaitForTaskToken},
	}
	for arn, want := range tests {
		want.ARN = arn
		if got, ok := asl.ParseResource(arn); !ok || got != want {
			t.Errorf("%s: got %+v, %v", arn, got, ok)
		}
	}
	for _, arn := range []string{"", "glue", "arn:aws:s3:::bucket", "arn:aws:states:::glue", "arn:aws:states:::glue:"} {
		if r, ok := asl.ParseResource(arn); ok {
			t.Errorf("%q: got %+v", arn, r)
		}
	}
}

// FuzzParse evaluates whatever parses, on an input that parses.
func FuzzParse(f *testing.F) {
	f.Add([]byte(wide), []byte(`{"n":7,"list":[1,2,3]}`))
	f.Add([]byte(one(`{"Type":"Choice","Choices":[{"Not":{"Variable":"$.a","StringMatches":"*"},"Next":"Caught"}],"Default":"Caught"}`)), []byte(`{"a":"b"}`))
	f.Add([]byte(one(`{"Type":"Pass","QueryLanguage":"JSONata","Output":"{% $states %}","End":true}`)), []byte(`[]`))
	f.Add([]byte(one(`{"Type":"Wait","SecondsPath":"$.s","End":true}`)), []byte(`{"s":1e2}`))
	f.Fuzz(func(t *testing.T, definition, input []byte) {
		m, err := asl.Parse(definition)
		if err != nil {
			return
		}
		v, err := asl.Decode(input)
		if err != nil {
			return
		}
		d := newScripted(nil)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if _, err := asl.Run(ctx, m, asl.Info{Input: v, StartTime: d.now}, d, nil); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkPassChain(b *testing.B) {
	m := mustParse(b, `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","Result":{"x":1},"ResultPath":"$.r","Next":"A"}}}`)
	d := newScripted(nil)
	info := asl.Info{Input: map[string]any{"a": "b"}, StartTime: d.now, Express: true}
	b.ReportAllocs()
	asl.NewExecution(m, info, func(asl.Event) {}).Step(d, b.N)
}
