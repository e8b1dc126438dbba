<?php
// Installs WordPress and fills it. Prints an application password.
$_SERVER['HTTP_HOST'] = parse_url( getenv( 'WPLAKE_URL' ), PHP_URL_HOST );
$root = $argv[1];
if ( empty( $argv[2] ) ) {
	define( 'WP_INSTALLING', true );
}
function wp_mail() {
	return true; // nobody is told about the new site
}
require $root . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
if ( empty( $argv[2] ) ) {
	wp_install( 'Caf&eacute; <R&D>', 'admin', 'admin@example.org', true, '', 'admin' );
	update_option( 'permalink_structure', '/%year%/%monthnum%/%postname%/' );
	exit;
}

// What the plugin WP Statistics keeps.
global $wpdb;
$wpdb->query(
	"CREATE TABLE {$wpdb->prefix}statistics_pages (
		page_id BIGINT(20) NOT NULL AUTO_INCREMENT,
		uri varchar(190) NOT NULL,
		type varchar(180) NOT NULL,
		date date NOT NULL,
		count int(11) NOT NULL,
		id int(11) NOT NULL,
		UNIQUE KEY date_2 (date,uri),
		KEY url (uri),
		KEY date (date),
		KEY id (id),
		KEY `uri` (`uri`,`count`,`id`),
		PRIMARY KEY (`page_id`)
	) {$wpdb->get_charset_collate()}"
);

$terms = array();
foreach ( array( 'R&D', 'Q & A', 'Tips "and" tricks', "Men's shed", 'ספרים', 'News 📰' ) as $name ) {
	$term = wp_insert_term( $name, 'category' );
	if ( is_wp_error( $term ) ) {
		fwrite( STDERR, $term->get_error_message() );
		exit( 1 );
	}
	$terms[] = $term['term_id'];
}
$titles = array(
	'Plain', 'Fish & chips', 'It&#8217;s &hellip; fine', "O'Reilly's \"book\"", 'Emoji 🚲👩‍🌾🇵🇹', 'رحلة إلى الجبل',
	'חנות ספרים', 'Back\\slash', 'a <b>bold</b> one', '日本の港', 'Null\'s "€"', 'Encoded &amp;amp; twice',
);
for ( $i = 0; $i < 240; $i++ ) {
	$id = wp_insert_post( wp_slash( array(
		'post_title'   => $titles[ $i % count( $titles ) ] . ' ' . $i,
		'post_content' => str_repeat( "<p>Line {$i} & \"more\"\r\n\tof C:\\temp/😀</p>\n", 1 + $i % 40 ),
		'post_status'  => array( 'publish', 'publish', 'draft', 'private', 'pending' )[ $i % 5 ],
		'post_date'    => 0 === $i % 5 ? gmdate( 'Y-m-d H:i:s', 1640995200 + $i * 86400 ) : '',
	) ), true );
	if ( is_wp_error( $id ) ) {
		fwrite( STDERR, $id->get_error_message() );
		exit( 1 );
	}
	wp_set_post_terms( $id, array( $terms[ $i % count( $terms ) ] ), 'category' );
	wp_set_post_terms( $id, array( 'tag & ' . $i % 7, 'plain' ), 'post_tag' );
	add_post_meta( $id, 'settings', array( 'café' => true, 'n' => $i, 'deep' => array( 1.5, null ) ) );
	if ( 0 === $i % 4 ) {
		wp_insert_comment( wp_slash( array(
			'comment_post_ID' => $id,
			'comment_author'  => 'Zoë & co.',
			'comment_content' => "Nice \\o/ 😀\nreally",
		) ) );
	}
	foreach ( array( 'post' => $id, 'category' => $terms[0], 'author' => 1, 'home' => 0 ) as $type => $of ) {
		$wpdb->insert( $wpdb->prefix . 'statistics_pages', array(
			'uri'   => "/{$type}/{$of}/?n={$i}",
			'type'  => $type,
			'date'  => gmdate( 'Y-m-d', 1700000000 + $i * 86400 ),
			'count' => 1 + $i % 9,
			'id'    => $of,
		) );
	}
}
wp_update_user( array( 'ID' => 1, 'display_name' => 'Ana & Bo' ) );
list( $password ) = WP_Application_Passwords::create_new_application_password( 1, array( 'name' => 'wplake' ) );
echo $password;
