roster users create --name 'Jane Doe' --email jane.doe@example.com --role user --quiet > jane.id
roster users create --name 'John Roe' --email john.roe@example.com --role user --quiet > john.id
USER_ID=$(cat jane.id) TOKEN_ID=$(roster tokens create --name CI --capability 'users|read' --output json | jq -r .id)
roster users delete john.roe@example.com --yes
echo bind usr_06h0vnjsztj7hkbsde3twjgxxw $(cat john.id)
echo bind 1200 1
