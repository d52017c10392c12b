echo "$ME" > owner.token
unset ROSTER_TOKEN
