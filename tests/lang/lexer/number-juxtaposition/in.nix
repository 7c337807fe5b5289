# In a list neighbours are elements: `1.2.3` is `1.2` and `.3`, `00.5` is `00` and `.5`.
[ 1.2.3 00.5 0.5.5 7.0.1 ]
