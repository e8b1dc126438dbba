package tasks

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/workflow"
)

// service is how a service of AWS is called in errors: under the optimised
// integrations, and under those of the SDK.
type service struct {
	prefix, full       string // optimised: Lambda.…, (Service: AWSLambda; …)
	sdkPrefix, sdkFull string // SDK: Sns.…, (Service: Sns, …)
}

func lambdaService() service { return service{"Lambda", "AWSLambda", "Lambda", "Lambda"} }
func glueService() service   { return service{"Glue", "AWSGlue", "Glue", "Glue"} }
func athenaService() service { return service{"Athena", "AmazonAthena", "Athena", "Athena"} }
func snsService() service    { return service{"SNS", "AmazonSNS", "Sns", "Sns"} }
func s3Service() service     { return service{"S3", "Amazon S3", "S3", "S3"} }
func ssmService() service    { return service{"SSM", "AWSSimpleSystemsManagement", "Ssm", "Ssm"} }

// refuse is a service's refusal of a request: an exception such as
// EntityNotFoundException, with what the service says.
func (r request) refuse(s service, exception string, status int, format string, a ...any) error {
	message := fmt.Sprintf(format, a...)
	if r.sdk {
		return &workflow.TaskError{
			Name:  s.sdkPrefix + "." + exception,
			Cause: fmt.Sprintf("%s (Service: %s, Status Code: %d, Request ID: %s)", message, s.sdkFull, status, r.requestID()),
		}
	}
	return &workflow.TaskError{
		Name: s.prefix + "." + exception,
		Cause: fmt.Sprintf("%s (Service: %s; Status Code: %d; Error Code: %s; Request ID: %s; Proxy: null)",
			message, s.full, status, exception, r.requestID()),
	}
}

// broken is a failure of this home on the service's side: message and remedy
// are those of the error.
func (r request) broken(s service, exception string, err error) error {
	e := lake.AsError(err, lake.Internal)
	message := fmt.Sprintf("%s: %s", e.Code, e.Error())
	if e.Hint != "" {
		message += "; " + e.Hint
	}
	return r.refuse(s, exception, 500, "%s", message)
}

// id makes an identifier of 32 bytes in hexadecimal digits, always the same for
// a purpose of this attempt of the task.
func (r request) id(purpose string) string {
	sum := sha256.Sum256([]byte(r.call.Execution + "\n" + r.call.Key + "\n" + purpose))
	return hex.EncodeToString(sum[:])
}

// uuid is id in the form of a UUID.
func (r request) uuid(purpose string) string {
	h := r.id(purpose)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:32]
}

func (r request) requestID() string { return r.uuid("request") }

// answer is an answer in the form of the integration: those that Step Functions
// optimises tell about the HTTP exchange as well.
func (r request) answer(fields map[string]any, status int, headers map[string]string) map[string]any {
	if r.sdk {
		return fields
	}
	all, one := map[string]any{}, map[string]any{}
	put := func(name, value string) { all[name], one[name] = []any{value}, value }
	put("Content-Type", "application/json")
	put("x-amzn-RequestId", r.requestID())
	for name, value := range headers {
		put(name, value)
	}
	fields["SdkHttpMetadata"] = map[string]any{"AllHttpHeaders": all, "HttpHeaders": one, "HttpStatusCode": number(int64(status))}
	fields["SdkResponseMetadata"] = map[string]any{"RequestId": r.requestID()}
	return fields
}

// time is a point in time as the integration tells it: milliseconds since 1970
// where it is optimised, else ISO 8601.
func (r request) time(t time.Time) any {
	if r.sdk {
		return t.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return number(t.UnixMilli())
}

func number(n int64) json.Number { return json.Number(strconv.FormatInt(n, 10)) }

// value turns what a function returned into a JSON value as asl has them, and
// tells how many bytes of JSON it is.
func value(v any) (decoded any, size int, err error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, 0, err
	}
	decoded, err = asl.Decode(raw)
	return decoded, len(raw), err
}

// arn is the ARN of a resource of this home.
func (t *Tasks) arn(service, rest string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, t.o.Region, t.o.Account, rest)
}
