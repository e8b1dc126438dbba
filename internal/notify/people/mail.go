package people

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/url"
	"strings"
	"time"

	"wplake/internal/notify"
)

// mailbox is a mail server and who gets mail through it.
type mailbox struct {
	host, port     string
	user, password string
	from           mail.Address
	to             []string
	encryption     string // auto, none, explicittls (STARTTLS), implicittls
	requireTLS     bool
	hello          string // how we greet; "" is localhost
}

// newMail reads smtp://USER:PASSWORD@HOST:PORT/?from=ADDRESS&to=ADDRESS,ADDRESS.
func newMail(u *url.URL, s settings) (service, error) {
	b := mailbox{host: u.Hostname(), port: u.Port(), user: u.User.Username(), encryption: strings.ToLower(s.get("encryption"))}
	b.password, _ = u.User.Password()
	b.requireTLS, b.hello = s.yes("requirestarttls"), s.get("clienthost")
	if !s.yes("usestarttls") && s.get("usestarttls") != "" && b.encryption == "" {
		b.encryption = "none"
	}
	s.get("auth")
	s.get("usehtml") // alerts are plain text
	if b.host == "" {
		return nil, errors.New("a mail address is smtp://USER:PASSWORD@HOST:PORT/?from=ADDRESS&to=ADDRESS")
	}
	if b.port == "" {
		b.port = "25"
	}
	switch b.encryption {
	case "", "auto":
		b.encryption = "auto"
		if b.port == "465" {
			b.encryption = "implicittls"
		}
	case "none", "explicittls", "implicittls":
	default:
		return nil, errors.New("encryption is auto, none, explicittls or implicittls")
	}
	from, err := mail.ParseAddress(s.get("from", "fromaddress"))
	if err != nil {
		return nil, errors.New("from= is not a mail address")
	}
	b.from = mail.Address{Name: s.get("fromname"), Address: from.Address}
	for to := range strings.SplitSeq(s.get("to", "toaddresses"), ",") {
		parsed, err := mail.ParseAddress(to)
		if err != nil {
			return nil, errors.New("to= is not a list of mail addresses")
		}
		b.to = append(b.to, parsed.Address)
	}
	return b, nil
}

// send delivers the message in one session to all who get it.
func (b mailbox) send(ctx context.Context, m notify.Message) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(b.host, b.port))
	if err != nil {
		return err
	}
	// A server that falls silent is left when the context ends.
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	secure := &tls.Config{ServerName: b.host, MinVersion: tls.VersionTLS12}
	if b.encryption == "implicittls" {
		conn = tls.Client(conn, secure)
	}
	c, err := smtp.NewClient(conn, b.host)
	if err != nil {
		_ = conn.Close()
		return err
	}
	defer func() { _ = c.Close() }()
	if err := b.greet(c, secure); err != nil {
		return err
	}
	if err := c.Mail(b.from.Address); err != nil {
		return err
	}
	for _, to := range b.to {
		if err := c.Rcpt(to); err != nil {
			return err
		}
	}
	plain, _ := c.Extension("8BITMIME")
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(b.text(m, time.Now(), plain)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	_ = c.Quit() // the server has the mail
	return nil
}

// greet says hello, encrypts where the server offers it, and signs in.
func (b mailbox) greet(c *smtp.Client, secure *tls.Config) error {
	if b.hello != "" {
		if err := c.Hello(b.hello); err != nil {
			return err
		}
	}
	if offered, _ := c.Extension("STARTTLS"); b.encryption == "auto" || b.encryption == "explicittls" {
		if !offered && (b.requireTLS || b.encryption == "explicittls") {
			return errors.New("the server does not offer STARTTLS")
		}
		if offered {
			if err := c.StartTLS(secure); err != nil {
				return err
			}
		}
	}
	if b.user == "" {
		return nil
	}
	if offered, methods := c.Extension("AUTH"); offered && !strings.Contains(methods, "PLAIN") && strings.Contains(methods, "LOGIN") {
		return c.Auth(loginAuth{b.user, b.password})
	}
	return c.Auth(smtp.PlainAuth("", b.user, b.password, b.host))
}

// text is the message as RFC 5322 has it; plain says that the server takes 8-bit text.
func (b mailbox) text(m notify.Message, now time.Time, plain bool) []byte {
	id := make([]byte, 12)
	_, _ = rand.Read(id) // never fails
	var out bytes.Buffer
	_, domain, _ := strings.Cut(b.from.Address, "@")
	for _, line := range []string{
		"From: " + b.from.String(), "To: " + strings.Join(b.to, ", "),
		"Subject: " + mime.QEncoding.Encode("utf-8", m.Subject),
		"Date: " + now.UTC().Format(time.RFC1123Z),
		"Message-ID: <" + hex.EncodeToString(id) + "@" + domain + ">",
		"MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: " + transfer(m.Body, plain),
		"Auto-Submitted: auto-generated", "",
	} {
		out.WriteString(line + "\r\n")
	}
	if transfer(m.Body, plain) == "8bit" {
		out.WriteString(strings.ReplaceAll(m.Body, "\n", "\r\n"))
		return out.Bytes()
	}
	w := quotedprintable.NewWriter(&out)
	_, _ = w.Write([]byte(m.Body)) // to memory
	_ = w.Close()
	return out.Bytes()
}

// transfer is the encoding of a body: as it is where its lines are short and
// the server takes its characters.
func transfer(body string, plain bool) string {
	for line := range strings.SplitSeq(body, "\n") {
		ascii := strings.IndexFunc(line, func(r rune) bool { return r > 126 }) < 0
		if len(line) > 900 || !ascii && !plain {
			return "quoted-printable"
		}
	}
	return "8bit"
}

// loginAuth is the mechanism LOGIN, for servers that know no other.
type loginAuth struct{ user, password string }

// Start refuses to send a password where others could read it, as PLAIN does.
func (a loginAuth) Start(server *smtp.ServerInfo) (string, []byte, error) {
	host := net.ParseIP(server.Name)
	if !server.TLS && server.Name != "localhost" && (host == nil || !host.IsLoopback()) {
		return "", nil, errors.New("the connection is not encrypted")
	}
	return "LOGIN", nil, nil
}

// Next answers one question.
func (a loginAuth) Next(asked []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	switch question := strings.ToLower(string(asked)); {
	case strings.Contains(question, "user"):
		return []byte(a.user), nil
	case strings.Contains(question, "pass"):
		return []byte(a.password), nil
	}
	return nil, fmt.Errorf("the server asks for something else than user and password")
}
