roster groups create --name 'On call' --role read-only
