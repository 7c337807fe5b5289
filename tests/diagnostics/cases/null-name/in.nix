let set = { a = 1; }; name = null; in set.${name}
