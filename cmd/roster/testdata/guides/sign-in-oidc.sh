echo secret > secret.txt
chmod 600 secret.txt
