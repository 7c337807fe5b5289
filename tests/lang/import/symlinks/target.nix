"where the directory was found"
