package api_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"wplake/internal/workflow/api"
)

// signed signs a request as the documentation of AWS describes it, written
// anew here: nothing is shared with what verifies.
func signed(r *http.Request, body, access, secret, date, region string) {
	hash := func(s string) string { sum := sha256.Sum256([]byte(s)); return hex.EncodeToString(sum[:]) }
	mac := func(key, s string) string {
		h := hmac.New(sha256.New, []byte(key))
		h.Write([]byte(s))
		return string(h.Sum(nil))
	}
	r.Header.Set("X-Amz-Date", date)
	names := "content-type;host;x-amz-date;x-amz-target"
	canonical := "POST\n/\n\ncontent-type:" + r.Header.Get("Content-Type") + "\nhost:" + r.Host + "\nx-amz-date:" + date +
		"\nx-amz-target:" + r.Header.Get("X-Amz-Target") + "\n\n" + names + "\n" + hash(body)
	scope := date[:8] + "/" + region + "/states/aws4_request"
	key := mac(mac(mac(mac("AWS4"+secret, date[:8]), region), "states"), "aws4_request")
	value := hex.EncodeToString([]byte(mac(key, "AWS4-HMAC-SHA256\n"+date+"\n"+scope+"\n"+hash(canonical))))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+access+"/"+scope+", SignedHeaders="+names+", Signature="+value)
}

func TestSignatures(t *testing.T) {
	t.Parallel()
	const secret = "wJalrXUtnFEMI/K7MDENG"
	for _, tt := range []struct {
		name   string
		before func(r *http.Request)
		access string
		secret string
		date   string
		after  func(r *http.Request)
		code   string
	}{
		{name: "right"},
		{name: "another region, another host", before: func(r *http.Request) { r.Host = "lake.example:8083" }},
		{name: "four minutes late", date: "20261124T075600Z"},
		{name: "six minutes late", date: "20261124T075400Z", code: "InvalidSignatureException"},
		{name: "six minutes early", date: "20261124T080601Z", code: "InvalidSignatureException"},
		{name: "another secret", secret: "x", code: "InvalidSignatureException"},
		{name: "another key", access: "AKIAOTHER", code: "UnrecognizedClientException"},
		{name: "none", after: func(r *http.Request) { r.Header.Del("Authorization") }, code: "MissingAuthenticationTokenException"},
		{name: "another operation", after: func(r *http.Request) { r.Header.Set("X-Amz-Target", "AWSStepFunctions.ListActivities") }, code: "InvalidSignatureException"},
		{name: "another host than signed", after: func(r *http.Request) { r.Host = "127.0.0.2" }, code: "InvalidSignatureException"},
		{name: "another type", after: func(r *http.Request) { r.Header.Set("Content-Type", "application/x-amz-json-1.1") }, code: "InvalidSignatureException"},
		{name: "a query that is not signed", after: func(r *http.Request) { r.URL.RawQuery = "a=b" }, code: "InvalidSignatureException"},
		{name: "an operation that is not signed", after: func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), ";x-amz-target", "", 1))
		}, code: "IncompleteSignatureException"},
		{name: "another algorithm", after: func(r *http.Request) { r.Header.Set("Authorization", "Basic YTpi") }, code: "IncompleteSignatureException"},
		{name: "another service", after: func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "/states/", "/s3/", 1))
		}, code: "InvalidSignatureException"},
		{name: "no date", after: func(r *http.Request) { r.Header.Set("X-Amz-Date", "") }, code: "IncompleteSignatureException"},
	} {
		c := newClient(t, func(o *api.Options) { o.Keys = &api.Keys{Access: "AKIALAKE", Secret: secret} })
		r := request(t, "ListStateMachines", object{"maxResults": 5})
		if tt.before != nil {
			tt.before(r)
		}
		or := func(s, otherwise string) string {
			if s == "" {
				return otherwise
			}
			return s
		}
		signed(r, `{"maxResults":5}`, or(tt.access, "AKIALAKE"), or(tt.secret, secret), or(tt.date, "20261124T080000Z"), "eu-west-1")
		if tt.after != nil {
			tt.after(r)
		}
		response := c.send(r)
		var answer map[string]any
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		code, _ := answer["__type"].(string)
		if code != tt.code || (response.StatusCode == http.StatusOK) != (tt.code == "") {
			t.Errorf("%s: %d %v, want %s", tt.name, response.StatusCode, answer, tt.code)
		}
		if text, _ := answer["message"].(string); strings.Contains(text, secret) {
			t.Errorf("%s: the secret is in the answer", tt.name)
		}
	}
	c := newClient(t, func(o *api.Options) { o.Keys = &api.Keys{Access: "AKIALAKE", Secret: secret} })
	r := request(t, "ListStateMachines", object{"maxResults": 6})
	signed(r, `{"maxResults":5}`, "AKIALAKE", secret, "20261124T080000Z", "eu-west-1")
	if response := c.send(r); response.StatusCode != http.StatusForbidden {
		t.Errorf("another body than signed: %d", response.StatusCode)
	}
}
