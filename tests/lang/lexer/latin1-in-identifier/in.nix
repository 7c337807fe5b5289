let café = 1; in 1
