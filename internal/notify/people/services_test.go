package people

import (
	"net/http"
	"strings"
	"testing"

	"wplake/internal/notify"
)

// What services with an address of their own are sent.
func TestRequests(t *testing.T) {
	t.Parallel()
	hook := "AAAAAAAAA-BBBBBBBBB-cccccccccccccccccccccccc"
	for address, want := range map[string][]string{
		"slack://hook:" + hook + "@webhook":                            {"https://hooks.slack.com/services/AAAAAAAAA/BBBBBBBBB/cccccccccccccccccccccccc", `"text":"*A \u0026amp; B*\nbody"`},
		"slack://" + hook + "@webhook?botname=lake":                    {"/services/AAAAAAAAA/", `"username":"lake"`},
		"slack://xoxb:1-2-3@C01":                                       {"https://slack.com/api/chat.postMessage", `"channel":"C01"`, "Bearer xoxb-1-2-3"},
		"discord://TOKEN@123":                                          {"https://discord.com/api/webhooks/123/TOKEN", `"title":"A \u0026 B"`, `"description":"body"`},
		"telegram://12:abc@telegram?chats=@lake":                       {"https://api.telegram.org/bot12:abc/sendMessage", `"chat_id":"@lake"`},
		"ntfy://me:pw@ntfy.example/alerts?priority=high":               {"https://ntfy.example/alerts", "body", "high"},
		"ntfy://127.0.0.1:1/alerts?scheme=http":                        {"http://127.0.0.1:1/alerts", "body"},
		"gotify://push.example/base/Aaaaaaaaaaaaaaa":                   {"https://push.example/base/message", `"title":"A \u0026 B"`, "Aaaaaaaaaaaaaaa"},
		"mattermost://bot@chat.example/token/town?disabletls=yes":      {"http://chat.example/hooks/token", `"channel":"town"`, `"username":"bot"`},
		"pushover://:app@user/?devices=phone":                          {"https://api.pushover.net/1/messages.json", "token=app", "user=user", "device=phone", "title=A+%26+B"},
		"teams://group@tenant/id/owner?host=org.webhook.office.com":    {"https://org.webhook.office.com/webhookb2/group@tenant/IncomingWebhook/id/owner", "AdaptiveCard"},
		"teams+https://flow.example/x?sig=1":                           {"https://flow.example/x?sig=1", "AdaptiveCard"},
		"generic+https://h.example/x?a=b&@X-Key=k":                     {"https://h.example/x?a=b", "A & B\n\nbody", "k"},
		"generic+https://h.example/x?template=JSON&titlekey=t&$more=m": {"https://h.example/x", `"t":"A \u0026 B"`, `"more":"m"`, `"message":"body"`},
		"generic://h.example/x?disabletls=yes":                         {"http://h.example/x", "A & B"},
	} {
		s, err := locate(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if all, ok := s.(group); ok {
			s = all[0]
		}
		w := s.(web)
		var header strings.Builder
		if err := w.header.Write(&header); err != nil {
			t.Fatal(err)
		}
		sent := w.url + "\n" + string(w.body(notify.Message{Subject: "A & B", Body: "body"})) + "\n" + header.String()
		for _, part := range want {
			if !strings.Contains(sent, part) {
				t.Errorf("%s: %q is not in\n%s", address, part, sent)
			}
		}
		if w.method != "" && w.method != http.MethodPost {
			t.Errorf("%s: method %s", address, w.method)
		}
	}
}

func TestWrongAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"slack://x@webhook", "discord://123", "telegram://abc@telegram?chats=1", "telegram://1:a@telegram", "telegram://1:a@elsewhere?chats=1",
		"ntfy://host", "gotify://host/short", "mattermost://host", "pushover://user", "teams://a/b", "generic+ftp://x/y",
		"generic+https://h/x?template=xml", "smtp://host:25/?to=a@b.c", "smtp://host:25/?from=a@b.c", "smtp://h/?from=a@b.c&to=x@y.z&encryption=maybe",
		"discord://t@1?nosuch=1", "slack+https://x/y", "",
	} {
		if s, err := locate(address); err == nil {
			t.Errorf("%q is taken: %v", address, s)
		}
	}
}

// However long the text, it fits what the services take.
func TestLongMessages(t *testing.T) {
	t.Parallel()
	m := notify.Message{Subject: strings.Repeat("ü", 5000), Body: strings.Repeat("写", 100_000)}
	for _, address := range []string{
		"discord://TOKEN@123", "telegram://12:abc@telegram?chats=1", "slack://xoxb:1-2-3@C01", "mattermost://h/t", "pushover://:a@u", "teams+https://h/x",
	} {
		s, err := locate(address)
		if err != nil {
			t.Fatal(err)
		}
		if all, ok := s.(group); ok {
			s = all[0]
		}
		if n := len(s.(web).body(m)); n > 200_000 {
			t.Errorf("%s: %d bytes", address, n)
		}
	}
}
