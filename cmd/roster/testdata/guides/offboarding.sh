# The users on the page.
roster users create --name "Jane Doe" --email jane.doe@example.com --role user
roster users create --name "John Doe" --email john.doe@example.com --role user
