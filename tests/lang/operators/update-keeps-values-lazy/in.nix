({ a = throw "never"; b = 1; } // { a = 2; c = throw "never"; }).a
