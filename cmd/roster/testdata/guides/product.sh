export ROSTER_DATABASE=sqlite:server.db
