export ROSTER_DATABASE=sqlite:server.db
roster users create --name 'Ada Ledger' --email ada@ledgers.example --role none
roster admin create-personal-token --user ada@ledgers.example > ada.txt
grep -o 'xapt-.*' ada.txt > ada.token
