package people

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"wplake/internal/notify"
)

var slackHook = regexp.MustCompile(`^[A-Z0-9]{9,}[-/,][A-Z0-9]{9,}[-/,][A-Za-z0-9]{24,}$`)

// newSlack reads slack://hook:AAA-BBB-CCC@webhook, an incoming webhook, and
// slack://xoxb:TOKEN@CHANNEL, a bot's token.
func newSlack(u *url.URL, s settings) (service, error) {
	token, given := u.User.Password()
	kind := u.User.Username()
	if !given { // slack://AAA-BBB-CCC@webhook
		kind, token = "hook", kind
	}
	text := func(m notify.Message) string {
		return cut("*"+escapeSlack(m.Subject)+"*\n"+escapeSlack(m.Body), 39_000)
	}
	name := s.get("botname", "username")
	if kind == "hook" {
		if !slackHook.MatchString(token) {
			return nil, errors.New("the token is not a Slack webhook's: three parts with hyphens")
		}
		parts := strings.FieldsFunc(token, func(r rune) bool { return strings.ContainsRune("-/,", r) })
		return web{
			url: "https://hooks.slack.com/services/" + strings.Join(parts, "/"), content: typeJSON,
			body: func(m notify.Message) []byte {
				return encoded(object("text", text(m), "username", name))
			},
		}, nil
	}
	if !strings.HasPrefix(kind, "xox") || u.Hostname() == "" {
		return nil, errors.New("a Slack address is slack://hook:TOKEN@webhook or slack://xoxb:TOKEN@CHANNEL")
	}
	channel := u.Hostname()
	return web{
		url: "https://slack.com/api/chat.postMessage", content: typeJSON,
		header: http.Header{"Authorization": {"Bearer " + kind + "-" + token}},
		body: func(m notify.Message) []byte {
			return encoded(object("channel", channel, "text", text(m), "username", name, "thread_ts", s.get("thread_ts")))
		},
		refused: func(reply []byte) string {
			var answer struct {
				OK    bool   `json:"ok"`
				Error string `json:"error"`
			}
			if err := json.Unmarshal(reply, &answer); err != nil || !answer.OK {
				return strings.TrimSpace("not ok " + answer.Error)
			}
			return ""
		},
	}, nil
}

func escapeSlack(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// object is a JSON object of text members; those without a value are left out.
func object(members ...string) map[string]string {
	o := map[string]string{}
	for i := 0; i+1 < len(members); i += 2 {
		if members[i+1] != "" {
			o[members[i]] = members[i+1]
		}
	}
	return o
}

// newDiscord reads discord://TOKEN@ID, of a channel's webhook.
func newDiscord(u *url.URL, s settings) (service, error) {
	id, token := u.Hostname(), u.User.Username()
	if id == "" || token == "" {
		return nil, errors.New("a Discord address is discord://TOKEN@ID")
	}
	at := "https://discord.com/api/webhooks/" + url.PathEscape(id) + "/" + url.PathEscape(token)
	if thread := s.get("thread_id"); thread != "" {
		at += "?thread_id=" + url.QueryEscape(thread)
	}
	name := s.get("username")
	return web{url: at, content: typeJSON, body: func(m notify.Message) []byte {
		return encoded(struct {
			Username string              `json:"username,omitempty"`
			Embeds   []map[string]string `json:"embeds"`
		}{name, []map[string]string{object("title", cut(m.Subject, 256), "description", cut(m.Body, 4096))}})
	}}, nil
}

// newTelegram reads telegram://TOKEN@telegram?chats=ID,ID.
func newTelegram(u *url.URL, s settings) (service, error) {
	token := u.User.String()
	chats := s.get("chats", "channels")
	if number, _, ok := strings.Cut(token, ":"); !ok || number == "" || strings.Trim(number, "0123456789") != "" || u.Hostname() != "telegram" {
		return nil, errors.New("a Telegram address is telegram://TOKEN@telegram?chats=ID")
	}
	if chats == "" {
		return nil, errors.New("the Telegram address names no chats: ?chats=ID")
	}
	var all group
	for chat := range strings.SplitSeq(chats, ",") {
		all = append(all, web{
			url: "https://api.telegram.org/bot" + token + "/sendMessage", content: typeJSON,
			body: func(m notify.Message) []byte {
				return encoded(object("chat_id", strings.TrimSpace(chat), "text", cut(m.Subject+"\n\n"+m.Body, 4096)))
			},
		})
	}
	return all, nil
}

// newMattermost reads mattermost://[USER@]HOST[:PORT]/[PATH/]TOKEN[/CHANNEL].
func newMattermost(u *url.URL, s settings) (service, error) {
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if u.Host == "" || parts[0] == "" || len(parts) > 2 {
		return nil, errors.New("a Mattermost address is mattermost://HOST/TOKEN/CHANNEL")
	}
	channel := ""
	if len(parts) == 2 {
		channel = parts[1]
	}
	user := u.User.Username()
	return web{
		url: scheme(s) + u.Host + "/hooks/" + url.PathEscape(parts[0]), content: typeJSON,
		body: func(m notify.Message) []byte {
			return encoded(object("text", cut("**"+m.Subject+"**\n"+m.Body, 16_000), "channel", channel, "username", user))
		},
	}, nil
}

// scheme is how a service's own host is reached.
func scheme(s settings) string {
	if s.yes("disabletls") || strings.EqualFold(s.get("scheme"), "http") {
		return "http://"
	}
	return "https://"
}

// newTeams reads teams://GROUP@TENANT/ID/OWNER[/EXTRA]?host=HOST, an incoming
// webhook's address in parts; teams+https://… takes the address as it is.
func newTeams(u *url.URL, s settings) (service, error) {
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	host := s.get("host")
	if u.User.Username() == "" || u.Hostname() == "" || len(parts) < 2 || host == "" {
		return nil, errors.New("a Teams address is teams+https://… with the webhook's own address")
	}
	at := "https://" + host + "/webhookb2/" + u.User.Username() + "@" + u.Hostname() + "/IncomingWebhook/" + strings.Join(parts, "/")
	return web{url: at, content: typeJSON, body: teamsCard}, nil
}

// teamsCard is a message as the webhooks of Teams' workflows take it.
func teamsCard(m notify.Message) []byte {
	return encoded(map[string]any{
		"type": "message",
		"attachments": []any{map[string]any{
			"contentType": "application/vnd.microsoft.card.adaptive",
			"content": map[string]any{
				"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
				"body": []any{
					map[string]any{"type": "TextBlock", "weight": "Bolder", "wrap": true, "text": cut(m.Subject, 256)},
					map[string]any{"type": "TextBlock", "wrap": true, "text": cut(m.Body, 20_000)},
				},
			},
		}},
	})
}
