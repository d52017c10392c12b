#!/usr/bin/env bash
# Serves a development database, ./roster.db, and prints curl calls to try.
# The first run creates the database with one organization and its owner.
# ROSTER_LISTEN sets the address (default 127.0.0.1:8080).
set -euo pipefail
cd "$(dirname "$0")/.."

database=sqlite:roster.db
credentials=.roster-dev.json
listen=${ROSTER_LISTEN:-127.0.0.1:8080}

fail() {
	echo "run.sh: $*" >&2
	exit 1
}

command -v go >/dev/null ||
	fail "Go is missing. Install Go 1.26 or newer (https://go.dev/doc/install) and put it on the PATH."
command -v make >/dev/null || fail "make is missing. Install it (Debian: apt-get install make)."

host=${listen%:*} port=${listen##*:}
[[ $listen == *:* && $port =~ ^[1-9][0-9]*$ ]] || fail "ROSTER_LISTEN must be HOST:PORT or :PORT, not \"$listen\""
# If the server listens on all addresses, this one reaches it.
case $host in '' | 0.0.0.0 | '[::]') host=127.0.0.1 ;; esac
# Browsers allow passkeys at localhost, and not at 127.0.0.1.
public=http://${host/#127.0.0.1/localhost}:$port
url=http://$host:$port
host=${host#[} host=${host%]}

# Otherwise the calls below would go to another server that uses the address.
if (exec 3<>"/dev/tcp/$host/$port") 2>/dev/null; then
	fail "another program already listens on $host:$port. Stop it, or choose another address: ROSTER_LISTEN=127.0.0.1:8081 make run"
fi

make --no-print-directory build

umask 077 # the files below contain personal data and tokens
if [ ! -e roster.db ]; then
	# An incomplete database would make the next run fail.
	trap 'rm -f roster.db roster.db-wal roster.db-shm "$credentials"' EXIT
	rm -f "$credentials"
	bin/roster init --database "$database" --org Acme \
		--owner-name "Olivia Owner" --owner-email owner@example.com --output json >"$credentials"
	trap - EXIT
fi

field() {
	sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" "$credentials"
}

if [ -e "$credentials" ]; then
	owner=$(field userId) personal=$(field personalToken) api=$(field apiToken)
	if [ -z "$owner" ] || [ -z "$personal" ] || [ -z "$api" ]; then
		fail "$credentials is damaged. Remove it to start without the curl calls. Remove roster.db as well to start over."
	fi
fi

ready() {
	local status
	exec 3<>"/dev/tcp/$host/$port" || return 1
	printf 'GET /readyz HTTP/1.0\r\nHost: %s\r\n\r\n' "$host:$port" >&3
	read -r -t 2 _ status _ <&3 && [ "$status" = 200 ]
}

calls() {
	cat <<END

Roster is ready at $url (Ctrl-C stops it). Open the console, signed in, once and within an hour:

  $(bin/roster admin sign-in-link --database "$database" --user owner@example.com --public-url "$public")

Or paste these into another terminal, in this order:

# 1. Create a user and keep the id for the last call
USER_ID=\$(curl -sS -w '\\n' -X POST $url/v2/users \\
  -H 'Authorization: Bearer $api' -H 'Content-Type: application/json' \\
  -d '{"name":"Jane Doe","email":"jane.doe@example.com","role":"user"}' |
  tee /dev/stderr | sed -n 's/.*"id": *"\\(usr_[^"]*\\)".*/\\1/p')

# 2. List the users
curl -sS -w '\\n' $url/v2/users -H 'Authorization: Bearer $api'

# 3. Get a user by id
curl -sS -w '\\n' $url/v2/users/$owner -H 'Authorization: Bearer $api'

# 4. Rename yourself, with your personal token
curl -sS -w '\\n' -X PUT $url/v2/users/$owner \\
  -H 'Authorization: Bearer $personal' -H 'Content-Type: application/json' \\
  -d '{"name":"Olivia Renamed"}'

# 5. Remove the user of the first call; the response is status 204 without a body
curl -sS -w '%{http_code}\\n' -X DELETE $url/v2/users/"\$USER_ID" -H 'Authorization: Bearer $api'

END
}

no_calls() {
	cat <<END

Roster is ready at $url (Ctrl-C stops it), with the existing roster.db.
Its tokens are not in $credentials, so there are no calls to paste. Create a token, or a link to sign in, in another terminal:

  bin/roster admin create-personal-token --database $database --user EMAIL
  bin/roster admin sign-in-link --database $database --user EMAIL --public-url $public

END
}

# Waits until the server, which replaces this process below, is ready or has ended.
# If it has ended, it has printed the reason itself.
announce() {
	until (ready) 2>/dev/null; do
		kill -0 $$ 2>/dev/null || return 0
		sleep 0.1
	done
	if [ -e "$credentials" ]; then calls; else no_calls; fi
}
(announce &)

# The server replaces this script in the foreground, so signals reach it and its
# exit code becomes the script's.
exec bin/roster serve --database "$database" --listen "$listen" --public-url "${ROSTER_PUBLIC_URL:-$public}"
