let a = null; in "a: ${a}"
