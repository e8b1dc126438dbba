// Package people is the alert driver that reaches people where they are: by
// mail, in a chat, on a phone, or through a webhook, as their channels' URLs
// say (smtp://, slack://, discord://, telegram://, ntfy://, generic+https://
// and the other services of the shoutrrr library). Every alert is also logged.
//
// Such a URL is a secret. It is resolved when a message is sent, and neither
// it nor a part of it is put into an error or a log line.
package people

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/notify"
)

// DefaultTimeout is how long one channel may take for one message.
const DefaultTimeout = 15 * time.Second

// Options configures a Notifier.
type Options struct {
	Alerts  config.Alerts
	Resolve func(context.Context, config.Ref) (string, error)
	Log     *slog.Logger
	Timeout time.Duration // of one channel and message; 0: DefaultTimeout
}

// Notifier sends alerts to the channels of their topics. Its methods may be
// called concurrently.
type Notifier struct{ o Options }

// New returns a notifier. Nothing is resolved or connected yet.
func New(o Options) *Notifier {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	return &Notifier{o}
}

var _ notify.Notifier = (*Notifier)(nil)

// Publish logs the message and sends it to all channels of its topic, side by
// side; see notify.Notifier. A topic without channels is only logged. The
// error is a *lake.Error with the code AlertFailed that names the channels
// which were not reached.
func (n *Notifier) Publish(ctx context.Context, m notify.Message) error {
	m.Subject = strings.Join(strings.Fields(m.Subject), " ") // one line, whatever came
	n.o.Log.LogAttrs(ctx, slog.LevelWarn, "alert",
		slog.String("topic", m.Topic), slog.String("subject", m.Subject), slog.String("body", m.Body))
	names := n.o.Alerts.Topics[m.Topic]
	failures := make([]error, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() { failures[i] = n.deliver(ctx, name, m) })
	}
	all.Wait()
	failures = slices.DeleteFunc(failures, func(err error) bool { return err == nil })
	if len(failures) == 0 {
		return nil
	}
	texts := make([]string, len(failures))
	for i, err := range failures {
		texts[i] = err.Error()
	}
	return &lake.Error{
		Code:    lake.AlertFailed,
		Message: fmt.Sprintf("the alert on %s did not reach %s", m.Topic, strings.Join(texts, "; ")),
		Hint:    fmt.Sprintf("check alerts.channels in the definition, then try: wplake notify test %s", m.Topic),
		Err:     errors.Join(failures...),
	}
}

// channelError says why a channel was not reached. Its text holds no secret,
// and it wraps nothing that could.
type channelError struct{ channel, why string }

func (e *channelError) Error() string { return e.channel + " (" + e.why + ")" }

// deliver sends m to one channel.
func (n *Notifier) deliver(ctx context.Context, channel string, m notify.Message) error {
	ref, ok := n.o.Alerts.Channels[channel]
	if !ok {
		return &channelError{channel, "there is no such channel"}
	}
	address, err := n.o.Resolve(ctx, ref)
	if err != nil {
		return &channelError{channel, err.Error()} // a Resolver's errors hold no values
	}
	if ctx.Err() != nil {
		return &channelError{channel, context.Cause(ctx).Error()}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, n.o.Timeout, fmt.Errorf("no answer within %s", n.o.Timeout))
	defer cancel()
	// The library knows no context: a send that hangs is left behind, and ends
	// with the process at the latest.
	done := make(chan error, 1)
	go func() { done <- send(address, m) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		return &channelError{channel, scrub(err.Error(), address)}
	}
	return nil
}

// send gives m to the service that the address names.
func send(address string, m notify.Message) error {
	service, err := locate(strings.TrimSpace(address))
	if err != nil {
		return err
	}
	text, params := m.Body, types.Params{}
	switch titleOf(address) {
	case titleMail:
		params.SetTitle(mime.QEncoding.Encode("utf-8", m.Subject))
	case titleText:
		params.SetTitle(m.Subject)
	case titleNone:
		text = m.Subject + "\n\n" + m.Body
	}
	return service.Send(text, &params)
}

// titling says how a service takes a subject.
type titling int

const (
	titleNone titling = iota // not at all: it becomes the text's first line
	titleText                // as a title
	titleMail                // as a mail's header
)

func titleOf(address string) titling {
	scheme, _, _ := strings.Cut(strings.ToLower(address), ":")
	service, _, _ := strings.Cut(scheme, "+")
	switch service {
	case "smtp":
		return titleMail
	case "slack", "discord", "telegram", "ntfy", "gotify", "pushover":
		return titleText
	case "generic":
		// A webhook gets a title only when its payload has fields.
		if u, err := url.Parse(address); err == nil && strings.EqualFold(u.Query().Get("template"), "json") {
			return titleText
		}
	}
	return titleNone
}
