"where the directory is"
