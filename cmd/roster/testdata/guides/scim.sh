roster scim setup --quiet > scim.token
