package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/notify"
	"wplake/internal/params"
	"wplake/internal/store"
	"wplake/internal/store/storetest"
	"wplake/internal/workflow"
	"wplake/internal/workflow/tasks"
)

const topic = `"TopicArn":"arn:aws:sns:eu-west-1:[REDACTED]:failure-stepfunction"`

func TestPublish(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ arguments, subject, body string }{
		{`"Message":"oh","Subject":"It failed"`, "It failed", "oh"},
		{`"Message":"oh"`, "AWS Notification Message", "oh"},
		{`"Message":{"Error":"E","n":1.50}`, "AWS Notification Message", `{"Error":"E","n":1.50}`},
		{`"Message":"{\"default\":\"d\",\"email\":\"e\"}","MessageStructure":"json"`, "AWS Notification Message", "e"},
		{`"Message":{"default":"d"},"MessageStructure":"json"`, "AWS Notification Message", "d"},
		{`"Message":"oh","MessageAttributes":{"a":{"DataType":"String","StringValue":"x"}}`, "AWS Notification Message", "oh"},
		{`"Message":"oh","Subject":"` + strings.Repeat("ä", 100) + `"`, strings.Repeat("ä", 100), "oh"},
	} {
		h := newHome(t)
		out := h.must("sns:publish", "{"+topic+","+test.arguments+"}")
		if id, _ := out["MessageId"].(string); len(id) != 36 {
			t.Errorf("the message's id is %q", id)
		}
		is(t, `200`, out, "SdkHttpMetadata", "HttpStatusCode")
		if want := (notify.Message{Topic: "failure-stepfunction", Subject: test.subject, Body: test.body}); h.published[0] != want {
			t.Errorf("%s: people got %+v", test.arguments, h.published[0])
		}
	}
	h := newHome(t)
	if out := h.must("aws-sdk:sns:publish", `{"TargetArn":"arn:aws:sns:eu-west-1:1:t","Message":"oh"}`); len(out) != 1 || h.published[0].Topic != "t" {
		t.Errorf("%v, %v", out, h.published)
	}
}

func TestPublishRefuses(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	for _, test := range []struct{ arguments, says string }{
		{`{"Message":"oh"}`, "TopicArn"},
		{`{"TopicArn":"failure","Message":"oh"}`, "TopicArn"},
		{`{` + topic + `,"Message":""}`, "Empty message"},
		{`{` + topic + `,"Message":"oh","Subject":""}`, "Subject"},
		{`{` + topic + `,"Message":"oh","Subject":"a\nb"}`, "Subject"},
		{`{` + topic + `,"Message":"oh","Subject":"` + strings.Repeat("a", 101) + `"}`, "Subject"},
		{`{` + topic + `,"Message":"` + strings.Repeat("a", 262145) + `"}`, "Message too long"},
		{`{` + topic + `,"Message":"oh","MessageStructure":"json"}`, "failed to parse"},
		{`{` + topic + `,"Message":"{\"sms\":\"x\"}","MessageStructure":"json"}`, "No default entry"},
		{`{` + topic + `,"Message":"oh","MessageStructure":"xml"}`, "MessageStructure"},
	} {
		mustSay(t, h.refused("SNS.InvalidParameterException", "sns:publish", test.arguments), "Invalid parameter: ", test.says, "(Service: AmazonSNS; Status Code: 400; Error Code: InvalidParameterException;")
		mustSay(t, h.refused("Sns.InvalidParameterException", "aws-sdk:sns:publish", test.arguments), test.says, "(Service: Sns, Status Code: 400,")
	}
	h.refused("States.Runtime", "sns:publish", `{`+topic+`}`)
	if len(h.published) > 0 {
		t.Errorf("people got %v", h.published)
	}
	h = newHome(t, func(o *tasks.Options) {
		o.Publish = func(context.Context, workflow.Call, notify.Message) error {
			return &lake.Error{Code: lake.AlertFailed, Message: "mail was not reached", Hint: "look"}
		}
	})
	mustSay(t, h.refused("SNS.InternalErrorException", "sns:publish", `{`+topic+`,"Message":"oh"}`), "AlertFailed: mail was not reached; look")
}

