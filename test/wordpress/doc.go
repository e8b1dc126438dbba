// Package wordpress holds the suite that runs wplake against a real WordPress
// on this machine:
//
//	bash test/wordpress/setup.sh    # as root: installs what is missing
//	go test -tags wordpress ./test/wordpress/
package wordpress
