echo bind 'postgres://roster:…@db1,db2/roster?sslmode=verify-full' "$POSTGRES"
echo bind 'postgres://roster:…@db/roster' "$POSTGRES2"
roster init --database sqlite:/var/lib/roster/roster.db --org Acme --owner-name 'Olivia Owner' --owner-email olivia@example.com
