// Package faultsite is a web site for tests whose endpoints fail, each in its
// own way: what servers, firewalls and plugins send instead of a table.
package faultsite

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"

	"wplake/internal/lake"
)

// Path is the folder of the endpoints: an endpoint is Path + name + "_endpoint/".
const Path = "/wp-json/mo/v1/"

// Good is the table that endpoints give when they give one: three rows.
const Good = `[{"term_id":"1","name":"Allgemein \u00fcber","slug":"allgemein","term_group":"0"},` +
	`{"term_id":"2","name":"R&amp;D","slug":"r-d","term_group":"0"},` +
	`{"term_id":"3","name":"caf\u00e9 \ud83d\ude80","slug":"cafe","term_group":"0"}]`

// Fault is an endpoint and what has to come of it.
type Fault struct {
	Name string    // of the endpoint and of its object
	Code lake.Code // of the failure; empty: the object is taken after all
	// Attempts is how many attempts a client makes of a fault that may pass:
	// 0 is as many as it is allowed, 1 a fault that no second attempt mends.
	Attempts int

	serve func(*Site, http.ResponseWriter, *http.Request)
}

// Faults lists all endpoints, the good ones first.
func Faults() []Fault {
	return []Fault{
		{Name: "good", Attempts: 1, serve: text(Good)},
		{Name: "no_rows", Attempts: 1, serve: text("[]")},
		{Name: "gzip", Attempts: 1, serve: zipped(0)},
		{Name: "busy_twice", Attempts: 3, serve: (*Site).busyTwice},
		{Name: "elsewhere", Attempts: 1, serve: (*Site).redirectElsewhere},

		{Name: "html_login", Code: lake.SourceHTML, Attempts: 1, serve: page(http.StatusOK, login)},
		{Name: "html_challenge", Code: lake.SourceHTML, Attempts: 1, serve: page(http.StatusOK, challenge)},
		{Name: "firewall", Code: lake.SourceUnauthorized, Attempts: 1, serve: page(http.StatusForbidden, challenge)},
		{Name: "denied", Code: lake.SourceUnauthorized, Attempts: 1, serve: fails(http.StatusUnauthorized, "rest_forbidden", "Sorry, you are not allowed to do that.")},
		{Name: "no_route", Code: lake.SourceHTTPStatus, Attempts: 1, serve: fails(http.StatusNotFound, "rest_no_route", "No route was found matching the URL and request method.")},
		{Name: "maintenance", Code: lake.SourceHTTPStatus, serve: (*Site).maintenance},
		{Name: "crash", Code: lake.SourceHTTPStatus, serve: fails(http.StatusInternalServerError, "internal_server_error", "<p>There has been a critical error on this website.</p>")},
		{Name: "redirect_loop", Code: lake.SourceRedirect, Attempts: 1, serve: (*Site).redirectLoop},

		{Name: "php_notice", Code: lake.SourceNoise, Attempts: 1, serve: text("<br />\n<b>Warning</b>:  Undefined variable $x in <b>/var/www/plugin.php</b> on line <b>7</b><br />\n" + Good)},
		{Name: "bom", Code: lake.SourceNoise, Attempts: 1, serve: text("\uFEFF" + Good)},
		{Name: "error_object", Code: lake.SourceErrorObject, Attempts: 1, serve: text(`{"code":"rest_forbidden","message":"Sorry.","data":{"status":403}}`)},
		{Name: "scalar", Code: lake.SourceNotArray, Attempts: 1, serve: text("false")},
		{Name: "numbers", Code: lake.SourceNotObjects, Attempts: 1, serve: text("[1,2,3]")},
		{Name: "two_arrays", Code: lake.SourceTrailing, Attempts: 1, serve: text(Good + Good)},
		{Name: "notice_within", Code: lake.SourceInvalidJSON, Attempts: 1, serve: text(strings.Replace(Good, `,{"term_id":"2"`, `,<b>Notice</b>: oops {"term_id":"2"`, 1))},

		{Name: "duplicate_keys", Code: lake.SourceDuplicateKey, Attempts: 1, serve: text(strings.Replace(Good, `"slug":"r-d"`, `"name":"twice"`, 1))},
		{Name: "invalid_utf8", Code: lake.SourceInvalidJSON, Attempts: 1, serve: text(strings.Replace(Good, "R&amp;D", "R\xffD", 1))},
		{Name: "lone_surrogate", Code: lake.SourceInvalidJSON, Attempts: 1, serve: text(strings.Replace(Good, `\ud83d\ude80`, `\ud83d`, 1))},

		{Name: "empty", Code: lake.SourceEmpty, serve: text("")},
		{Name: "cut_value", Code: lake.SourceTruncated, serve: text(Good[:strings.Index(Good, "amp;D")])},
		{Name: "cut_comma", Code: lake.SourceTruncated, serve: text(Good[:strings.LastIndex(Good, ",{")+1])},
		{Name: "cut_bracket", Code: lake.SourceTruncated, serve: text(Good[:len(Good)-1])},
		{Name: "cut_connection", Code: lake.SourceTruncated, serve: (*Site).cutConnection},
		{Name: "gzip_cut", Code: lake.SourceTruncated, serve: zipped(20)},

		{Name: "endless", Code: lake.SourceTooLarge, Attempts: 1, serve: (*Site).endless},
		{Name: "stalled", Code: lake.SourceTimeout, serve: (*Site).stalled},
	}
}

