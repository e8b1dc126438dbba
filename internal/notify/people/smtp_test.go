package people_test

import (
	"encoding/base64"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// mailServer is an SMTP server that keeps what it is given.
type mailServer struct {
	address string
	login   string // user and password that it demands, as AUTH PLAIN sends them; empty: none

	mu    sync.Mutex
	mails []string
}

// startMail starts a server on the loopback that lives as long as the test.
func startMail(t *testing.T, user, password string) *mailServer {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &mailServer{address: listener.Addr().String()}
	if user != "" {
		s.login = "\x00" + user + "\x00" + password
	}
	var sessions sync.WaitGroup
	sessions.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			sessions.Go(func() { s.session(conn) })
		}
	})
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		sessions.Wait()
	})
	return s
}

func (s *mailServer) session(conn net.Conn) {
	c := textproto.NewConn(conn)
	defer func() { _ = c.Close() }()
	authorized := s.login == ""
	reply := "220 ready"
	for {
		if err := c.PrintfLine("%s", reply); err != nil {
			return
		}
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		verb, argument, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			reply = "250-hello\r\n250-8BITMIME\r\n250 AUTH PLAIN"
		case "AUTH":
			_, encoded, _ := strings.Cut(argument, " ")
			given, err := base64.StdEncoding.DecodeString(encoded)
			authorized = err == nil && string(given) == s.login
			reply = "235 welcome"
			if !authorized {
				reply = "535 the password " + string(given) + " is wrong"
			}
		case "MAIL", "RCPT", "RSET":
			reply = "250 ok"
			if !authorized {
				reply = "530 who are you"
			}
		case "DATA":
			if err := c.PrintfLine("354 go on"); err != nil {
				return
			}
			lines, err := c.ReadDotLines()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.mails = append(s.mails, strings.Join(lines, "\n"))
			s.mu.Unlock()
			reply = "250 kept"
		case "QUIT":
			_ = c.PrintfLine("221 bye")
			return
		default:
			reply = "502 no"
		}
	}
}

// received lists subject and body of what came.
func (s *mailServer) received(t *testing.T) []string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	texts := make([]string, len(s.mails))
	for i, text := range s.mails {
		m, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil {
			t.Fatalf("not a mail: %v\n%s", err, text)
		}
		if m.Header.Get("Bcc") != "" {
			t.Errorf("a header was smuggled in:\n%s", text)
		}
		_, body, _ := strings.Cut(text, "\n\n")
		texts[i] = m.Header.Get("Subject") + "\n" + body
	}
	return texts
}
