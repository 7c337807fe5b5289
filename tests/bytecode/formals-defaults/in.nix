{ a, b ? c, c ? 1, ... }@args: [ a b c args ]
