package people

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"wplake/internal/notify"
)

// group is several addresses that all get a message.
type group []service

func (g group) send(ctx context.Context, m notify.Message) error {
	var errs []error
	for _, s := range g {
		errs = append(errs, s.send(ctx, m))
	}
	return errors.Join(errs...)
}

// newNtfy reads ntfy://[USER:PASSWORD@]HOST/TOPIC.
func newNtfy(u *url.URL, s settings) (service, error) {
	topic := strings.Trim(u.Path, "/")
	if u.Host == "" || topic == "" || strings.Contains(topic, "/") {
		return nil, errors.New("an ntfy address is ntfy://HOST/TOPIC")
	}
	header := http.Header{}
	for _, name := range []string{"priority", "tags", "click", "icon", "email"} {
		if value := s.get(name); value != "" {
			header.Set(name, value)
		}
	}
	return web{
		url: scheme(s) + u.Host + "/" + url.PathEscape(topic), content: typeText, user: u.User, header: header, title: "Title",
		body: func(m notify.Message) []byte { return []byte(m.Body) },
	}, nil
}

// newGotify reads gotify://HOST[:PORT][/PATH]/TOKEN.
func newGotify(u *url.URL, s settings) (service, error) {
	path := strings.Trim(u.Path, "/")
	at := strings.LastIndexByte(path, '/')
	token := path[at+1:]
	if u.Host == "" || len(token) != 15 || token[0] != 'A' {
		return nil, errors.New("a Gotify address is gotify://HOST/TOKEN, with an application's token")
	}
	base := scheme(s) + u.Host
	if at > 0 {
		base += "/" + path[:at]
	}
	return web{
		url: base + "/message", content: typeJSON, header: http.Header{"X-Gotify-Key": {token}},
		body: func(m notify.Message) []byte { return encoded(object("title", m.Subject, "message", m.Body)) },
	}, nil
}

// newPushover reads pushover://shoutrrr:TOKEN@USER/?devices=A,B.
func newPushover(u *url.URL, s settings) (service, error) {
	token, _ := u.User.Password()
	user := u.Hostname()
	if token == "" || user == "" {
		return nil, errors.New("a Pushover address is pushover://:TOKEN@USER")
	}
	devices, priority := s.get("devices"), s.get("priority")
	return web{url: "https://api.pushover.net/1/messages.json", content: typeForm, body: func(m notify.Message) []byte {
		form := url.Values{"token": {token}, "user": {user}, "title": {cut(m.Subject, 250)}, "message": {cut(m.Body, 1024)}}
		for name, value := range map[string]string{"device": devices, "priority": priority} {
			if value != "" {
				form.Set(name, value)
			}
		}
		return []byte(form.Encode())
	}}, nil
}

// hook reads generic+https://… and generic://…, any webhook. Settings that are
// not the service's own stay in the address; @NAME is a header, $NAME a further
// member of the JSON.
func hook(name string, u *url.URL, s settings) (service, error) {
	if u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("the channel's URL is no web address")
	}
	w := web{content: typeText, user: u.User, header: http.Header{}}
	if name == "teams" {
		w.content, w.body = typeJSON, teamsCard
		w.url = u.String()
		return w, nil
	}
	template, titleKey, messageKey := s.get("template"), s.get("titlekey"), s.get("messagekey")
	if content := s.get("contenttype"); content != "" {
		w.content = content
	}
	w.method = strings.ToUpper(s.get("requestmethod", "method"))
	s.get("disabletls")
	extra := map[string]string{}
	left := url.Values{}
	for key, value := range s.values {
		switch {
		case s.used[key]:
		case strings.HasPrefix(key, "@"):
			w.header.Set(key[1:], value)
		case strings.HasPrefix(key, "$"):
			extra[key[1:]] = value
		default:
			left.Set(strings.TrimPrefix(key, "_"), value)
		}
	}
	at := *u
	at.User, at.RawQuery = nil, left.Encode()
	w.url = at.String()
	switch strings.ToLower(template) {
	case "":
		w.body = func(m notify.Message) []byte { return []byte(m.Subject + "\n\n" + m.Body) }
	case "json":
		w.content = typeJSON
		w.body = func(m notify.Message) []byte {
			fields := object("title", m.Subject, "message", m.Body)
			if titleKey != "" {
				delete(fields, "title")
				fields[titleKey] = m.Subject
			}
			if messageKey != "" {
				delete(fields, "message")
				fields[messageKey] = m.Body
			}
			for key, value := range extra {
				fields[key] = value
			}
			return encoded(fields)
		}
	default:
		return nil, errors.New("a webhook's template is json, or none")
	}
	return w, nil
}
