// Package sns publishes alerts on topics of Amazon SNS, which brings them to
// whoever subscribed there.
package sns

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
	"wplake/internal/notify"
)

// group is the message group of all messages on FIFO topics, which keeps their
// order.
const group = "wplake"

// Options say whose the topics are that are known by name only. What is empty
// is found out: the region is that of the configuration, the partition follows
// from the region, and for the account STS is asked once.
type Options struct {
	Account   string // twelve digits
	Region    string
	Partition string // aws, aws-cn, aws-us-gov
}

// Notifier publishes on topics. Its methods may be called concurrently.
//
// That a message was published does not say that all subscribers got it: SNS
// delivers it afterwards, and tells failures to the topic's delivery log only.
type Notifier struct {
	client   *sns.Client
	identity *sts.Client
	o        Options

	mu      sync.Mutex
	account string // what STS said
}

var _ notify.Notifier = (*Notifier)(nil)

// New returns a notifier. No request is made.
func New(cfg aws.Config, o Options) *Notifier {
	if o.Region == "" {
		o.Region = cfg.Region
	}
	if o.Partition == "" {
		o.Partition = partition(o.Region)
	}
	return &Notifier{client: sns.NewFromConfig(cfg), identity: sts.NewFromConfig(cfg), o: o, account: o.Account}
}

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	case strings.HasPrefix(region, "eusc-"):
		return "aws-eusc"
	}
	return "aws"
}

// Publish publishes m on its topic, an ARN or a name; see notify.Notifier. The
// subject is made what SNS takes, and a body that is too long is cut. It needs
// sns:Publish on the topic, and the use of the topic's key where it has one of
// the account's own.
func (n *Notifier) Publish(ctx context.Context, m notify.Message) error {
	topic, err := n.topic(ctx, m.Topic)
	if err != nil {
		return err
	}
	t := textOf(m)
	in := &sns.PublishInput{TopicArn: aws.String(topic.String()), Message: &t.body}
	if t.subject != "" {
		in.Subject = &t.subject
	}
	if strings.HasSuffix(topic.Resource, ".fifo") {
		sum := sha256.Sum256([]byte(m.Subject + "\x00" + m.Body))
		in.MessageGroupId = aws.String(group)
		in.MessageDeduplicationId = aws.String(hex.EncodeToString(sum[:]))
	}
	_, err = n.client.Publish(ctx, in, func(o *sns.Options) { o.Region = topic.Region })
	return failure(err, m.Topic, topic)
}

// topic is the ARN of a topic that is given by its ARN or name.
func (n *Notifier) topic(ctx context.Context, name string) (arn.ARN, error) {
	if arn.IsARN(name) {
		return arn.Parse(name)
	}
	if name == "" || strings.ContainsAny(name, ":/ \t\r\n") {
		return arn.ARN{}, &lake.Error{
			Code: lake.AlertFailed, Message: fmt.Sprintf("%q is neither a topic's name nor its ARN", name),
		}
	}
	account, err := n.whose(ctx)
	if err != nil {
		return arn.ARN{}, err
	}
	return arn.ARN{Partition: n.o.Partition, Service: "sns", Region: n.o.Region, AccountID: account, Resource: name}, nil
}

// whose is the account of the topics.
func (n *Notifier) whose(ctx context.Context) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.account != "" {
		return n.account, nil
	}
	out, err := n.identity.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", awsapi.Failure(err, "find out the account of the topics", "sts:GetCallerIdentity", lake.AlertFailed)
	}
	n.account = aws.ToString(out.Account)
	return n.account, nil
}

// failure words an error of Publish.
func failure(err error, name string, topic arn.ARN) error {
	doing := "publish the alert on " + name
	_, missing := errors.AsType[*types.NotFoundException](err)
	_, keyDenied := errors.AsType[*types.KMSAccessDeniedException](err)
	switch {
	case err == nil:
		return nil
	case missing:
		return &lake.Error{
			Code:    lake.AlertFailed,
			Message: fmt.Sprintf("could not %s: there is no such topic in account %s, region %s", doing, topic.AccountID, topic.Region),
			Hint:    "`wplake deploy apply` makes the topics; an ARN in a parameter or definition may be of another account or region",
		}
	case keyDenied, strings.HasPrefix(awsapi.Code(err), "KMS"):
		return &lake.Error{
			Code:    lake.AlertFailed,
			Message: fmt.Sprintf("could not %s: the key that encrypts the topic cannot be used: %s", doing, messageOf(err)),
			Hint:    "allow kms:GenerateDataKey* and kms:Decrypt on the key, in the role's policy and in the key's",
			Err:     err,
		}
	}
	return awsapi.Failure(err, doing, "sns:Publish on "+topic.String(), lake.AlertFailed)
}

func messageOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorMessage()
	}
	return err.Error()
}
