package asl

import (
	"slices"
	"strings"

	"wplake/internal/asl/source"
)

// integration is a call that Step Functions has a shape of its own for.
type integration struct {
	patterns []Pattern // besides the answer to the request
	required []string  // fields that the request must have
}

// integrationOf looks up a call of an optimised integration.
func integrationOf(service, action string) (integration, bool) {
	sync, token := []Pattern{RunJob}, []Pattern{WaitForTaskToken}
	both := []Pattern{RunJob, WaitForTaskToken}
	calls := map[string]integration{
		"apigateway:invoke":                                {patterns: token, required: []string{"ApiEndpoint", "Method"}},
		"athena:startQueryExecution":                       {patterns: sync},
		"athena:stopQueryExecution":                        {},
		"athena:getQueryExecution":                         {},
		"athena:getQueryResults":                           {},
		"batch:submitJob":                                  {patterns: sync},
		"bedrock:invokeModel":                              {patterns: token},
		"bedrock:createModelCustomizationJob":              {patterns: sync},
		"codebuild:startBuild":                             {patterns: sync},
		"codebuild:stopBuild":                              {},
		"codebuild:batchDeleteBuilds":                      {},
		"codebuild:batchGetReports":                        {},
		"codebuild:startBuildBatch":                        {patterns: sync},
		"codebuild:stopBuildBatch":                         {},
		"codebuild:retryBuildBatch":                        {patterns: sync},
		"codebuild:deleteBuildBatch":                       {},
		"databrew:startJobRun":                             {patterns: sync},
		"dynamodb:getItem":                                 {required: []string{"TableName", "Key"}},
		"dynamodb:putItem":                                 {required: []string{"TableName", "Item"}},
		"dynamodb:deleteItem":                              {required: []string{"TableName", "Key"}},
		"dynamodb:updateItem":                              {required: []string{"TableName", "Key"}},
		"ecs:runTask":                                      {patterns: both, required: []string{"TaskDefinition"}},
		"eks:call":                                         {},
		"eks:runJob":                                       {patterns: sync},
		"eks:createCluster":                                {patterns: sync},
		"eks:deleteCluster":                                {patterns: sync},
		"eks:createNodegroup":                              {patterns: sync},
		"eks:deleteNodegroup":                              {patterns: sync},
		"eks:createFargateProfile":                         {patterns: sync},
		"eks:deleteFargateProfile":                         {patterns: sync},
		"elasticmapreduce:createCluster":                   {patterns: sync},
		"elasticmapreduce:terminateCluster":                {patterns: sync},
		"elasticmapreduce:addStep":                         {patterns: sync},
		"elasticmapreduce:cancelStep":                      {},
		"elasticmapreduce:setClusterTerminationProtection": {},
		"elasticmapreduce:modifyInstanceFleetByName":       {},
		"elasticmapreduce:modifyInstanceGroupByName":       {},
		"emr-containers:createVirtualCluster":              {},
		"emr-containers:deleteVirtualCluster":              {patterns: sync},
		"emr-containers:startJobRun":                       {patterns: sync},
		"emr-serverless:createApplication":                 {patterns: sync},
		"emr-serverless:startApplication":                  {patterns: sync},
		"emr-serverless:stopApplication":                   {patterns: sync},
		"emr-serverless:deleteApplication":                 {patterns: sync},
		"emr-serverless:startJobRun":                       {patterns: sync},
		"emr-serverless:cancelJobRun":                      {patterns: sync},
		"events:putEvents":                                 {patterns: token, required: []string{"Entries"}},
		"glue:startJobRun":                                 {patterns: sync, required: []string{"JobName"}},
		"http:invoke":                                      {required: []string{"ApiEndpoint", "Method"}},
		"lambda:invoke":                                    {patterns: token, required: []string{"FunctionName"}},
		"mediaconvert:createJob":                           {patterns: sync},
		"sagemaker:createEndpoint":                         {},
		"sagemaker:createEndpointConfig":                   {},
		"sagemaker:createHyperParameterTuningJob":          {patterns: sync},
		"sagemaker:createLabelingJob":                      {patterns: sync},
		"sagemaker:createModel":                            {},
		"sagemaker:createProcessingJob":                    {patterns: sync},
		"sagemaker:createTrainingJob":                      {patterns: sync},
		"sagemaker:createTransformJob":                     {patterns: sync},
		"sagemaker:updateEndpoint":                         {},
		"sns:publish":                                      {patterns: token, required: []string{"Message"}},
		"sqs:sendMessage":                                  {patterns: token, required: []string{"QueueUrl", "MessageBody"}},
		"states:startExecution":                            {patterns: []Pattern{RunJob, RunJobJSON, WaitForTaskToken}, required: []string{"StateMachineArn"}},
	}
	i, ok := calls[service+":"+action]
	return i, ok
}

