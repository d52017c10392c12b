#!/usr/bin/env bash
# Measures the server time of every page of the console with many users, and prints a table.
#   scripts/console-times.sh [USERS] [RUNS]
# The times are medians of curl's time to the first byte, one request at a time, and the
# server's CPU time per request, which other work on the machine hardly changes.
set -euo pipefail
users=${1:-100000}
runs=${2:-21}
cd "$(dirname "$0")/.."
port=${CONSOLE_TIMES_PORT:-18931}
url=http://127.0.0.1:$port
dir=$(mktemp -d)
go build -o "$dir/roster" ./cmd/roster
cd "$dir"
server=
stop() {
	[ -z "$server" ] || { kill "$server" && wait "$server" || true; }
	rm -rf "$dir"
}
trap stop EXIT
./roster init --database sqlite:roster.db --org Acme --owner-name "Olivia Owner" --owner-email olivia@example.com --public-url "$url" --output json >init.json
value() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" init.json | head -1; }
org=$(value orgId)
token=$(value personalToken)
link=$(value signInUrl)
./roster serve --database sqlite:roster.db --listen "127.0.0.1:$port" --metrics-listen off --rate-limit 0 --log-level error --access-log 0 --limit users=0 --limit membersPerRequest=0 &
server=$!
for _ in $(seq 100); do curl -fs "$url/readyz" >/dev/null && break || sleep 0.1; done

api() { # METHOD PATH BODY [MEDIA-TYPE]
	curl -fsS -X "$1" "$url/v2/$2" -H "Authorization: Bearer $token" -H "X-Axiom-Org-Id: $org" -H "Content-Type: ${4:-application/json}" --data-binary "$3"
}
awk -v n="$users" 'BEGIN { print "name,email,role"; for (i = 0; i < n; i++) printf "Person %d,person%d@example.com,%s\n", i, i, i % 1000 == 0 ? "admin" : i % 10 == 0 ? "read-only" : "user" }' >people.csv
api POST users/import @people.csv text/csv >imported.ndjson
tail -1 imported.ndjson >&2
user=$(sed -n '500s/.*"id":"\([^"]*\)".*/\1/p' imported.ndjson)
id() { sed 's/.*"id": *"\([^"]*\)".*/\1/'; }
role=$(api POST rbac/roles '{"name":"On call","orgCapabilities":{"users":["read"],"monitors":["read","update"]}}' | id)
members=$(sed -n '1,2000s/.*"id":"\([^"]*\)".*/"\1"/p' imported.ndjson | paste -sd,)
printf '{"name":"Operations","roles":["%s"],"members":[%s]}' "$role" "$members" >group.json
group=$(api POST rbac/groups @group.json | id)
for i in $(seq 50); do hook=$(api POST tokens "{\"name\":\"token $i\",\"orgCapabilities\":{\"users\":[\"read\"]}}" | id); done
api POST apps '{"id":"billing","name":"Billing","types":{"invoice":{"actions":["read","approve"],"instances":true},"report":{"actions":["read"]}}}' >app.json
sleep 3 # until the log is sealed

curl -fsS -c jar -o /dev/null -H 'Sec-Fetch-Site: same-origin' --data-urlencode "link=${link#*#}" "$url/signin/link"
at=$(date -u +%Y-%m-%dT%H:%M:%S)
entry=$((users / 2))
label() { # of a page, without ids
	local l=$1
	for name in user role group hook at entry; do l=${l/${!name}/${name^^}}; done
	echo "${l:-overview}"
}
cpu() { awk '{ print $14 + $15 }' "/proc/$server/stat"; } # in hundredths of a second
echo "| page | CPU | median | compressed |"
echo "| --- | --- | --- | --- |"
for page in /console/ "" pictures users 'users?q=person99' 'users/rows?q=nobody-at-all' 'users?role=admin' 'users?role=owner' 'users?status=suspended' "users?at=$at" "users/$user" "users/$user/remove" \
	users/import invitations roles "roles/$role" apps apps/billing "apps/billing?who=$user&can=invoice|read&on=2026-1" groups "groups/$group" "groups/$group?q=person99" tokens new-token "tokens/$hook" webhooks audit 'audit?action=createUser' \
	'audit?action=createGroup' 'audit?outcome=refused' "audit?target=$user" "audit/$entry" sign-in sync settings profile; do
	case $page in /*) path=$page ;; *) path=/console/$org/$page ;; esac
	before=$(cpu)
	for _ in $(seq "$runs"); do
		curl -sS -b jar -o /dev/null -H 'Accept-Encoding: gzip' -w '%{time_starttransfer} %{size_download} %{http_code}\n' "$url$path"
	done | sort -n >times
	used=$(($(cpu) - before))
	awk -v used="$used" -v page="$(label "$page")" '{ t[NR] = $1; size = $2; code = $3 } END { printf "| `%s` | %.1f ms | %.1f ms | %.1f KiB |%s\n", page, used * 10 / NR, t[int((NR + 1) / 2)] * 1000, size / 1024, code == 200 ? "" : " status " code }' times
done