func TestObjectsOfS3(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	for body, want := range map[string]string{
		`"text ä\n"`: "text ä\n", `{"b":1,"a":[true,1.50]}`: `{"a":[true,1.50],"b":1}`, `false`: "false", `""`: "",
	} {
		put := h.must("aws-sdk:s3:putObject", `{"Bucket":"lake-raw","Key":"d/a.txt","Body":`+body+`}`)
		got := h.must("aws-sdk:s3:getObject", `{"Bucket":"lake-raw","Key":"d/a.txt"}`)
		if got["Body"] != want {
			t.Errorf("%s came back as %v", body, got["Body"])
		}
		is(t, fmt.Sprint(len(want)), got, "ContentLength")
		is(t, asl.Text(put["ETag"]), got, "ETag")
		is(t, `{}`, got, "Metadata")
	}
	h.must("s3:putObject", `{"Bucket":"lake-raw","Key":"d/a.txt","Body":"x"}`)
	is(t, `"x"`, h.must("s3:getObject", `{"Bucket":"lake-raw","Key":"d/a.txt"}`), "Body")

	mustSay(t, h.refused("S3.NoSuchKeyException", "aws-sdk:s3:getObject", `{"Bucket":"lake-raw","Key":"d/none"}`), "The specified key does not exist. (Service: S3, Status Code: 404, Request ID: ")
	h.refused("S3.NoSuchBucketException", "aws-sdk:s3:getObject", `{"Bucket":"other","Key":"d/a.txt"}`)
	h.refused("S3.NoSuchBucketException", "aws-sdk:s3:listObjectsV2", `{"Bucket":"other"}`)
	for _, key := range []string{"../x", "a/../../x", "/etc/passwd", "a//b", ""} {
		h.refused("S3.S3Exception", "aws-sdk:s3:putObject", fmt.Sprintf(`{"Bucket":"lake-raw","Key":%q,"Body":"x"}`, key))
	}
	h.refused("States.Runtime", "aws-sdk:s3:putObject", `{"Bucket":"lake-raw","Key":"k","Body":"x","ACL":"public-read"}`)
}

// What does not fit into a state's data is refused without being read.
func TestLargeObjects(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	ctx := t.Context()
	for _, size := range []int{asl.MaxPayload + 1, 5 << 20} {
		if err := h.tasks.Put(ctx, "lake-raw", "large", strings.NewReader(strings.Repeat("x", size))); err != nil {
			t.Fatal(err)
		}
		mustSay(t, h.refused("States.DataLimitExceeded", "aws-sdk:s3:getObject", `{"Bucket":"lake-raw","Key":"large"}`),
			"The state/task 'aws-sdk:s3' returned a result with a size exceeding the maximum number of bytes service limit.")
	}
	if err := h.tasks.Put(ctx, "lake-raw", "binary", strings.NewReader("\xff\xfe")); err != nil {
		t.Fatal(err)
	}
	mustSay(t, h.refused("S3.S3Exception", "aws-sdk:s3:getObject", `{"Bucket":"lake-raw","Key":"binary"}`), "binary is not UTF-8 text")
}

func TestStoreFails(t *testing.T) {
	t.Parallel()
	full := &lake.Error{Code: lake.StorageFull, Message: "cannot write", Hint: "free some space"}
	h := newHome(t, func(o *tasks.Options) {
		o.Buckets["lake-raw"] = storetest.Faulty(o.Buckets["lake-raw"],
			storetest.Fault{Op: storetest.Commit, Err: full}, storetest.Fault{Op: storetest.List, Err: full})
	})
	mustSay(t, h.refused("S3.S3Exception", "aws-sdk:s3:putObject", `{"Bucket":"lake-raw","Key":"k","Body":"x"}`), "StorageFull: cannot write; free some space")
	h.refused("S3.S3Exception", "aws-sdk:s3:listObjectsV2", `{"Bucket":"lake-raw"}`)
	h.refused("S3.NoSuchKeyException", "aws-sdk:s3:getObject", `{"Bucket":"lake-raw","Key":"k"}`)
}

