#!/usr/bin/env bash
# Prints an invoice, if the token in $TOKEN may read it. The check is one call of curl:
#   TOKEN=xapt-… ROSTER_CREDENTIAL=xaap-… ./curl.sh acme-x7q2 2026-0042
set -euo pipefail
org=$1 invoice=$2
roster=${ROSTER_URL:-http://127.0.0.1:8080} billing=${BILLING_URL:-http://127.0.0.1:9090}

# Otherwise a part could be read as more than a name.
[[ $org =~ ^[a-z0-9-]+$ && $invoice =~ ^[A-Za-z0-9-]+$ ]] || { echo "invalid organization or invoice" >&2; exit 2; }

# curl reads the headers from its input: other users of the machine see its arguments.
status=$(curl --silent --output /dev/null --write-out '%{http_code}' --header @- "$roster/forward-auth/" <<END
Authorization: Bearer $TOKEN
Roster-Application: $ROSTER_CREDENTIAL
Roster-Require: invoice:$invoice|read
X-Axiom-Org-Id: $org
END
) || status=000
case $status in
200) exec curl --silent --show-error --fail "$billing/$org/invoices/$invoice" ;;
401) echo "a valid token is required" >&2 ;;
403) echo "forbidden" >&2 ;;
*) echo "can't check permissions now" >&2 ;;
esac
exit 1