// Site serves the faults. It may be used concurrently.
type Site struct {
	faults map[string]Fault
	resume chan struct{}

	mu     sync.Mutex
	asked  map[string]int
	leaked []string
}

// Handler returns a new site. The endpoint "stalled" sends the first half of
// its body and the rest when Resume was called or the client has left.
func Handler() *Site {
	s := &Site{faults: map[string]Fault{}, resume: make(chan struct{}), asked: map[string]int{}}
	for _, f := range Faults() {
		s.faults[f.Name] = f
	}
	return s
}

// URLs lists all endpoints of a site that is served at base, e.g.
// http://127.0.0.1:8080, in the order of Faults.
func URLs(base string) []string {
	var all []string
	for _, f := range Faults() {
		all = append(all, base+Path+f.Name+"_endpoint/")
	}
	return all
}

// Serve starts a server of the site, which ends with the test, and returns its
// base URL.
func (s *Site) Serve(t interface{ Cleanup(func()) }) string {
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL
}

// Resume lets the endpoint "stalled" go on. It is called at most once.
func (s *Site) Resume() { close(s.resume) }

// Asked returns how often an endpoint was asked.
func (s *Site) Asked(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[name]
}

// Leaked lists the headers that came to the other host and look like
// credentials.
func (s *Site) Leaked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leaked
}

// ServeHTTP answers as the fault of the path's name does.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/elsewhere/") {
		s.elsewhere(w, r)
		return
	}
	name, _ := strings.CutPrefix(r.URL.Path, Path)
	name, _ = strings.CutSuffix(name, "_endpoint/")
	fault, ok := s.faults[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	s.asked[name]++
	s.mu.Unlock()
	fault.serve(s, w, r)
}

