echo "$ME" > owner.token
