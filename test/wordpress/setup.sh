#!/usr/bin/env bash
# Installs what the suite in this folder needs, where it is missing: WordPress,
# PHP and MariaDB from Debian's packages. Needs root then. Starts nothing.
set -euo pipefail

packages=()
[ -f /usr/share/wordpress/wp-load.php ] || packages+=(wordpress)
command -v php >/dev/null || packages+=(php-cli)
for extension in mysqli:php-mysql dom:php-xml mbstring:php-mbstring; do
	if ! command -v php >/dev/null || ! php -m | grep -ix "${extension%%:*}" >/dev/null; then
		packages+=("${extension##*:}")
	fi
done
if ! command -v mariadbd >/dev/null && [ ! -x /usr/sbin/mariadbd ]; then
	packages+=(mariadb-server)
fi

if [ ${#packages[@]} -eq 0 ]; then
	echo "WordPress, PHP and MariaDB are there."
	exit 0
fi
if ! command -v apt-get >/dev/null; then
	echo "Missing: ${packages[*]} (Debian's names). Install them by this system's own means." >&2
	exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "Missing: ${packages[*]}. Run as root: apt-get install --no-install-recommends ${packages[*]}" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends "${packages[@]}"
