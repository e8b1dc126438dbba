package transform

// Profile names a built-in set of rules for the known objects.
type Profile string

// The built-in profiles.
const (
	Reference Profile = "reference" // the reference pipeline's columns exactly
	Full      Profile = "full"      // what people's questions need: slug, excerpt, MIME type, UTC times, …
)

// Profiles lists the built-in profiles.
func Profiles() []Profile { return []Profile{Reference, Full} }

// Rules returns a profile's steps for a canonical object; ok is false when the
// profile has no rules for it.
func Rules(profile Profile, object string) (steps []Step, ok bool) {
	if object == "term_relationships" { // the database's own spelling
		object = "term_relationship"
	}
	switch profile {
	case Reference:
		steps, ok = referenceRules()[object]
	case Full:
		steps, ok = fullRules()[object]
	}
	return steps, ok
}

// referenceRules are those of the reference pipeline.
func referenceRules() map[string][]Step {
	return map[string][]Step{
		"posts": {
			{Drop: []string{
				"post_date_gmt", "post_excerpt", "comment_status", "ping_status", "post_name", "to_ping", "pinged",
				"post_modified_gmt", "post_content_filtered", "guid", "menu_order", "post_mime_type", "comment_count",
			}},
			{SplitDate: []string{"post_date", "post_modified"}},
		},
		"statistics_pages":  {{SplitDate: []string{"date"}}},
		"term_relationship": {{Drop: []string{"term_order"}}},
		"term_taxonomy":     {{Drop: []string{"description", "parent"}}},
		"terms": {
			{Drop: []string{"term_group"}},
			{DecodeEntities: []string{"name"}},
		},
	}
}

// fullRules keep what questions need and leave out two kinds of columns: those
// that WordPress no longer fills, and secrets. Personal data that is no secret
// (an author's e-mail address) stays: whom to show it to is the owner's
// decision, made with a mask step.
func fullRules() map[string][]Step {
	return map[string][]Step{
		"posts": {
			{Drop: []string{"to_ping", "pinged", "post_content_filtered"}},
			// The password of a protected post is plain text: only that there is one stays.
			{NullIf: map[string][]string{"post_password": {""}}},
			{Mask: &Mask{Columns: []string{"post_password"}, Method: MaskRedact}},
			{DecodeEntities: []string{"post_title"}},
			{SplitDate: []string{"post_date", "post_modified"}},
		},
		"statistics_pages":  {{SplitDate: []string{"date"}}},
		"term_relationship": {},
		"term_taxonomy":     {},
		"terms": {
			{Drop: []string{"term_group"}},
			{DecodeEntities: []string{"name"}},
		},
		"comments": {
			{Drop: []string{"comment_karma"}},
			{DecodeEntities: []string{"comment_author"}},
			{SplitDate: []string{"comment_date"}},
		},
		"users": {
			{Drop: []string{"user_pass", "user_activation_key"}},
			{DecodeEntities: []string{"display_name"}},
			{SplitDate: []string{"user_registered"}},
		},
		"postmeta":    {{Filter: noSecretKeys}},
		"termmeta":    {{Filter: noSecretKeys}},
		"commentmeta": {{Filter: noSecretKeys}},
		"usermeta":    {{Filter: noSecretKeys}},
		"options":     {{Filter: plainOptions}},
		"links": {
			{Drop: []string{"link_rss"}},
			{DecodeEntities: []string{"link_name"}},
		},
	}
}

// noSecretKeys keeps the rows of a meta table whose key does not speak of a
// secret: session tokens, application passwords, second factors, keys of
// other services. A key that is NULL says nothing and stays.
const noSecretKeys = `meta_key IS NULL OR NOT (
  lower(meta_key) LIKE '%token%' OR lower(meta_key) LIKE '%pass%' OR lower(meta_key) LIKE '%secret%'
  OR lower(meta_key) LIKE '%api%key%' OR lower(meta_key) LIKE '%private%key%' OR lower(meta_key) LIKE '%activation%key%'
  OR lower(meta_key) LIKE '%totp%' OR lower(meta_key) LIKE '%two_factor%' OR lower(meta_key) LIKE '%2fa%'
  OR lower(meta_key) LIKE '%backup_code%' OR lower(meta_key) LIKE '%nonce%' OR lower(meta_key) LIKE '%credential%'
)`

// plainOptions keeps the options that describe a site. Plugins keep their
// credentials in options under any name, so this is a list of what may pass.
const plainOptions = `option_name IN (
  'siteurl', 'home', 'blogname', 'blogdescription', 'blog_public', 'blog_charset', 'WPLANG', 'timezone_string',
  'gmt_offset', 'date_format', 'time_format', 'start_of_week', 'permalink_structure', 'category_base', 'tag_base',
  'posts_per_page', 'posts_per_rss', 'rss_use_excerpt', 'show_on_front', 'page_on_front', 'page_for_posts',
  'default_category', 'default_comment_status', 'default_ping_status', 'comment_moderation', 'comment_registration',
  'users_can_register', 'default_role', 'template', 'stylesheet', 'current_theme', 'active_plugins', 'db_version',
  'initial_db_version'
)`
