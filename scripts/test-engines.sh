#!/usr/bin/env bash
# Runs a package's test binary on SQLite, and again on PostgreSQL if the package stores
# anything by way of dbtest.New. `go test -exec` calls it in the package's directory, so each
# binary is linked once, and both engines' tests share one queue of packages.
set -u

"$@"
code=$?

again=()
case ${PWD##*/internal/} in
access | directory | history | auditlog | follow | sealing | webhooks | httpapi | mail | identity | onboarding | expiry | schedules | credentials | members | roles | orgs | refusals | provisioning | scim | authzen | oauth | signin) ;;
console) again=(-test.short) ;; # without a browser
*/client) again=(-test.run Servers) ;;
*) exit "$code" ;;
esac

echo "== ${PWD##*/} on PostgreSQL"
ROSTER_TEST_ENGINE=postgres "$@" ${again[@]+"${again[@]}"} || code=$?
exit "$code"
