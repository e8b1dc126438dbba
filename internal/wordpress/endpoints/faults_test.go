package endpoints_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wplake/internal/lake"
	"wplake/internal/wordpress"
	"wplake/internal/wordpress/endpoints"
	"wplake/internal/wordpress/faultsite"
	"wplake/internal/wordpress/sourcetest"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(faultsite.Handler())
	t.Cleanup(server.Close)
	sourcetest.Run(t, func(t *testing.T) wordpress.Source {
		t.Helper()
		base := server.URL + faultsite.Path
		source := endpoints.New(endpoints.Options{URLs: urls(base + "good_endpoint/," + base + "gzip_endpoint/")})
		t.Cleanup(func() {
			if err := source.Close(); err != nil {
				t.Error(err)
			}
		})
		return source
	})
}

// Every fault is named for what it is, after the attempts that make sense, and
// none harms another.
func TestFaults(t *testing.T) {
	t.Parallel()
	const retries = 2
	for _, fault := range faultsite.Faults() {
		t.Run(fault.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				site := faultsite.Handler()
				source := endpoints.New(endpoints.Options{
					URLs:        urls(faultsite.URLs("http://127.0.0.1:8080")...),
					Credentials: credentials(endpoints.Credentials{User: "reader", Password: "s3cret-s3cret", Headers: map[string]string{"X-Key": "hush-hush"}}),
					Retries:     retries,
					MaxBytes:    100_000,
					Transport:   serveInMemory(t, site),
					Rand:        func() float64 { return 0 },
				})
				object := find(t, source, fault.Name)
				var sink sourcetest.Sink
				err := source.Fetch(t.Context(), object, &sink)
				if fault.Code == "" {
					checkTaken(t, err, fault, &sink)
				} else {
					checkRefused(t, err, fault, &sink, object)
				}
				if err != nil {
					t.Logf("%v\n    %s", err, lake.AsError(err, lake.Internal).Hint)
				}
				want := fault.Attempts
				if want == 0 {
					want = retries + 1
				}
				if got := site.Asked(fault.Name); fault.Name != "redirect_loop" && got != want {
					t.Errorf("%d attempts, want %d", got, want)
				}
				if leaked := site.Leaked(); leaked != nil {
					t.Errorf("these headers came to another host: %v", leaked)
				}
			})
		})
	}
}

func find(t *testing.T, s *endpoints.Source, name string) wordpress.Object {
	t.Helper()
	all, err := s.Objects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		if o.Name == name {
			return o
		}
	}
	t.Fatalf("there is no object %s in %v", name, all)
	return wordpress.Object{}
}

func checkTaken(t *testing.T, err error, fault faultsite.Fault, sink *sourcetest.Sink) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	want := 3
	if fault.Name == "no_rows" {
		want = 0
	}
	if sink.Bytes() == nil || sink.Rows() != want {
		t.Errorf("%d rows, want %d", sink.Rows(), want)
	}
}

func checkRefused(t *testing.T, err error, fault faultsite.Fault, sink *sourcetest.Sink, object wordpress.Object) {
	t.Helper()
	e := lake.AsError(err, lake.Internal)
	if e.Code != fault.Code {
		t.Errorf("the code is %s, want %s", e.Code, fault.Code)
	}
	if !strings.Contains(e.Message, object.From) || e.Hint == "" {
		t.Errorf("the error does not name the endpoint, or no remedy: %s (%s)", e.Message, e.Hint)
	}
	if sink.Bytes() != nil {
		t.Error("the sink holds an object")
	}
	for _, secret := range []string{"s3cret", "hush"} {
		if strings.Contains(e.Message+e.Hint, secret) {
			t.Errorf("the error tells a secret: %s", e.Message)
		}
	}
}

// A slow answer is no fault while bytes keep coming.
func TestSlowBodyIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		site := faultsite.Handler()
		source := endpoints.New(endpoints.Options{
			URLs:      urls("http://site.example" + faultsite.Path + "stalled_endpoint/"),
			Transport: serveInMemory(t, site),
		})
		time.AfterFunc(endpoints.DefaultIdleTimeout-time.Second, site.Resume)
		var sink sourcetest.Sink
		if err := source.Fetch(t.Context(), find(t, source, "stalled"), &sink); err != nil {
			t.Fatal(err)
		}
		if sink.Rows() != 3 || sink.Attempts != 1 {
			t.Errorf("%d rows after %d attempts", sink.Rows(), sink.Attempts)
		}
	})
}

// WordPress's own words are in the error.
func TestErrorQuotesWordPress(t *testing.T) {
	t.Parallel()
	for fault, want := range map[string][]string{
		"denied":       {"401 Unauthorized", "rest_forbidden", "Sorry, you are not allowed to do that.", "Authorization header"},
		"no_route":     {"404 Not Found", "rest_no_route", "plugin"},
		"firewall":     {"403 Forbidden", "Just a moment...", "Cloudflare"},
		"crash":        {"500", "There has been a critical error on this website.", "error log"},
		"maintenance":  {"503", "Maintenance", "later"},
		"html_login":   {"login page", "credentials"},
		"error_object": {"rest_forbidden"},
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(faultsite.Handler())
			defer server.Close()
			source := endpoints.New(endpoints.Options{
				URLs:        urls(server.URL + faultsite.Path + fault + "_endpoint/"),
				Credentials: credentials(endpoints.Credentials{User: "reader", Password: "wrong"}),
				Retries:     -1,
			})
			err := source.Fetch(t.Context(), find(t, source, fault), &sourcetest.Sink{})
			e := lake.AsError(err, lake.Internal)
			for _, part := range want {
				if !strings.Contains(e.Message+"\n"+e.Hint, part) {
					t.Errorf("%q is not in %s (%s)", part, e.Message, e.Hint)
				}
			}
		})
	}
}

func TestRequestHeaders(t *testing.T) {
	t.Parallel()
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(r.Context())
		if _, err := w.Write([]byte("[]")); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	source := endpoints.New(endpoints.Options{
		URLs: urls(server.URL + "/posts_endpoint/?key=1"),
		Credentials: credentials(endpoints.Credentials{User: "reader", Password: "abcd efgh\n",
			Headers: map[string]string{"X-Api-Key": " k \n", "Host": "www.site.example"}}),
		Version: "1.2.3",
	})
	if err := source.Fetch(t.Context(), wordpress.Object{Name: "posts"}, &sourcetest.Sink{}); err != nil {
		t.Fatal(err)
	}
	user, password, _ := got.BasicAuth()
	if got.Method != http.MethodGet || got.Header.Get("Accept") != "application/json" || got.UserAgent() != "wplake/1.2.3" ||
		user != "reader" || password != "abcd efgh" || got.Header.Get("X-Api-Key") != "k" || got.Host != "www.site.example" || got.URL.RawQuery != "key=1" {
		t.Errorf("the request is %s %s %v, to %s", got.Method, got.URL, got.Header, got.Host)
	}
}
