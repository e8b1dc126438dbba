// Package notify is the port to people: messages published on topics.
//
// Every driver passes the suite in notifytest.
package notify

import "context"

// Message is one alert.
type Message struct {
	Topic   string // e.g. data-lakehouse-raw, failure-stepfunction
	Subject string // one line
	Body    string // plain text of several lines
}

// Notifier delivers messages. Its methods may be called concurrently.
type Notifier interface {
	// Publish delivers m to whoever subscribed to its topic. An error says
	// that at least one of them was not reached.
	Publish(ctx context.Context, m Message) error
}
