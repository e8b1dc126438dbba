package deploy

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"wplake/internal/awsapi"
	"wplake/internal/config"
)

// Options are what a Deployer gets from outside.
type Options struct {
	Config     config.Config
	Dir        string // the definition's folder
	Definition string // path of the definition
	Machine    []byte // the lake's state machine as it runs at home
	Machines   map[string][]byte
	Program    string // path of the binary that becomes bootstrap
	Cache      string // folder that keeps what was compressed for packages; "" for none
	Now        func() time.Time
	// Wait lets time pass, or returns the context's error; nil: really.
	Wait func(context.Context, time.Duration) error
	// Progress is told of what happens; may be nil. It is called by one
	// goroutine at a time.
	Progress func(Event)
	Log      *slog.Logger
	// Every is how often AWS is asked how far it is; 0: every 2 seconds.
	Every time.Duration
	// Token gives the tokens by which AWS knows a request that comes twice, and
	// the ends of names of change sets: letters, digits and '-', never the same
	// twice.
	Token func() string
}

// Deployer brings a lake's stack to what its definition says. It is for one
// operation at a time.
type Deployer struct {
	o       Options
	clients Clients
	cfg     aws.Config
	account *Account // once it is known
	wanted  *desired // once it is built
}

// Account is where a lake is deployed.
type Account struct {
	Partition string `json:"partition"` // aws, aws-cn, aws-us-gov
	ID        string `json:"account"`   // 12 digits
	Region    string `json:"region"`
	Caller    string `json:"caller"` // ARN of whoever deploys
}

// Clients are the services that a deployment talks to.
type Clients struct {
	Stacks    Stacks
	Buckets   Buckets
	Identity  Identity
	Topics    Topics
	Roles     Roles
	Machines  Machines
	Formation Formation
	Exists    Exists // nil: names are not looked at before
}

// Identity tells whose credentials are used. The error is a *lake.Error.
type Identity func(context.Context) (awsapi.Identity, error)

// Topics are SNS's calls that a deployment makes.
type Topics interface {
	GetTopicAttributes(context.Context, *sns.GetTopicAttributesInput, ...func(*sns.Options)) (*sns.GetTopicAttributesOutput, error)
	ListSubscriptionsByTopic(context.Context, *sns.ListSubscriptionsByTopicInput, ...func(*sns.Options)) (*sns.ListSubscriptionsByTopicOutput, error)
}

// Roles are IAM's calls that a deployment makes.
type Roles interface {
	GetRole(context.Context, *iam.GetRoleInput, ...func(*iam.Options)) (*iam.GetRoleOutput, error)
}

// Machines are Step Functions' calls that a deployment makes.
type Machines interface {
	ListExecutions(context.Context, *sfn.ListExecutionsInput, ...func(*sfn.Options)) (*sfn.ListExecutionsOutput, error)
}

// New makes a Deployer with the SDK's clients.
func New(cfg aws.Config, o Options) *Deployer {
	httpClient := http.DefaultClient
	if c, ok := cfg.HTTPClient.(*http.Client); ok {
		httpClient = c
	}
	d := With(cfg, o, Clients{
		Stacks:    cloudformation.NewFromConfig(cfg),
		Buckets:   s3.NewFromConfig(cfg, func(so *s3.Options) { so.UsePathStyle = endpointOverridden(cfg, "s3") }),
		Identity:  func(ctx context.Context) (awsapi.Identity, error) { return awsapi.WhoAmI(ctx, cfg) },
		Topics:    sns.NewFromConfig(cfg),
		Roles:     iam.NewFromConfig(cfg),
		Machines:  sfn.NewFromConfig(cfg),
		Formation: formation{cfg: cfg, client: httpClient, now: o.Now},
	})
	d.clients.Exists = existence(cfg, d.Account)
	return d
}

// With makes a Deployer with the clients given.
func With(cfg aws.Config, o Options, clients Clients) *Deployer {
	if o.Wait == nil {
		o.Wait = awsapi.Wait
	}
	if o.Every == 0 {
		o.Every = 2 * time.Second
	}
	return &Deployer{o: o, clients: clients, cfg: cfg}
}

// Account tells where the lake is deployed, and whose credentials are used.
func (d *Deployer) Account(ctx context.Context) (Account, error) {
	if d.account != nil {
		return *d.account, nil
	}
	who, err := d.clients.Identity(ctx)
	if err != nil {
		return Account{}, err
	}
	a := Account{Partition: who.Partition, ID: who.Account, Region: who.Region, Caller: who.ARN}
	d.account = &a
	return a, nil
}

// Stack is the name of the lake's stack.
func (d *Deployer) Stack() string { return d.o.Config.AWS.Stack }

func (d *Deployer) tell(e Event) {
	if d.o.Progress != nil {
		d.o.Progress(e)
	}
}

// say tells of a step that is no resource's.
func (d *Deployer) say(text string) { d.tell(Event{Time: d.o.Now(), Text: text}) }
