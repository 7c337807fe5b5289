[ 1 # comment2 ]