// resource judges what a Task calls, and whether it hands over what that needs.
func (v *validator) resource(p *place, at string, value *source.Value) {
	if !v.typed(at, value, source.String) {
		return
	}
	r, ok := ParseResource(value.Text)
	if !ok {
		v.schema(at, "Value is not a valid resource ARN")
		return
	}
	if v.express {
		v.expressResource(at, r)
	}
	if r.Kind != ServiceResource {
		return
	}
	i, known := integrationOf(r.Service, r.Action)
	if sdk, isSDK := strings.CutPrefix(r.Service, "aws-sdk:"); isSDK {
		i = integration{patterns: []Pattern{WaitForTaskToken}}
		known = plainWord(sdk) && plainWord(r.Action)
	}
	if !known || r.Pattern != RequestResponse && !slices.Contains(i.patterns, r.Pattern) {
		v.schema(at, "The resource provided %s is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.", value.Text)
		return
	}
	v.handedOver(p, r, i)
}

// plainWord tells whether a service or action of an SDK is spelt as it must
// be: lower case at the beginning.
func plainWord(word string) bool {
	return word != "" && word[0] >= 'a' && word[0] <= 'z' && !strings.ContainsFunc(word, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
}

func (v *validator) expressResource(at string, r Resource) {
	switch {
	case r.Kind == ActivityResource:
		v.schema(at, "Express state machine does not support Activity ARN")
	case r.Pattern == WaitForTaskToken:
		// The space at the end is AWS's.
		v.schema(at, "Express state machine does not support '.waitForTaskToken' service integration ")
	case r.Pattern != RequestResponse:
		v.schema(at, "Express state machine does not support '.sync' service integration")
	}
}

// handedOver asks for the arguments of a service, and for those of its fields
// that are required.
func (v *validator) handedOver(p *place, r Resource, i integration) {
	name := arguments(p.language)
	given := p.state.Get(name)
	if given == nil {
		v.schema(p.at, "%s field is required for resource ARN: %s", name, r.ARN)
		return
	}
	if !given.Is(source.Object) {
		return
	}
	for _, field := range i.required {
		if !given.Has(field) && (p.language == JSONata || !given.Has(field+".$")) {
			v.schema(p.at+"/"+name, "The field '%s' is required but was missing", field)
		}
	}
}

func (v *validator) credentials(p *place, at string, value *source.Value) {
	if r, ok := ParseResource(p.state.Get("Resource").Str()); ok && r.Kind == ActivityResource {
		v.schema(at, "The field 'Credentials' is not supported for activities")
	}
	if value.Is(source.String) && p.language == JSONata {
		return
	}
	if !v.typed(at, value, source.Object) {
		return
	}
	if !value.Has("RoleArn") && (p.language == JSONata || !value.Has("RoleArn.$")) {
		v.schema(at, "The field 'RoleArn' is required but was missing")
		return
	}
	if p.language == JSONPath {
		v.payload(at, value)
	}
}
