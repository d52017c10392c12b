export ROSTER_DATABASE=sqlite:/var/lib/roster/roster.db
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=roster.example.com -addext subjectAltName=DNS:roster.example.com -out /etc/roster/cert.pem -keyout /etc/roster/key.pem
chmod 600 /etc/roster/key.pem
