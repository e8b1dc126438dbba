// Package lambda is wplake as an AWS Lambda function: the custom runtime
// (provided.al2023), and what a stage function does with an event.
//
// A process serves one function. It reads the definition that is packaged with
// it, then takes one event after the other: it empties the scratch folder, runs
// one stage, tells people about failures, and answers. It stops in time before
// the function's deadline, with all that is finished kept, so that the next
// invocation goes on.
//
// What the lake consists of is behind the interface Lake, which home fills.
package lambda

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/notify"
	"wplake/internal/pipeline"
)

// Lake is what a function works with. It serves one invocation at a time.
type Lake interface {
	// Topic is the ARN of the topic that hears of a layer, from the parameter
	// lake.TopicParameter. An error is a *lake.Error; a parameter that is not
	// there has the code ParameterMissing.
	Topic(ctx context.Context, l lake.Layer) (arn string, err error)
	// Stage runs a stage of the pipeline, by its name there. Objects that failed
	// are in the report; the error, a *lake.Error, says that the stage could not
	// run. A layer's bucket whose parameter is missing is such an error, of the
	// code ParameterMissing. When ctx ends the stage ends soon, and what it did
	// not finish has the code Interrupted. progress is called concurrently.
	Stage(ctx context.Context, name string, r pipeline.Request, progress func(pipeline.Event)) (lake.StageReport, error)
	// Publish delivers a message whose Topic is an ARN.
	Publish(ctx context.Context, m notify.Message) error
	// Resolve gives the value of a reference in the definition.
	Resolve(ctx context.Context, r config.Ref) (string, error)
	// Close ends what was opened. It is called once, before the process ends.
	Close() error
}

// Opener opens the lake for a function, when the process begins. It makes no
// request, so that nothing but a defect of the package or of its settings fails
// here: parameters are read by the methods of Lake that need them.
type Opener func(ctx context.Context, o OpenOptions) (Lake, error)

// OpenOptions are what an Opener gets.
type OpenOptions struct {
	// Config is the packaged definition, with engine.memory_limit not above
	// what the function has.
	Config config.Config
	Dir    string // of the definition, absolute
	// Function is the stage function: lake.FunctionRaw and so on, or "" for
	// one that does whichever stage the event names.
	Function string
	// Scratch is the only folder to write to, absolute. It is emptied before
	// every invocation, so nothing may be kept there from one to the next.
	Scratch string
	// Room is what raw asks before it spools an object.
	Room   *pipeline.Room
	Log    *slog.Logger // adds request and run to what is logged
	Now    func() time.Time
	Getenv func(string) (string, bool)
}

// Names of environment variables. Those of Lambda are documented at
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html.
const (
	envRuntimeAPI = "AWS_LAMBDA_RUNTIME_API"
	envName       = "AWS_LAMBDA_FUNCTION_NAME"
	envMemory     = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE" // MiB
	envTaskRoot   = "LAMBDA_TASK_ROOT"
	envLogLevel   = "AWS_LAMBDA_LOG_LEVEL"
	envTraceID    = "_X_AMZN_TRACE_ID"
	// EnvFunction says which stage function a process is, whatever the name of
	// the Lambda function.
	EnvFunction = "WPLAKE_FUNCTION"
)

// Wanted tells whether a process with these arguments, its own name first, is a
// Lambda function rather than a command. Lambda gives no arguments; a Glue job
// starts the package's bootstrap with some.
func Wanted(args []string, getenv func(string) (string, bool)) bool {
	if len(args) != 1 {
		return false
	}
	api, _ := getenv(envRuntimeAPI)
	return api != "" || filepath.Base(args[0]) == "bootstrap"
}

// FunctionOf is the stage function that the environment names: by
// WPLAKE_FUNCTION, else by the end of the Lambda function's name, as in
// data_wordpressapi_raw. It is "" where none does.
func FunctionOf(getenv func(string) (string, bool)) (string, error) {
	if named, _ := getenv(EnvFunction); named != "" {
		for _, f := range functions() {
			if named == f || named == lake.FunctionName(f) {
				return f, nil
			}
		}
		return "", &lake.Error{
			Code: lake.ConfigInvalid, Message: "there is no stage function " + named,
			Hint: EnvFunction + " is one of " + strings.Join(functions(), ", "),
		}
	}
	name, _ := getenv(envName)
	for _, f := range functions() {
		if name == f || strings.HasSuffix(name, "_"+f) || strings.HasSuffix(name, "-"+f) {
			return f, nil
		}
	}
	return "", nil
}

func functions() []string {
	return []string{lake.FunctionRaw, lake.FunctionBronze, lake.FunctionSilver, lake.FunctionCatalog}
}
