<?php
/**
 * Plugin Name: Tables as JSON endpoints
 *
 * A must-use plugin that gives each table as one JSON array, and endpoints that
 * fail the way plugins do.
 */
add_action(
	'rest_api_init',
	function () {
		global $wpdb;
		$tables = array(
			'posts', 'statistics_pages', 'term_taxonomy', 'terms', 'comments', 'users',
			'postmeta', 'commentmeta', 'termmeta', 'usermeta', 'options', 'links',
		);
		$tables = array_combine( $tables, $tables );
		$tables['term_relationship'] = 'term_relationships';
		foreach ( $tables as $object => $table ) {
			register_rest_route( 'mo/v1', "/{$object}_endpoint", array(
				'callback'            => function () use ( $wpdb, $table ) {
					return $wpdb->get_results( "SELECT * FROM `{$wpdb->prefix}{$table}`", ARRAY_A );
				},
				'permission_callback' => function () use ( $object ) {
					return ! str_starts_with( $object, 'user' ) || current_user_can( 'list_users' );
				},
			) );
		}
		$faults = array(
			// With display_errors on, PHP writes into the answer.
			'noisy' => function () {
				ini_set( 'display_errors', '1' );
				trigger_error( 'Something is deprecated', E_USER_WARNING );
				return array();
			},
			// A script that ends in the middle of its output.
			'cut'   => function () {
				header( 'Content-Type: application/json' );
				echo '[{"ID":"1"},';
				exit;
			},
			'crash' => function () {
				throw new Error( 'a defect' );
			},
			'page'  => function () {
				wp_safe_redirect( wp_login_url() );
				exit;
			},
			'error' => function () {
				return new WP_Error( 'no_licence', 'The <b>licence</b> has expired.', array( 'status' => 200 ) );
			},
		);
		foreach ( $faults as $name => $callback ) {
			register_rest_route( 'mo/v1', "/{$name}_endpoint", array(
				'callback'            => $callback,
				'permission_callback' => '__return_true',
			) );
		}
	}
);