func TestListObjects(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	keys := []string{"a/1", "a/2", "a/b/3", "a/b/4", "a/c/5", "d"}
	for _, key := range keys {
		h.must("aws-sdk:s3:putObject", fmt.Sprintf(`{"Bucket":"lake-raw","Key":%q,"Body":"xyz"}`, key))
	}
	// pages lists everything in pages of some size, as "key" or "prefix/".
	pages := func(arguments string) (all []string) {
		token := ""
		for range 20 {
			out := h.must("aws-sdk:s3:listObjectsV2", `{"Bucket":"lake-raw"`+arguments+token+`}`)
			contents, _ := out["Contents"].([]any)
			for i := range contents {
				all = append(all, fmt.Sprint(at(contents, i, "Key")))
			}
			common, _ := out["CommonPrefixes"].([]any)
			for i := range common {
				all = append(all, fmt.Sprint(at(common, i, "Prefix")))
			}
			if out["IsTruncated"] != true {
				slices.Sort(all)
				return all
			}
			token = `,"ContinuationToken":` + asl.Text(out["NextContinuationToken"])
		}
		t.Fatal("the listing does not end")
		return nil
	}
	for _, size := range []string{"", `,"MaxKeys":1`, `,"MaxKeys":2`, `,"MaxKeys":5`} {
		for arguments, want := range map[string][]string{
			"":                               keys,
			`,"Prefix":"a/"`:                 {"a/1", "a/2", "a/b/3", "a/b/4", "a/c/5"},
			`,"Prefix":"a/","Delimiter":"/"`: {"a/1", "a/2", "a/b/", "a/c/"},
			`,"Delimiter":"/"`:               {"a/", "d"},
			`,"StartAfter":"a/b/3"`:          {"a/b/4", "a/c/5", "d"},
			`,"Prefix":"zzz"`:                nil,
		} {
			if got := pages(arguments + size); !slices.Equal(got, want) {
				t.Errorf("%s%s: %v, want %v", arguments, size, got, want)
			}
		}
	}
	out := h.must("aws-sdk:s3:listObjectsV2", `{"Bucket":"lake-raw","Prefix":"d","MaxKeys":0}`)
	is(t, `false`, out, "IsTruncated")
	out = h.must("aws-sdk:s3:listObjectsV2", `{"Bucket":"lake-raw","Prefix":"d"}`)
	is(t, `3`, out, "Contents", 0, "Size")
	is(t, `1`, out, "KeyCount")
	is(t, `[]`, out, "CommonPrefixes")
}

// Distributed Maps read and write the same objects.
func TestObjects(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	ctx := t.Context()
	if err := h.tasks.Put(ctx, "lake-raw", "d/a.json", strings.NewReader("[1]")); err != nil {
		t.Fatal(err)
	}
	f, size, err := h.tasks.Open(ctx, "lake-raw", "d/a.json", "")
	if err != nil || size != 3 {
		t.Fatalf("%d bytes, %v", size, err)
	}
	body, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil || string(body) != "[1]" {
		t.Errorf("%s, %v", body, err)
	}
	var listed []workflow.ObjectInfo
	for o, err := range h.tasks.List(ctx, "lake-raw", "d/") {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, o)
	}
	if len(listed) != 1 || listed[0].Key != "d/a.json" || listed[0].Size != 3 || listed[0].ETag == "" || listed[0].LastModified.IsZero() {
		t.Errorf("listed: %+v", listed)
	}
	name := func(err error) string {
		var e *workflow.TaskError
		if !errors.As(err, &e) {
			return fmt.Sprint(err)
		}
		return e.Name
	}
	for _, test := range []struct{ bucket, key, version, want string }{
		{"lake-raw", "none", "", "S3.NoSuchKey"}, {"other", "d/a.json", "", "S3.NoSuchBucket"},
		{"lake-raw", "d/a.json", "v2", "S3.NoSuchVersion"}, {"lake-raw", "../x", "", "S3.S3Exception"},
	} {
		if _, _, err := h.tasks.Open(ctx, test.bucket, test.key, test.version); name(err) != test.want {
			t.Errorf("%v: %v", test, err)
		}
	}
	for _, err := range h.tasks.List(ctx, "other", "") {
		if name(err) != "S3.NoSuchBucket" {
			t.Error(err)
		}
	}
	if err := h.tasks.Put(ctx, "other", "k", strings.NewReader("")); name(err) != "S3.NoSuchBucket" {
		t.Error(err)
	}
	broken := io.MultiReader(strings.NewReader("x"), errReader{})
	if err := h.tasks.Put(ctx, "lake-raw", "d/b", broken); name(err) != "S3.S3Exception" {
		t.Error(err)
	}
	if _, err := h.o.Buckets["lake-raw"].Stat(ctx, "d/b"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("part of an object is there: %v", err)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, os.ErrClosed }

