{ bar = 1; baz = 2; }.bat
