export ROSTER_DATABASE=sqlite:other.db
roster init --org Other --owner-name 'Olivia Owner' --owner-email olivia@example.com
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=roster.example.com -addext subjectAltName=DNS:roster.example.com -out /etc/roster/cert.pem -keyout /etc/roster/key.pem
printf 'cacert = "%s"\nconnect-to = "roster.example.com:443:%s"\ninterface = "127.0.0.2"\n' /etc/roster/cert.pem "$PROXY" >> .curlrc
echo bind 203.0.113.7 127.0.0.2
mkdir -p run/tmp
printf 'user root; daemon off; pid run/nginx.pid; error_log stderr; events {}\nhttp { access_log off; client_body_temp_path run/tmp; proxy_temp_path run/tmp; fastcgi_temp_path run/tmp; uwsgi_temp_path run/tmp; scgi_temp_path run/tmp; include ../etc/nginx/conf.d/*.conf; }\n' > run/nginx.conf
PATH=$PATH:/usr/sbin
sudo() { "$@"; }
ready() { for _ in $(seq 200); do curl https://roster.example.com/readyz && return; sleep 0.05; done; return 1; }
nginx() { sed -i "s/listen 443/listen $PROXY/" etc/nginx/conf.d/roster.conf; command nginx -p "$PWD" -c run/nginx.conf "$@"; }
start_nginx() { exec nginx -p "$PWD" -c run/nginx.conf; }
start_caddy() { printf '{\nadmin off\nauto_https disable_redirects\nhttps_port %s\ndefault_bind %s\n}\n' "${PROXY#*:}" "${PROXY%:*}" > run/Caddyfile; sed "1a tls $PWD/etc/roster/cert.pem $PWD/etc/roster/key.pem" etc/caddy/Caddyfile >> run/Caddyfile; exec caddy run --adapter caddyfile --config run/Caddyfile; }
# Streams and large bodies are checked behind both proxies, the second time by the page itself.
systemctl() { [ -z "$proxy" ] || { check && kill $proxy && wait $proxy; }; "start_$2" 2>"run/$2.log" & proxy=$!; ready; }
long() { echo name,email,role; for i in $(seq 40); do printf '%060000d,user%d@example.com,user\n' 0 "$i"; done; }
check() { long > long.csv && curl -X POST https://roster.example.com/v2/users/import -H "Authorization: Bearer $ROSTER_TOKEN" -H 'Content-Type: text/csv' --data-binary @long.csv | grep '"lines":40' && exec 3< <(exec curl -N https://roster.example.com/v2/events -H "Authorization: Bearer $ROSTER_TOKEN" -H 'Last-Event-ID: 1') && grep -m1 data <&3 && kill $!; }
trap 'kill $proxy' EXIT
