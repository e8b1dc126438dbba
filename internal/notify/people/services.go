package people

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"wplake/internal/notify"
)

// service delivers messages to one address.
type service interface {
	send(ctx context.Context, m notify.Message) error
}

// serviceNames lists the services that a channel can use.
const serviceNames = "smtp, slack, discord, telegram, ntfy, generic, gotify, mattermost, pushover, teams"

// locate reads an address: which service, and where. In NAME+https://… the
// service takes the address of a web hook as it is. Errors hold no part of the
// address but its scheme.
func locate(address string) (service, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("the channel's URL cannot be read")
	}
	name, custom, isCustom := strings.Cut(strings.ToLower(u.Scheme), "+")
	settings, err := readSettings(u.RawQuery)
	if err != nil {
		return nil, err
	}
	if isCustom && (name == "generic" || name == "teams") {
		u.Scheme = custom
		return hook(name, u, settings)
	}
	if isCustom {
		return nil, fmt.Errorf("%s takes no web address: write %s://…", name, name)
	}
	var found service
	switch name {
	case "smtp":
		found, err = newMail(u, settings)
	case "slack":
		found, err = newSlack(u, settings)
	case "discord":
		found, err = newDiscord(u, settings)
	case "telegram":
		found, err = newTelegram(u, settings)
	case "ntfy":
		found, err = newNtfy(u, settings)
	case "gotify":
		found, err = newGotify(u, settings)
	case "mattermost":
		found, err = newMattermost(u, settings)
	case "pushover":
		found, err = newPushover(u, settings)
	case "teams":
		found, err = newTeams(u, settings)
	case "generic":
		u.Scheme = "https"
		if settings.yes("disabletls") {
			u.Scheme = "http"
		}
		return hook(name, u, settings)
	default:
		return nil, fmt.Errorf("there is no service %q (one of %s)", name, serviceNames)
	}
	if err != nil {
		return nil, err
	}
	return found, settings.unused(name)
}

// settings are the part of an address after its question mark. Names are
// compared in lower case. What is asked for counts as used.
type settings struct {
	values map[string]string // by name as written
	used   map[string]bool   // by name as written
}

func readSettings(query string) (settings, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return settings{}, errors.New("the channel's URL cannot be read: what follows the question mark")
	}
	s := settings{values: map[string]string{}, used: map[string]bool{}}
	for name, all := range values {
		s.values[name] = all[0]
	}
	return s, nil
}

// get returns a setting, "" where the address has none.
func (s settings) get(names ...string) string {
	for written, value := range s.values {
		if slices.Contains(names, strings.ToLower(written)) {
			s.used[written] = true
			return value
		}
	}
	return ""
}

func (s settings) yes(name string) bool {
	switch strings.ToLower(s.get(name)) {
	case "yes", "true", "1":
		return true
	}
	return false
}

// unused is an error when the address has settings that mean nothing.
func (s settings) unused(name string) error {
	for _, written := range slices.Sorted(maps.Keys(s.values)) {
		if !s.used[written] {
			return fmt.Errorf("%s has no setting of that name in the channel's URL", name)
		}
	}
	return nil
}
