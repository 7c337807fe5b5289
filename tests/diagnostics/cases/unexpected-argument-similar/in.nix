let f = { name, version ? "" }: name; in f { name = "a"; vresion = "1"; }
