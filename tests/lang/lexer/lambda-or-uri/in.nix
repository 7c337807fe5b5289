# With a blank it is a function, without it is a string.
[ (x: x) (x:x) ((x: x) 1) ]
