package people

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/discord"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/mattermost"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/slack"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/teams"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/telegram"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/email/smtp"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/gotify"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/ntfy"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/pushover"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/specialized/generic"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"
)

// serviceNames lists the services that a channel can use.
const serviceNames = "smtp, slack, discord, telegram, ntfy, generic, gotify, mattermost, pushover, teams"

// newService returns the service of a URL's scheme, or nil. The library's own
// router knows more; each one it links makes the binary larger for everybody.
func newService(name string) types.Service {
	switch name {
	case "smtp":
		return &smtp.Service{}
	case "slack":
		return &slack.Service{}
	case "discord":
		return &discord.Service{}
	case "telegram":
		return &telegram.Service{}
	case "ntfy":
		return &ntfy.Service{}
	case "generic":
		return &generic.Service{}
	case "gotify":
		return &gotify.Service{}
	case "mattermost":
		return &mattermost.Service{}
	case "pushover":
		return &pushover.Service{}
	case "teams":
		return &teams.Service{}
	}
	return nil
}

// locate sets up the service that an address names. In NAME+https://… the
// service takes the address of a web hook as it is.
func locate(address string) (types.Service, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the channel's URL cannot be read")
	}
	name, custom, isCustom := strings.Cut(strings.ToLower(u.Scheme), "+")
	service := newService(name)
	if service == nil {
		return nil, fmt.Errorf("there is no service %q (one of %s)", name, serviceNames)
	}
	if isCustom {
		u.Scheme = custom
		converter, ok := service.(types.CustomURLService)
		if !ok {
			return nil, fmt.Errorf("%s takes no web address: write %s://…", name, name)
		}
		if u, err = converter.GetConfigURLFromCustom(u); err != nil {
			return nil, err
		}
	}
	return service, service.Initialize(u, nil)
}
