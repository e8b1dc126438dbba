// Package notifytest is the suite that every driver of the alert port passes.
package notifytest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"wplake/internal/lake"
	"wplake/internal/notify"
)

// Subject is a notifier under test with what its subscribers get.
type Subject struct {
	Notifier notify.Notifier
	// Topic has one working subscriber, and Mixed that one and a broken one.
	// No other topic has any.
	Topic, Mixed string
	// Received lists the texts that the working subscriber got so far, each
	// with subject and body in it.
	Received func() []string
	// Await waits until that many texts arrived, or the test's time is over;
	// nil where they have arrived when Publish returns. A notifier with Await
	// hands messages to a service that delivers them later: it cannot tell that
	// a subscriber was not reached.
	Await func(texts int)
	// Secrets are texts that no error may hold.
	Secrets []string
}

// Run runs the suite. open gives a notifier with subscribers of its own.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	t.Helper()
	tests := map[string]func(t *testing.T, s Subject){
		"a subscriber gets subject and body":        delivers,
		"a topic without subscribers is no error":   nobody,
		"one broken subscriber does not harm":       broken,
		"messages may be published side by side":    concurrent,
		"a subject of several lines stays harmless": injection,
		"a cancelled context is an error":           cancelled,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// received waits for so many texts and lists what arrived.
func (s Subject) received(texts int) []string {
	if s.Await != nil {
		s.Await(texts)
	}
	return s.Received()
}

func delivers(t *testing.T, s Subject) {
	body := "posts: the body ends early (SourceTruncated)\n  what to do: look\n.\n…żółć 💶\n"
	m := notify.Message{Topic: s.Topic, Subject: "data_wordpressapi_raw: Ran With Failures", Body: body}
	if err := s.Notifier.Publish(t.Context(), m); err != nil {
		t.Fatalf("Publish: %v", err)
	}
	got := s.received(1)
	if len(got) != 1 {
		t.Fatalf("%d messages arrived, want 1: %q", len(got), got)
	}
	for _, want := range []string{m.Subject, "posts: the body ends early (SourceTruncated)", "  what to do: look", "\n.", "…żółć 💶"} {
		if !strings.Contains(got[0], want) {
			t.Errorf("%q is not in the message:\n%s", want, got[0])
		}
	}
}

func nobody(t *testing.T, s Subject) {
	if err := s.Notifier.Publish(t.Context(), notify.Message{Topic: "unheard", Subject: "s", Body: "b"}); err != nil {
		t.Errorf("Publish: %v", err)
	}
	if got := s.Received(); len(got) != 0 {
		t.Errorf("messages arrived: %q", got)
	}
}

func broken(t *testing.T, s Subject) {
	err := s.Notifier.Publish(t.Context(), notify.Message{Topic: s.Mixed, Subject: "the subject", Body: "b"})
	if s.Await != nil && err != nil {
		t.Errorf("Publish: %v", err)
	}
	if s.Await == nil && !lake.HasCode(err, lake.AlertFailed) {
		t.Errorf("Publish: %v; want the code AlertFailed", err)
	}
	for _, secret := range s.Secrets {
		if strings.Contains(fmt.Sprintf("%v %+v", err, err), secret) {
			t.Errorf("the error holds the secret %q: %v", secret, err)
		}
	}
	if got := s.received(1); len(got) != 1 || !strings.Contains(got[0], "the subject") {
		t.Errorf("the working subscriber got %q", got)
	}
}

func concurrent(t *testing.T, s Subject) {
	const messages = 4
	var all sync.WaitGroup
	for i := range messages {
		all.Go(func() {
			m := notify.Message{Topic: s.Topic, Subject: fmt.Sprintf("subject-%d", i), Body: fmt.Sprintf("body-%d", i)}
			if err := s.Notifier.Publish(t.Context(), m); err != nil {
				t.Errorf("Publish: %v", err)
			}
		})
	}
	all.Wait()
	got := s.received(messages)
	if len(got) != messages {
		t.Errorf("%d messages arrived, want %d", len(got), messages)
	}
	for i := range messages {
		found := slices.ContainsFunc(got, func(text string) bool {
			return strings.Contains(text, fmt.Sprintf("subject-%d", i)) && strings.Contains(text, fmt.Sprintf("body-%d", i))
		})
		if !found {
			t.Errorf("message %d did not arrive whole", i)
		}
	}
}

func injection(t *testing.T, s Subject) {
	m := notify.Message{Topic: s.Topic, Subject: "one\r\nBcc: thief@example.com\r\n\r\ntwo", Body: "b"}
	if err := s.Notifier.Publish(t.Context(), m); err != nil {
		t.Fatalf("Publish: %v", err)
	}
	got := s.received(1)
	if len(got) != 1 || !strings.Contains(got[0], "one Bcc: thief@example.com two") {
		t.Errorf("got %q", got)
	}
}

func cancelled(t *testing.T, s Subject) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Notifier.Publish(ctx, notify.Message{Topic: s.Topic, Subject: "s", Body: "b"}); err == nil {
		t.Error("Publish: no error")
	}
}