// send writes a body whose length is announced. A client that has left is no
// fault of the site.
func send(w http.ResponseWriter, status int, kind, body string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func text(body string) func(*Site, http.ResponseWriter, *http.Request) {
	return func(_ *Site, w http.ResponseWriter, _ *http.Request) {
		send(w, http.StatusOK, "application/json; charset=UTF-8", body)
	}
}

func page(status int, body string) func(*Site, http.ResponseWriter, *http.Request) {
	return func(_ *Site, w http.ResponseWriter, _ *http.Request) {
		send(w, status, "text/html; charset=UTF-8", body)
	}
}

func fails(status int, code, message string) func(*Site, http.ResponseWriter, *http.Request) {
	return func(_ *Site, w http.ResponseWriter, _ *http.Request) {
		send(w, status, "application/json; charset=UTF-8", fmt.Sprintf(`{"code":%q,"message":%q,"data":{"status":%d}}`, code, message, status))
	}
}

// zipped sends the good table compressed, without its last bytes.
func zipped(cut int) func(*Site, http.ResponseWriter, *http.Request) {
	return func(_ *Site, w http.ResponseWriter, _ *http.Request) {
		var body bytes.Buffer
		zip := gzip.NewWriter(&body)
		_, _ = io.WriteString(zip, Good) // a bytes.Buffer takes everything
		_ = zip.Close()
		w.Header().Set("Content-Encoding", "gzip")
		send(w, http.StatusOK, "application/json", body.String()[:body.Len()-cut])
	}
}

func (s *Site) busyTwice(w http.ResponseWriter, _ *http.Request) {
	if s.Asked("busy_twice") <= 2 {
		w.Header().Set("Retry-After", "1")
		send(w, http.StatusTooManyRequests, "application/json", `{"code":"too_many_requests","message":"Slow down."}`)
		return
	}
	send(w, http.StatusOK, "application/json", Good)
}

func (*Site) maintenance(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Retry-After", "1")
	send(w, http.StatusServiceUnavailable, "text/html; charset=UTF-8", maintenance)
}

func (*Site) redirectLoop(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, r.URL.Path, http.StatusFound)
}

// redirectElsewhere leads to the same server under another name of it, which is
// another host to a client.
func (*Site) redirectElsewhere(w http.ResponseWriter, r *http.Request) {
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		http.Error(w, "this fault needs a port", http.StatusInternalServerError)
		return
	}
	other := "localhost"
	if host == other {
		other = "127.0.0.1"
	}
	http.Redirect(w, r, "http://"+net.JoinHostPort(other, port)+"/elsewhere/terms_endpoint/", http.StatusFound)
}

func (s *Site) elsewhere(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	for name := range r.Header {
		switch name {
		case "Accept", "Accept-Encoding", "User-Agent", "Connection":
		default:
			s.leaked = append(s.leaked, name)
		}
	}
	s.mu.Unlock()
	send(w, http.StatusOK, "application/json", Good)
}

// cutConnection announces more than it sends, and hangs up.
func (*Site) cutConnection(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(Good)))
	_, _ = io.WriteString(w, Good[:len(Good)/2])
	_ = http.NewResponseController(w).Flush() // or the client would not even see the headers
	panic(http.ErrAbortHandler)
}

// endless sends rows until the client leaves.
func (*Site) endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	row := Good[1:len(Good)-1] + ","
	if _, err := io.WriteString(w, "["); err != nil {
		return
	}
	for r.Context().Err() == nil {
		if _, err := io.WriteString(w, row); err != nil {
			return
		}
	}
}

func (s *Site) stalled(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	half := len(Good) / 2
	_, _ = io.WriteString(w, Good[:half])
	if err := http.NewResponseController(w).Flush(); err != nil {
		return
	}
	select {
	case <-s.resume:
		_, _ = io.WriteString(w, Good[half:])
	case <-r.Context().Done():
	}
}

const login = `<!DOCTYPE html>
<html lang="en-GB"><head><title>Log In &lsaquo; A Site &#8212; WordPress</title></head>
<body class="login"><form name="loginform" id="loginform" action="https://site.example/wp-login.php" method="post"></form></body></html>
`

const challenge = `<!DOCTYPE html>
<html><head><title>Just a moment...</title></head>
<body><div id="challenge-error-text">Enable JavaScript and cookies to continue</div><script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1"></script></body></html>
`

const maintenance = `<!DOCTYPE html>
<html><head><title>Maintenance</title></head>
<body id="error-page"><div class="wp-die-message">Briefly unavailable for scheduled maintenance. Check back in a minute.</div></body></html>
`
