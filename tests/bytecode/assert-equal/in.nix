x: assert x == 1; assert !x; x
