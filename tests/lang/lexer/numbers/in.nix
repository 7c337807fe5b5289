# Integers, floats in every written form, and juxtapositions that only look like numbers.
[ 0 007 42 9223372036854775807 1. 1.5 .5 0.25 1.e2 1.5e-3 12.5E+2 100000000.0 1234567.0 0.0001 0.00001 ]
