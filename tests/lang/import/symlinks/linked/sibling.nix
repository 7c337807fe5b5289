"beside linked"
