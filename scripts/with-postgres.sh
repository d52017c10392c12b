#!/usr/bin/env bash
# Starts a temporary PostgreSQL cluster, runs a command with the cluster's URL in
# ROSTER_TEST_POSTGRES, and then removes the cluster:
#   scripts/with-postgres.sh go test ./internal/store
# If PostgreSQL or PgBouncer is missing, installs Debian's packages.
set -euo pipefail

# If another call of this script runs this one, a cluster already exists.
if [ -n "${ROSTER_TEST_POSTGRES:-}" ]; then
	exec "$@"
fi

postgres_bin() {
	local found
	found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
	if [ -x "$found/initdb" ]; then
		echo "$found"
	elif command -v initdb >/dev/null; then
		dirname "$(command -v initdb)"
	fi
}

pgbouncer_bin() { command -v pgbouncer || ls /usr/sbin/pgbouncer 2>/dev/null || true; }

if [ -z "$(postgres_bin)" ] || [ -z "$(pgbouncer_bin)" ]; then
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		echo "The tests need PostgreSQL 15 or newer and PgBouncer. Install them (Debian: apt-get install postgresql pgbouncer)." >&2
		exit 1
	fi
	echo "== Installing PostgreSQL and PgBouncer with apt-get; this takes about a minute, once" >&2
	apt-get update -q >&2
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends postgresql pgbouncer >&2
fi

bin=$(postgres_bin)
dir=$(mktemp -d "${TMPDIR:-/tmp}/roster-postgres.XXXXXX")
as=()
if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root
	as=(runuser -u postgres --)
	chown postgres "$dir"
fi

cleanup() {
	if [ -n "${pgbouncer:-}" ]; then kill "$pgbouncer" 2>/dev/null || true; fi
	"${as[@]}" "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1 || true
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

echo "== Starting PostgreSQL, $("$bin/postgres" --version), in $dir" >&2

# The locale does not sort by bytes, so a missing COLLATE makes a test fail. fsync is
# off because the data is temporary.
(
	cd /
	"${as[@]}" "$bin/initdb" -D "$dir/data" -A trust -U postgres -E UTF8 --locale=C.UTF-8 \
		--locale-provider=icu --icu-locale=en -N >"$dir/log" 2>&1
	cat >>"$dir/data/postgresql.conf" <<-CONF
		listen_addresses = ''
		unix_socket_directories = '$dir'
		max_connections = 1000
		fsync = off
		full_page_writes = off
	CONF
	"${as[@]}" "$bin/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w start >>"$dir/log" 2>&1
) || {
	cat "$dir/log" "$dir/server.log" >&2 2>/dev/null
	exit 1
}

# PgBouncer in transaction mode: a client has a connection only during a transaction.
cat >"$dir/pgbouncer.ini" <<-CONF
	[databases]
	* = host=$dir user=postgres
	[pgbouncer]
	listen_addr =
	unix_socket_dir = $dir
	listen_port = 6432
	auth_type = any
	pool_mode = transaction
	default_pool_size = 20
	max_client_conn = 1000
	max_db_connections = 20
	ignore_startup_parameters = extra_float_digits
	logfile =
	pidfile =
CONF
"${as[@]}" "$(pgbouncer_bin)" "$dir/pgbouncer.ini" >"$dir/pgbouncer.log" 2>&1 &
pgbouncer=$!

export ROSTER_TEST_POSTGRES="postgres://postgres@/postgres?host=$dir"
export ROSTER_TEST_POSTGRES_BIN=$bin
export ROSTER_TEST_PGBOUNCER_PORT=6432
"$@" || {
	code=$?
	kill -0 "$pgbouncer" 2>/dev/null || { echo "PgBouncer has stopped:" && tail -20 "$dir/pgbouncer.log"; } >&2
	exit "$code"
}
