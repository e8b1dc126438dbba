package people_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/notify"
	"wplake/internal/notify/notifytest"
	"wplake/internal/notify/people"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func resolver(t *testing.T) func(context.Context, config.Ref) (string, error) {
	t.Helper()
	return config.Resolver{Getenv: func(string) (string, bool) { return "", false }}.Resolve
}

// webhook is an HTTP server that keeps what is posted to it.
type webhook struct {
	url string // http://…

	mu    sync.Mutex
	posts []string
}

// startWebhook starts one that lives as long as the test. /broken/… answers 500.
func startWebhook(t *testing.T) *webhook {
	t.Helper()
	w := &webhook{}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/broken/") {
			http.Error(rw, "no: "+r.URL.String(), http.StatusInternalServerError)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.posts = append(w.posts, string(body))
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

func (w *webhook) received() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.posts...)
}

// alerts subscribes good to the topics topic and mixed, and bad to mixed.
func alerts(good, bad string) config.Alerts {
	return config.Alerts{
		Channels: map[string]config.Ref{"good": config.Ref(good), "bad": config.Ref(bad)},
		Topics:   map[string][]string{"topic": {"good"}, "mixed": {"bad", "good"}},
	}
}

func subject(t *testing.T, good, bad string, received func() []string, secrets ...string) notifytest.Subject {
	t.Helper()
	n := people.New(people.Options{Alerts: alerts(good, bad), Resolve: resolver(t), Log: discard()})
	return notifytest.Subject{Notifier: n, Topic: "topic", Mixed: "mixed", Received: received, Secrets: secrets}
}

func TestSuitePlainWebhook(t *testing.T) {
	t.Parallel()
	notifytest.Run(t, func(t *testing.T) notifytest.Subject {
		w := startWebhook(t)
		return subject(t, "generic+"+w.url+"/hook/t0ken", "generic+"+w.url+"/broken/t0ken?key=s3cret", w.received, "t0ken", "s3cret")
	})
}

func TestSuiteJSONWebhook(t *testing.T) {
	t.Parallel()
	notifytest.Run(t, func(t *testing.T) notifytest.Subject {
		w := startWebhook(t)
		received := func() []string {
			var texts []string
			for _, post := range w.received() {
				var fields struct{ Title, Message string }
				if err := json.Unmarshal([]byte(post), &fields); err != nil {
					t.Errorf("not JSON: %v\n%s", err, post)
				}
				texts = append(texts, fields.Title+"\n"+fields.Message)
			}
			return texts
		}
		return subject(t, "generic+"+w.url+"/hook?template=json", "slack://hook:AAAAAAAAA-BBBBBBBBB-bad@webhook", received, "AAAAAAAAA", "BBBBBBBBB")
	})
}

func TestSuiteMail(t *testing.T) {
	t.Parallel()
	notifytest.Run(t, func(t *testing.T) notifytest.Subject {
		s := startMail(t, "me", "right")
		url := func(password string) string {
			return "smtp://me:" + password + "@" + s.address + "/?from=lake@example.org&to=owner@example.org"
		}
		return subject(t, url("right"), url("wr0ng%2Bpass"), func() []string { return s.received(t) }, "wr0ng", "right")
	})
}

// Whatever a channel's URL is, no part of it comes back.
func TestErrorsHoldNoSecret(t *testing.T) {
	t.Parallel()
	w := startWebhook(t)
	for _, url := range []string{
		"nosuch://S3CRET@host/S3CRET",
		"S3CRET",
		"://S3CRET",
		"slack://S3CRET@S3CRET",
		"slack://hook:S3CRETAAA-S3CRETBBB-S3CRETCCCS3CRETCCCS3CRET@webhook?color=%zz",
		"discord://S3CRET@S3CRET?x=S3CRET",
		"telegram://S3CRET@telegram?chats=S3CRET",
		"telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDS3CRET@S3CRET",
		"smtp://S3CRET:S3CRET@127.0.0.1:1/?from=S3CRET@x.org&to=S3CRET@y.org",
		"smtp://u:S3CRET@[::1",
		"generic+http://S3CRET:S3CRET@127.0.0.1:1/S3CRET?S3CRET=S3CRET",
		"generic+" + w.url + "/broken/S3CRET?a=S3CRET",
		"generic+" + w.url + "/broken/%53S3CRET%20x",
		"ntfy://u:S3CRET@127.0.0.1:1/S3CRET?scheme=http",
		"gotify://127.0.0.1:1/S3CRET",
	} {
		var log bytes.Buffer
		n := people.New(people.Options{Alerts: alerts(url, url), Resolve: resolver(t), Log: slog.New(slog.NewTextHandler(&log, nil)), Timeout: 5 * time.Second})
		err := n.Publish(t.Context(), notify.Message{Topic: "topic", Subject: "s", Body: "b"})
		if !lake.HasCode(err, lake.AlertFailed) {
			t.Errorf("%s: Publish: %v; want the code AlertFailed", url, err)
			continue
		}
		if text := err.Error() + log.String(); strings.Contains(strings.ToUpper(text), "S3CRET") {
			t.Errorf("%s: %s", url, text)
		}
		if !strings.Contains(err.Error(), "good (") {
			t.Errorf("%s: the error does not name the channel: %v", url, err)
		}
	}
}

func TestReasonIsUseful(t *testing.T) {
	t.Parallel()
	w := startWebhook(t)
	for url, want := range map[string]string{
		"generic+" + w.url + "/broken/x": "500",
		"generic+http://127.0.0.1:1/x":   "refused",
		"nosuch://x":                     "there is no service \"nosuch\"",
	} {
		n := people.New(people.Options{Alerts: alerts(url, url), Resolve: resolver(t), Log: discard()})
		err := n.Publish(t.Context(), notify.Message{Topic: "topic", Subject: "s", Body: "b"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want it to say %q", url, err, want)
		}
	}
}

func TestUnresolvedChannel(t *testing.T) {
	t.Parallel()
	n := people.New(people.Options{Alerts: alerts("${NOT_SET}", "x"), Resolve: resolver(t), Log: discard()})
	err := n.Publish(t.Context(), notify.Message{Topic: "topic", Subject: "s", Body: "b"})
	if !lake.HasCode(err, lake.AlertFailed) || !strings.Contains(err.Error(), "NOT_SET") {
		t.Errorf("Publish: %v", err)
	}
}

func TestHangingChannelIsGivenUp(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	n := people.New(people.Options{Alerts: alerts("generic+"+server.URL+"/x", "x"), Resolve: resolver(t), Log: discard(), Timeout: 20 * time.Millisecond})
	err := n.Publish(t.Context(), notify.Message{Topic: "topic", Subject: "s", Body: "b"})
	if !lake.HasCode(err, lake.AlertFailed) || !strings.Contains(err.Error(), "no answer within 20ms") {
		t.Errorf("Publish: %v", err)
	}
}

func TestEveryAlertIsLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	n := people.New(people.Options{Resolve: resolver(t), Log: slog.New(slog.NewJSONHandler(&log, nil))})
	if err := n.Publish(t.Context(), notify.Message{Topic: "data-lakehouse-raw", Subject: "the subject", Body: "the body"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"level":"WARN"`, "data-lakehouse-raw", "the subject", "the body"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not in the log: %s", want, log.String())
		}
	}
}
