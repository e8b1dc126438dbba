//go:build aws

package sns_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"

	"wplake/internal/notify/notifytest"
	"wplake/internal/notify/sns"
)

// subscriber is an HTTP server that confirms its subscription and keeps what
// it gets.
type subscriber struct {
	t         *testing.T
	confirmed chan struct{}
	arrived   chan struct{} // one for each text

	mu    sync.Mutex
	texts []string
}

func (s *subscriber) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var m struct{ Type, SubscribeURL, Subject, Message string }
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		s.t.Error(err)
		return
	}
	if m.Type == "SubscriptionConfirmation" {
		// The emulator takes the confirmation after its own request is answered.
		go s.confirm(m.SubscribeURL)
		return
	}
	s.mu.Lock()
	s.texts = append(s.texts, m.Subject+"\n\n"+m.Message)
	s.mu.Unlock()
	s.arrived <- struct{}{}
}

func (s *subscriber) confirm(address string) {
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		s.t.Error(err)
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Error(err)
		return
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		s.t.Errorf("the confirmation is answered %s", res.Status)
	}
	s.confirmed <- struct{}{}
}

func (s *subscriber) received() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.texts)
}

func TestConformance(t *testing.T) {
	endpoint := os.Getenv("MINISTACK_URL")
	if endpoint == "" {
		t.Fatal("MINISTACK_URL names no emulator; `make test-aws` starts one")
	}
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("test", "testtest", ""),
	}
	client := awssns.NewFromConfig(cfg)
	notifytest.Run(t, func(t *testing.T) notifytest.Subject {
		s := &subscriber{t: t, confirmed: make(chan struct{}, 8), arrived: make(chan struct{}, 64)}
		working := httptest.NewServer(s)
		broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var m struct{ Type, SubscribeURL string }
			if err := json.NewDecoder(r.Body).Decode(&m); err == nil && m.Type == "SubscriptionConfirmation" {
				go s.confirm(m.SubscribeURL)
				return
			}
			http.Error(w, "hunter2", http.StatusInternalServerError)
		}))
		t.Cleanup(working.Close)
		t.Cleanup(broken.Close)
		topic := func(name string, subscribers ...*httptest.Server) string {
			out, err := client.CreateTopic(t.Context(), &awssns.CreateTopicInput{Name: &name})
			if err != nil {
				t.Fatal(err)
			}
			for _, to := range subscribers {
				_, err := client.Subscribe(t.Context(), &awssns.SubscribeInput{
					TopicArn: out.TopicArn, Protocol: aws.String("http"), Endpoint: &to.URL,
				})
				if err != nil {
					t.Fatal(err)
				}
				select {
				case <-s.confirmed:
				case <-t.Context().Done():
					t.Fatal("the subscription was not confirmed")
				}
			}
			return name
		}
		unique := fmt.Sprintf("%016x", rand.Uint64())
		topic("unheard")
		return notifytest.Subject{
			Notifier: sns.New(cfg, sns.Options{}),
			Topic:    topic("heard-"+unique, working),
			Mixed:    topic("mixed-"+unique, broken, working),
			Received: s.received,
			Await: func(texts int) {
				for range texts {
					select {
					case <-s.arrived:
					case <-t.Context().Done():
						return
					}
				}
			},
			Secrets: []string{"hunter2"},
		}
	})
}
