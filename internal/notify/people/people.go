// Package people is the alert driver that reaches people where they are: by
// mail, in a chat, on a phone, or through a webhook, as their channels' URLs
// say (smtp://, slack://, discord://, telegram://, ntfy://, generic+https://
// and other services, see services.go). Every alert is also logged.
//
// Such a URL is a secret. It is resolved when a message is sent, and neither
// it nor a part of it is put into an error or a log line.
package people

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

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
	to, err := locate(strings.TrimSpace(address))
	if err == nil {
		err = to.send(ctx, m)
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return &channelError{channel, scrub(err.Error(), address)}
	}
	return nil
}
