{ a, b ? [ c ], c ? d, d ? 1, ... }@args: [ a b c d args ]
