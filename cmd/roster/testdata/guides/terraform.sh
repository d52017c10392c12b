roster users create --name 'Jane Doe' --email jane.doe@example.com --role user
