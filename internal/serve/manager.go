package serve

import (
	"context"
	"net"
	"strconv"
	"time"
)

// manager is the service manager that started the process, as
// https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
// describes it. Without one nothing is told.
type manager struct {
	conn  net.Conn
	every time.Duration // between signs of life, 0 for none
}

func newManager(getenv func(string) (string, bool)) *manager {
	m := &manager{}
	socket, ok := getenv("NOTIFY_SOCKET")
	if !ok || socket == "" {
		return m
	}
	if socket[0] == '@' { // an abstract socket
		socket = "\x00" + socket[1:]
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return m // nobody is there to be told
	}
	m.conn = conn
	if text, ok := getenv("WATCHDOG_USEC"); ok {
		if micros, err := strconv.ParseInt(text, 10, 64); err == nil && micros > 0 {
			// Twice in the time that it waits, as the description advises.
			m.every = time.Duration(micros) * time.Microsecond / 2
		}
	}
	return m
}

func (m *manager) tell(state string) {
	if m.conn != nil {
		_, _ = m.conn.Write([]byte(state)) // a manager that is gone needs no news
	}
}

// watch gives signs of life until ctx ends.
func (m *manager) watch(ctx context.Context) {
	if m.conn == nil || m.every <= 0 {
		return
	}
	for ctx.Err() == nil {
		m.tell("WATCHDOG=1")
		timer := time.NewTimer(m.every)
		select {
		case <-ctx.Done():
			timer.Stop()
		case <-timer.C:
		}
	}
}

func (m *manager) close() {
	if m.conn != nil {
		_ = m.conn.Close() // there is nobody to tell
	}
}
