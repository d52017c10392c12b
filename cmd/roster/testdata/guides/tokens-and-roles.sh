roster users create --name 'Jane Doe' --email jane.doe@example.com --role user --quiet > jane.id
roster users create --name 'John Roe' --email john.roe@example.com --role user --quiet > john.id
roster admin create-personal-token --database sqlite:server.db --user jane.doe@example.com > jane.txt
grep -o 'xapt-.*' jane.txt > jane.token
roster personal-tokens create --name Laptop --token-file jane.token
BETA=$(ROSTER_TOKEN=$(cat jane.token) roster orgs create Beta --quiet)
echo bind beta-k3m9 $BETA
ROSTER_TOKEN=$(cat jane.token) roster users create --org $BETA --name Olivia --email olivia@example.com
ROSTER_TOKEN=$(cat jane.token) roster users create --org $BETA --name Ada --email ada@example.com
roster users create --name Ada --email ada@example.com
