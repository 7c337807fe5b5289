let package = null; in package.name
