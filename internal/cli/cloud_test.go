package cli_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// cloud plays AWS: it answers an operation with the file of its name, such as
// ListExecutions.json, that the folder has at the moment, and adds operation
// and body to calls.txt. Who asks is known to everybody, and each layer has a
// bucket. Of what there is no file is not there.
func cloud(dir, calls string) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if strings.Contains(string(body), "Action=GetCallerIdentity") {
			_, _ = fmt.Fprint(w, `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>`+
				`<Arn>arn:aws:iam::123456789012:user/me</Arn><UserId>me</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
			return
		}
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		switch {
		case r.URL.Path == "/schedules":
			op = "ListSchedules"
		case strings.HasPrefix(r.URL.Path, "/schedules/"):
			op = "GetSchedule"
		case strings.HasPrefix(string(body), "Action="): // SNS
			op, _, _ = strings.Cut(strings.TrimPrefix(string(body), "Action="), "&")
		}
		answer(w, dir, op, body)
		f, err := os.OpenFile(calls, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err == nil {
			_, err = fmt.Fprintf(f, "%s %s\n", op, body)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			panic(err) // the server logs it; the script misses the call
		}
	}
}

func answer(w http.ResponseWriter, dir, op string, body []byte) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if op == "GetParameter" {
		var in struct{ Name string }
		if json.Unmarshal(body, &in) == nil && strings.HasPrefix(in.Name, "/s3/lakehouse/name/") {
			_, _ = fmt.Fprintf(w, `{"Parameter": {"Name": %q, "Type": "String", "Value": "lake-%s"}}`, in.Name, filepath.Base(in.Name))
			return
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, op+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		w.Header().Set("X-Amzn-ErrorType", "ResourceNotFoundException")
		w.WriteHeader(http.StatusBadRequest)
		text = []byte(`{"__type": "ResourceNotFoundException", "message": "it is not there"}`)
	} else if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if strings.Contains(string(text), `"__type"`) {
		w.WriteHeader(http.StatusBadRequest)
	}
	_, _ = w.Write(text) // the client tells
}
