let a-b = 1; a' = 2; _x = 3; a--b = 4; x-1 = 5; or' = 6; in' = 7; nullable = 8; in [ a-b a' _x a--b x-1 or' in' nullable ]
