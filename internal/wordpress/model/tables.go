package model

import "wplake/internal/lake"

// Tables returns all known tables, the five of the reference pipeline first.
func Tables() []Table {
	return []Table{
		posts(),
		statisticsPages(),
		termRelationship(),
		termTaxonomy(),
		terms(),
		comments(),
		users(),
		meta("postmeta", "meta_id", "post_id"),
		meta("commentmeta", "meta_id", "comment_id"),
		meta("termmeta", "meta_id", "term_id"),
		meta("usermeta", "umeta_id", "user_id"),
		options(),
		links(),
	}
}

// entity makes a table whose rows are created, edited and deleted.
func entity(object string, key []string, columns ...lake.Column) Table {
	return Table{Object: object, Kind: Entity, Columns: columns, Key: key}
}

func whole(name string) lake.Column   { return lake.Column{Name: name, Type: lake.Bigint} }
func integer(name string) lake.Column { return lake.Column{Name: name, Type: lake.Int} }
func text(name string) lake.Column    { return lake.Column{Name: name, Type: lake.String} }
func moment(name string) lake.Column  { return lake.Column{Name: name, Type: lake.Timestamp} }

func posts() Table {
	return entity("posts", []string{"ID"},
		whole("ID"),
		whole("post_author"),
		moment("post_date"),
		moment("post_date_gmt"),
		text("post_content"),
		text("post_title"),
		text("post_excerpt"),
		text("post_status"),
		text("comment_status"),
		text("ping_status"),
		text("post_password"),
		text("post_name"),
		text("to_ping"),
		text("pinged"),
		moment("post_modified"),
		moment("post_modified_gmt"),
		text("post_content_filtered"),
		whole("post_parent"),
		text("guid"),
		integer("menu_order"),
		text("post_type"),
		text("post_mime_type"),
		whole("comment_count"),
	)
}

// statisticsPages is the daily view counter of the plugin WP Statistics. What
// its column id refers to depends on type: a post, a term or a user.
func statisticsPages() Table {
	return Table{
		Object: "statistics_pages",
		Kind:   Facts,
		Key:    []string{"page_id"},
		Columns: []lake.Column{
			whole("page_id"),
			text("uri"),
			text("type"),
			{Name: "date", Type: lake.Date},
			integer("count"),
			integer("id"),
		},
	}
}

func termRelationship() Table {
	return entity("term_relationship", []string{"object_id", "term_taxonomy_id"},
		whole("object_id"),
		whole("term_taxonomy_id"),
		integer("term_order"),
	)
}

func termTaxonomy() Table {
	return entity("term_taxonomy", []string{"term_taxonomy_id"},
		whole("term_taxonomy_id"),
		whole("term_id"),
		text("taxonomy"),
		text("description"),
		whole("parent"),
		whole("count"),
	)
}

func terms() Table {
	return entity("terms", []string{"term_id"},
		whole("term_id"),
		text("name"),
		text("slug"),
		whole("term_group"),
	)
}

func comments() Table {
	return entity("comments", []string{"comment_ID"},
		whole("comment_ID"),
		whole("comment_post_ID"),
		text("comment_author"),
		text("comment_author_email"),
		text("comment_author_url"),
		text("comment_author_IP"),
		moment("comment_date"),
		moment("comment_date_gmt"),
		text("comment_content"),
		integer("comment_karma"),
		text("comment_approved"),
		text("comment_agent"),
		text("comment_type"),
		whole("comment_parent"),
		whole("user_id"),
	)
}

func users() Table {
	return entity("users", []string{"ID"},
		whole("ID"),
		text("user_login"),
		text("user_pass"),
		text("user_nicename"),
		text("user_email"),
		text("user_url"),
		moment("user_registered"),
		text("user_activation_key"),
		integer("user_status"),
		text("display_name"),
	)
}

// meta is one of the four tables of keys and values that hang on another one.
func meta(object, id, owner string) Table {
	return entity(object, []string{id},
		whole(id),
		whole(owner),
		text("meta_key"),
		text("meta_value"),
	)
}

func options() Table {
	return entity("options", []string{"option_id"},
		whole("option_id"),
		text("option_name"),
		text("option_value"),
		text("autoload"),
	)
}

func links() Table {
	return entity("links", []string{"link_id"},
		whole("link_id"),
		text("link_url"),
		text("link_name"),
		text("link_image"),
		text("link_target"),
		text("link_description"),
		text("link_visible"),
		whole("link_owner"),
		integer("link_rating"),
		moment("link_updated"),
		text("link_rel"),
		text("link_notes"),
		text("link_rss"),
	)
}
