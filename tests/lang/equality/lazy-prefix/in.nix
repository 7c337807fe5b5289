# Comparison stops at the first difference and never looks at different lengths.
[ ([ 1 (throw "never") ] == [ 2 (throw "never") ]) ([ (throw "never") ] == [ ]) ({ a = throw "never"; } == { b = throw "never"; }) ]
