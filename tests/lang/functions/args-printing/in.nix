[ (x: x) ({ a, b ? 1 }: a) ({ ... }@all: 1) (y@{ z, ... }: z) builtins.length ]
