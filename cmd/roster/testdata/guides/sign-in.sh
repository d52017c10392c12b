roster users create --name 'Jane Doe' --email jane.doe@example.com --role user --quiet > jane.id
export ROSTER_DATABASE=sqlite:other.db
roster init --org Other --owner-name 'Olivia Owner' --owner-email olivia@example.com