func TestParameters(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	h.put("/a/b", params.String, "x,y")
	h.put("/a/c/d", params.StringList, "1,2")
	h.put("/a/secret", params.SecureString, "hunter2!")
	h.put("single", params.String, "s")
	out := h.must("aws-sdk:ssm:getParameter", `{"Name":"/a/b"}`)
	is(t, `{"Parameter":{"ARN":"arn:aws:ssm:eu-west-1:000000000000:parameter/a/b","DataType":"text","Name":"/a/b","Type":"String","Value":"x,y","Version":1}}`, out)
	is(t, `"x,y"`, h.must("ssm:getParameter", `{"Name":"arn:aws:ssm:eu-west-1:[REDACTED]:parameter/a/b","WithDecryption":true}`), "Parameter", "Value")
	is(t, `"s"`, h.must("aws-sdk:ssm:getParameter", `{"Name":"single"}`), "Parameter", "Value")
	mustSay(t, h.refused("Ssm.ParameterNotFoundException", "aws-sdk:ssm:getParameter", `{"Name":"/none"}`), "Service returned error code ParameterNotFound (Service: Ssm, Status Code: 400, Request ID: ")

	// A secret is in no history.
	is(t, `"***"`, h.must("aws-sdk:ssm:getParameter", `{"Name":"/a/secret"}`), "Parameter", "Value")
	for _, call := range []string{`getParameter|{"Name":"/a/secret","WithDecryption":true}`, `getParametersByPath|{"Path":"/a","WithDecryption":true}`} {
		name, arguments, _ := strings.Cut(call, "|")
		if cause := h.refused("Ssm.SsmException", "aws-sdk:ssm:"+name, arguments); strings.Contains(cause, "hunter") {
			t.Errorf("the secret is in %s", cause)
		}
	}

	out = h.must("aws-sdk:ssm:getParametersByPath", `{"Path":"/a"}`)
	is(t, `"/a/b"`, out, "Parameters", 0, "Name")
	is(t, `"/a/secret"`, out, "Parameters", 1, "Name")
	is(t, `"***"`, out, "Parameters", 1, "Value")
	out = h.must("aws-sdk:ssm:getParametersByPath", `{"Path":"/a/","Recursive":true,"MaxResults":2}`)
	is(t, `"/a/c/d"`, out, "Parameters", 1, "Name")
	out = h.must("aws-sdk:ssm:getParametersByPath", `{"Path":"/a/","Recursive":true,"NextToken":`+asl.Text(out["NextToken"])+`}`)
	is(t, `"/a/secret"`, out, "Parameters", 0, "Name")
	is(t, `null`, out, "NextToken")
	is(t, `[]`, h.must("aws-sdk:ssm:getParametersByPath", `{"Path":"/zzz"}`), "Parameters")
	h.refused("Ssm.SsmException", "aws-sdk:ssm:getParametersByPath", `{"Path":"a"}`)
}
