roster users create --name 'Jane Doe' --email jane.doe@example.com --role user --quiet > jane.id
USER_ID=$(cat jane.id)
echo bind 2026-01-31T23:59:59Z $(date -u +%FT%T.%6NZ)
